# A node: network, mount, pid, uts and ipc namespaces and a cgroup. Killing its first process is a
# power cut; folders and disks stay for the next power-on.

node_folder() { echo "$STATE/nodes/$1"; }
node_is_on() { alive "$(record_of "$1")"; }

# in_node NODE CMD...: a command inside the node.
in_node() {
    local node=$1
    shift
    nsenter -t "$(recorded_pid "$(record_of "$node")")" -m -p -n -u -i -- "$@"
}

start_in_node() {
    local node=$1 name=$2
    shift 2
    start_daemon "$node/$name" "$node/system" "$STATE/log/$node.$name.log" env TMPDIR=/run/tmp \
        nsenter -t "$(recorded_pid "$(record_of "$node")")" -m -p -n -u -i -- "$@"
}

# node_make NODE: what a node owns for life; once.
node_make() {
    local node=$1 own zone file
    own=$(node_folder "$node") zone=$(zone_of "$node")
    mkdir -p "$own"/{kubelet,log/pods,log/containers,cni-net.d,cni-data,etc-kubernetes,images} \
        "$STATE/disks/node-$node" "$STATE/disks/zone-$zone"
    store_link "$own/containerd"
    cp "$PKI"/{ca.crt,"$node.crt","$node.key","$node.conf",proxy.conf} "$own/etc-kubernetes/"
    echo "nameserver $DNS_IP" >"$own/etc-kubernetes/resolv.conf"
    for file in containerd.toml kubelet.yaml proxy.yaml; do
        node_template "$node" "$file" >"$own/etc-kubernetes/$file"
    done
    node_template "$node" 10-bridge.conflist >"$own/cni-net.d/10-bridge.conflist"
}

node_template() {
    sed -e "s|@NODE@|$1|g; s|@INDEX@|$(node_index "$1")|g; s|@DNS@|$DNS_IP|g; s|@PODS@|$POD_RANGE|g" \
        -e "s|@CGROUP@|$CGROUP/$1|g; s|@RESERVED@|$(reserved_memory)Mi|g" "$HERE/node/$2"
}

# Every node sees the whole machine; it offers NODE_MEMORY_MI of it (4096).
reserved_memory() {
    local total
    total=$(awk '/^MemTotal/ { print int($2 / 1024) }' /proc/meminfo)
    echo $((total > ${NODE_MEMORY_MI:-4096} ? total - ${NODE_MEMORY_MI:-4096} : 0))
}

# node_clear NODE: what a reboot clears. Stale cgroups would cost the kubelet 3 s each.
node_clear() {
    local own
    own=$(node_folder "$1")
    cgroup_kill "$1" || die "processes of $1 survive SIGKILL: see cgroup $CGROUP/$1"
    cgroup_remove "$1" || :
    rm -f "$STATE/pid/$1" "$STATE/pid/$1".*
    rm -rf --one-file-system "$own/run"
    mkdir -p "$own"/run/{disks/node,disks/zone,tmp} "$own/cgroup"
}

# node_boot NODE: power on up to a running containerd.
node_boot() {
    local node=$1 own init outer
    own=$(node_folder "$node") init=$STATE/pause
    node_clear "$node"
    cgroup_make_parent "$node"
    cgroup_make "$node/system"
    plug_node "$node"
    start_daemon "$node/outer" "$node/system" "$STATE/log/$node.boot.log" \
        nsenter --net="$NETNS_ROOT/$(node_netns "$node")" -- \
        unshare --mount --pid --uts --ipc --fork --kill-child=SIGKILL --mount-proc --propagation slave -- \
        "$HERE/node/boot" "$node" "$own" "$STATE/disks/node-$node" "$STATE/disks/zone-$(zone_of "$node")" "$init"
    outer=$(recorded_pid "$(record_of "$node/outer")")
    wait_for 10 booted "$outer" || die "$node did not boot: $(tail -n 1 "$STATE/log/$node.boot.log")"
    record "$(record_of "$node")" "$(child_of "$outer")"
    node_daemon "$node" containerd
}

child_of() {
    local child=
    # The list ends without a newline, which `read` calls a failure.
    read -r child _ <"/proc/$1/task/$1/children" || [ -n "$child" ] && echo "$child"
}
booted() { [ "$(cat "/proc/$(child_of "$1")/comm")" = pause ]; }

node_start_daemons() {
    wait_for 60 containerd_ready "$1" || die "containerd of $1 does not get ready: see $STATE/log/$1.containerd.log"
    node_load_images "$1"
    node_daemon "$1" kubelet
    node_daemon "$1" kube-proxy
}

# Its socket answers earlier, but a kubelet that asks before this line ends with an error.
containerd_ready() { grep -q 'msg="Start streaming server"' "$STATE/log/$1.containerd.log"; }

# node_daemon NODE containerd|kubelet|kube-proxy
node_daemon() {
    local node=$1 bin
    bin=$(readlink -f "$STATE/bin")
    case $2 in
        containerd)
            [ ! -f "$STATE/log/$node.containerd.log" ] ||
                mv "$STATE/log/$node.containerd.log" "$STATE/log/$node.containerd-before.log"
            start_in_node "$node" containerd containerd -c /etc/kubernetes/containerd.toml
            ;;
        kubelet)
            start_in_node "$node" kubelet "$bin/kubelet" --config=/etc/kubernetes/kubelet.yaml \
                --kubeconfig="/etc/kubernetes/$node.conf" --hostname-override="$node" \
                --node-ip="$(node_ip "$node")" --root-dir=/var/lib/kubelet --housekeeping-interval=2s \
                --node-labels="topology.kubernetes.io/zone=$(zone_of "$node"),topology.kubernetes.io/region=r1" --v=2
            ;;
        kube-proxy) start_in_node "$node" kube-proxy "$bin/kube-proxy" --config=/etc/kubernetes/proxy.yaml --v=1 ;;
    esac
}

node_on() {
    node_is_on "$1" && { set_cable "$1" up && return; }
    node_boot "$1"
    node_start_daemons "$1"
}

# The link goes down first: a dying machine says nothing any more.
node_off() {
    set_cable "$1" down 2>/dev/null || :
    cgroup_kill "$1" || die "processes of $1 survive SIGKILL: see cgroup $CGROUP/$1"
    # A dying process leaves its cgroup before it is gone.
    wait_for 10 dead "$(record_of "$1")" || die "the first process of $1 does not end"
}
