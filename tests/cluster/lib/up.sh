# Raising the cluster.

is_up() { [ -e "$STATE/ready" ] && ! cgroup_empty; }

# raise NODES ZONES PROFILE: takes itself back when it fails or is interrupted.
raise() {
    mkdir -p "$STATE"/{pid,log,nodes,disks}
    supervised raise_steps "$@"
    [ $WORKER_STATUS = 0 ] && return
    keep_logs
    take_down || :
    unlock
    [ $WORKER_STATUS != 130 ] || die "interrupted; what was begun is taken back"
    die "could not be raised; what was begun is taken back, the logs are in $CACHE/failed-logs"
}

keep_logs() {
    rm -rf "$CACHE/failed-logs"
    cp -r "$STATE/log" "$CACHE/failed-logs" 2>/dev/null || :
}

raise_steps() {
    local nodes=$1 zones=$2 profile=$3
    build_caches
    say "caches ready"
    echo "$zones" >"$STATE/zones"
    echo "$profile" >"$STATE/profile"
    echo "$nodes" >"$STATE/size"
    ln -sfn "$(binaries_folder)" "$STATE/bin"
    cp -r "$PKI_CACHE" "$PKI"
    cp "$(images_folder)/pause" "$STATE/pause"
    install -m 600 "$PKI/admin.conf" "$STATE/admin.conf"
    prepare_host
    make_fabric
    plug $NETNS_CONTROL "$(port_of control)" $CONTROL_IP
    cgroup_make system
    start_control_plane
    if [ "$profile" = scale ]; then
        raise_fake_nodes "$nodes"
    else
        raise_real_nodes "$nodes"
    fi
    touch "$STATE/ready"
}

# kubelets and kube-proxies write some keys machine-wide: noted, to be put back.
prepare_host() {
    local key folder
    for key in vm.overcommit_memory vm.panic_on_oom kernel.panic kernel.panic_on_oops \
        kernel.keys.root_maxkeys kernel.keys.root_maxbytes; do
        keep_sysctl $key
    done
    set_sysctl fs.inotify.max_user_instances 8192
    set_sysctl fs.inotify.max_user_watches 524288
    for folder in $NODE_MOUNT_POINTS; do make_outer_folder "$folder"; done
}

wait_for_apiserver() {
    await "waiting for the API server" 90 apiserver_ready_or_dead && apiserver_alive ||
        die "the API server does not get ready: see $STATE/log/kube-apiserver.log"
    say "API server ready"
}
apiserver_ready_or_dead() { ! apiserver_alive || apiserver_ready; }

raise_real_nodes() {
    local count=$1 node names
    names=$(seq -f 'kn%g' "$count")
    for node in $names; do mkdir -p "$(node_folder "$node")"; done
    # shellcheck disable=SC2086
    in_parallel make_and_boot $names
    [ "$count" = 0 ] || say "$count machines booted"
    wait_for_apiserver
    start_component kube-controller-manager
    start_component kube-scheduler
    # shellcheck disable=SC2086
    in_parallel node_start_daemons $names
    kubectl apply -f "$HERE/manifests/metrics-server.yaml" -f "$HERE/manifests/storage.yaml" >/dev/null
    start_component metrics-server
    start_component disk-service
    [ "$count" = 0 ] || wait_for_nodes "$count"
}

make_and_boot() {
    node_make "$1"
    node_boot "$1"
}

wait_for_nodes() {
    await "waiting for the nodes" 120 nodes_ready "$1" || die "not all nodes get Ready: see $STATE/log/kn*.kubelet.log"
    say "$1 nodes Ready"
    # Not before: the scheduler would put both replicas on the first node there is.
    kubectl apply -f "$HERE/manifests/coredns.yaml" >/dev/null
    await "waiting for DNS" 120 dns_answers || die "the cluster DNS does not answer: kubectl -n kube-system get pods"
    say "DNS answers"
    await "waiting for metrics" 120 metrics_served "$1" || die "metrics are not served: see $STATE/log/metrics-server.log"
    say "metrics of $1 nodes served"
}

nodes_ready() { [ "$(kubectl get nodes --no-headers | awk '$2 == "Ready"' | wc -l)" = "$1" ]; }

metrics_served() {
    [ "$(kubectl get --raw /apis/metrics.k8s.io/v1beta1/nodes | grep -o '"usage"' | wc -l)" = "$1" ]
}

# A real query for kubernetes.default.svc.cluster.local to the DNS service, from the network of kn1.
# The answer's flags end in 0 (no error) and it counts one address.
dns_answers() {
    nsenter --net="$NETNS_ROOT/$(node_netns kn1)" -- "$HERE/node/ask-dns" "$DNS_IP"
}
