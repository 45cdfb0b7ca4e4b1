# One certificate authority and every certificate and kubeconfig, made once and kept. The key holds
# the addresses and the number of nodes; certificates live a year and are renewed after 300 days.

pki_key() { { content_key lib/pki.sh && echo "$CONTROL_IP $MAX_NODES"; } | sha256sum | cut -c1-16; }
pki_fresh() { [ "$(cat "$PKI_CACHE/done" 2>/dev/null)" = "$(pki_key)" ] && [ -z "$(find "$PKI_CACHE/done" -mtime +300)" ]; }

pki_build() {
    ! pki_fresh || return 0
    say "certificates: making"
    rm -rf "$PKI_CACHE"
    mkdir -p "$PKI_CACHE"
    (
        umask 077
        cd "$PKI_CACHE" || exit 1
        pki_authority
        pki_servers
        pki_clients
        rm -f ./*.srl
    )
    pki_key >"$PKI_CACHE/done"
}

new_key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"; }

pki_authority() {
    new_key ca
    openssl req -x509 -new -key ca.key -subj /CN=scalableapp-cluster-ca -days 365 -out ca.crt \
        -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null
    openssl genrsa -out serviceaccount.key 2048 2>/dev/null
    openssl rsa -in serviceaccount.key -pubout -out serviceaccount.pub 2>/dev/null
}

# certificate NAME SUBJECT USAGE [ALTERNATIVE_NAMES]
certificate() {
    new_key "$1"
    openssl req -new -key "$1.key" -subj "$2" -out "$1.csr"
    {
        echo "basicConstraints=CA:FALSE"
        echo "keyUsage=digitalSignature,keyEncipherment"
        echo "extendedKeyUsage=$3"
        [ -z "${4:-}" ] || echo "subjectAltName=$4"
    } >"$1.ext"
    openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 365 \
        -extfile "$1.ext" -out "$1.crt" 2>/dev/null
    rm "$1.csr" "$1.ext"
}

# identity NAME SUBJECT USAGE [ALTERNATIVE_NAMES]: a certificate and a kubeconfig that uses it.
identity() {
    certificate "$@"
    cat >"$1.conf" <<-JSON
	{"apiVersion": "v1", "kind": "Config", "current-context": "scalableapp",
	 "contexts": [{"name": "scalableapp", "context": {"cluster": "scalableapp", "user": "$1"}}],
	 "clusters": [{"name": "scalableapp", "cluster": {"server": "https://$CONTROL_IP:6443",
	   "certificate-authority-data": "$(base64 -w0 ca.crt)"}}],
	 "users": [{"name": "$1", "user": {"client-certificate-data": "$(base64 -w0 "$1.crt")",
	   "client-key-data": "$(base64 -w0 "$1.key")"}}]}
	JSON
}

pki_servers() {
    local names=DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc
    names=$names,DNS:kubernetes.default.svc.cluster.local,DNS:localhost
    certificate apiserver /CN=kube-apiserver serverAuth "$names,IP:127.0.0.1,IP:$CONTROL_IP,IP:10.96.0.1"
    certificate metrics-serving /CN=metrics-server serverAuth \
        "DNS:metrics-server.kube-system.svc,IP:$CONTROL_IP"
}

pki_clients() {
    local i name
    certificate apiserver-kubelet-client /O=system:masters/CN=apiserver-kubelet-client clientAuth
    certificate front-proxy /CN=front-proxy-client clientAuth
    identity admin /O=system:masters/CN=admin clientAuth
    identity controller-manager /CN=system:kube-controller-manager clientAuth
    identity scheduler /CN=system:kube-scheduler clientAuth
    identity proxy /CN=system:kube-proxy clientAuth
    identity metrics-server /CN=system:metrics-server clientAuth
    identity disk-service /CN=scalableapp:disk-service clientAuth
    for i in $(seq $MAX_NODES); do
        name=kn$i
        identity "$name" "/O=system:nodes/CN=system:node:$name" clientAuth,serverAuth \
            "DNS:$name,IP:$(node_ip "$name")"
    done
}
