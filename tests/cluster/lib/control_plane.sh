# etcd, the API server, controllers, scheduler and what stands beside them, as processes in the control
# plane's network namespace. `component NAME` is the one place that knows their flags.

CONTROL_COMPONENTS="etcd kube-apiserver kube-controller-manager kube-scheduler metrics-server disk-service"

start_control_plane() {
    mkdir -p "$STATE/etcd"
    start_component etcd
    start_component kube-apiserver
}

start_component() {
    local -a command
    mapfile -t command < <(component_command "$1")
    [ ${#command[@]} != 0 ] || die "no component is called $1: $CONTROL_COMPONENTS"
    start_daemon "$1" system "$STATE/log/$1.log" nsenter --net=$NETNS_ROOT/$NETNS_CONTROL -- "${command[@]}"
}

# component_command NAME: its command, one argument a line.
component_command() {
    local bin
    bin=$(readlink -f "$STATE/bin")
    case $1 in
        etcd) echo "$bin/etcd" && etcd_flags ;;
        kube-apiserver) echo "$bin/kube-apiserver" && apiserver_flags ;;
        kube-controller-manager) echo "$bin/$1" && credentials controller-manager && controller_flags ;;
        kube-scheduler) echo "$bin/$1" && credentials scheduler && scheduler_flags ;;
        metrics-server) echo "$bin/$1" && credentials metrics-server && metrics_flags ;;
        disk-service) printf '%s\n' "$bin/$1" --kubeconfig="$PKI/disk-service.conf" --root="$STATE/disks" ;;
        kwok-z*) kwok_command "$bin" "${1#kwok-}" ;;
    esac
}

credentials() { printf -- '--%s='"$PKI/$1.conf"'\n' kubeconfig authentication-kubeconfig authorization-kubeconfig; }

etcd_flags() {
    cat <<-FLAGS
	--name=main
	--data-dir=$STATE/etcd
	--unsafe-no-fsync
	--quota-backend-bytes=4294967296
	--listen-client-urls=http://127.0.0.1:2379
	--advertise-client-urls=http://127.0.0.1:2379
	--listen-peer-urls=http://127.0.0.1:2380
	--initial-advertise-peer-urls=http://127.0.0.1:2380
	--initial-cluster=main=http://127.0.0.1:2380
	--log-level=warn
	FLAGS
}

# Pods leave a dead node after 10 s (default 300): tests of failover wait for it.
apiserver_flags() {
    cat <<-FLAGS
	--etcd-servers=http://127.0.0.1:2379
	--advertise-address=$CONTROL_IP
	--bind-address=0.0.0.0
	--secure-port=6443
	--allow-privileged=true
	--authorization-mode=Node,RBAC
	--enable-admission-plugins=NodeRestriction
	--client-ca-file=$PKI/ca.crt
	--tls-cert-file=$PKI/apiserver.crt
	--tls-private-key-file=$PKI/apiserver.key
	--kubelet-client-certificate=$PKI/apiserver-kubelet-client.crt
	--kubelet-client-key=$PKI/apiserver-kubelet-client.key
	--kubelet-certificate-authority=$PKI/ca.crt
	--kubelet-preferred-address-types=InternalIP
	--service-account-issuer=https://kubernetes.default.svc
	--service-account-key-file=$PKI/serviceaccount.pub
	--service-account-signing-key-file=$PKI/serviceaccount.key
	--service-cluster-ip-range=$SERVICE_RANGE
	--requestheader-client-ca-file=$PKI/ca.crt
	--requestheader-allowed-names=front-proxy-client
	--requestheader-username-headers=X-Remote-User
	--requestheader-group-headers=X-Remote-Group
	--requestheader-extra-headers-prefix=X-Remote-Extra-
	--proxy-client-cert-file=$PKI/front-proxy.crt
	--proxy-client-key-file=$PKI/front-proxy.key
	--enable-aggregator-routing=true
	--default-not-ready-toleration-seconds=10
	--default-unreachable-toleration-seconds=10
	--v=1
	FLAGS
}

# Short monitor and autoscaler periods, and request rates that let 40 service accounts or thousands of
# simulated pods appear in seconds. Simulated nodes renew their leases slower: see scale.sh.
controller_flags() {
    cat <<-FLAGS
	--bind-address=127.0.0.1
	--leader-elect=false
	--use-service-account-credentials=true
	--root-ca-file=$PKI/ca.crt
	--service-account-private-key-file=$PKI/serviceaccount.key
	--cluster-signing-cert-file=$PKI/ca.crt
	--cluster-signing-key-file=$PKI/ca.key
	--allocate-node-cidrs=false
	--service-cluster-ip-range=$SERVICE_RANGE
	--node-monitor-period=1s
	--node-monitor-grace-period=$(monitor_grace)
	--node-eviction-rate=100
	--secondary-node-eviction-rate=100
	--horizontal-pod-autoscaler-sync-period=5s
	--horizontal-pod-autoscaler-cpu-initialization-period=20s
	--horizontal-pod-autoscaler-initial-readiness-delay=5s
	--kube-api-qps=300
	--kube-api-burst=600
	--v=1
	FLAGS
}

scheduler_flags() {
    printf '%s\n' --bind-address=127.0.0.1 --leader-elect=false --kube-api-qps=300 --kube-api-burst=600 --v=1
}

# 10 s is the finest resolution it takes, and demands a shorter request time-out.
metrics_flags() {
    cat <<-FLAGS
	--secure-port=4443
	--tls-cert-file=$PKI/metrics-serving.crt
	--tls-private-key-file=$PKI/metrics-serving.key
	--kubelet-certificate-authority=$PKI/ca.crt
	--kubelet-preferred-address-types=InternalIP
	--metric-resolution=10s
	--kubelet-request-timeout=5s
	FLAGS
}

kubectl() {
    KUBECACHEDIR=$STATE/kubectl-cache in_control "$STATE/bin/kubectl" --kubeconfig="$STATE/admin.conf" "$@"
}

apiserver_ready() { kubectl get --raw /readyz; }
apiserver_alive() { alive "$(record_of kube-apiserver)"; }
