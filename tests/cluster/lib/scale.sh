# Profile "scale": the real control plane with simulated nodes (kwok). One kwok process per zone, so a
# zone is switched off by ending its process, and the real node life cycle takes it from there.

# shellcheck disable=SC2034  # verbs.sh and help.sh
DEFAULT_FAKE_NODES=100

# Few nodes renew their leases every 4 s and are missed after 8 s, as the real ones. Beyond 300 the
# renewals themselves would be the load. An emulated machine is slow to renew even one.
is_large() { [ "$(profile)" = scale ] && [ "$(cat "$STATE/size")" -gt 300 ]; }
monitor_grace() { if is_large; then echo 50s; else echo $((8 * ${SCALABLEAPP_PATIENCE:-1}))s; fi; }
lease_seconds() { if is_large; then echo 40; else echo 16; fi; }

raise_fake_nodes() {
    local zone
    wait_for_apiserver
    start_component kube-controller-manager
    start_component kube-scheduler
    for zone in $(all_zones); do start_component "kwok-$zone"; done
    [ "$1" = 0 ] || fake_nodes "$1" | kubectl apply --server-side -f - >/dev/null
    await "waiting for the simulated nodes" 120 nodes_ready "$1" || die "not all simulated nodes get Ready: see $STATE/log/kwok-*.log"
    say "$1 simulated nodes Ready"
}

kwok_command() {
    local bin=$1 zone=$2
    cat <<-COMMAND
	$bin/kwok
	--config=$bin/kwok-stages.yaml
	--kubeconfig=$PKI/admin.conf
	--manage-nodes-with-label-selector=type=kwok,topology.kubernetes.io/zone=$zone
	--node-lease-duration-seconds=$(lease_seconds)
	--cidr=100.$((63 + ${zone#z})).0.0/16
	--node-ip=$CONTROL_IP
	--server-address=127.0.0.1:$((10300 + ${zone#z}))
	COMMAND
}

fake_nodes() {
    local i
    for i in $(seq "$1"); do
        fake_node "fake$i" "z$(((i - 1) % $(zone_count) + 1))"
    done
}

fake_node() {
    cat <<-YAML
	---
	apiVersion: v1
	kind: Node
	metadata:
	  name: $1
	  annotations: {kwok.x-k8s.io/node: fake}
	  labels: {type: kwok, kubernetes.io/hostname: $1, topology.kubernetes.io/zone: $2, topology.kubernetes.io/region: r1}
	status:
	  allocatable: {cpu: "32", memory: 256Gi, pods: "110"}
	  capacity: {cpu: "32", memory: 256Gi, pods: "110"}
	YAML
}
