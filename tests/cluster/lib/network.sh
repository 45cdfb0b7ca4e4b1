# The network: one bridge in a namespace that has no other link, so no packet leaves the machine.
# Static routes to the pods' ranges stand in for a CNI fabric.

NETNS_ROOT=/run/netns

# `ip netns` makes /run/netns a mount of its own at first use: noted, to be undone.
prepare_netns_root() {
    mountpoint -q $NETNS_ROOT && return
    journal netns-root $NETNS_ROOT
    [ -d $NETNS_ROOT ] || journal folder $NETNS_ROOT
}

release_netns_root() {
    [ -n "$(ls $NETNS_ROOT 2>/dev/null)" ] || ! mountpoint -q $NETNS_ROOT || umount -l $NETNS_ROOT
}

in_fabric() { nsenter --net=$NETNS_ROOT/$NETNS_FABRIC -- "$@"; }
in_control() { nsenter --net=$NETNS_ROOT/$NETNS_CONTROL -- "$@"; }

pod_routes() {
    local i
    for i in $(seq $MAX_NODES); do
        [ "${1:-}" = "10.90.0.$i" ] || echo "route add 10.91.$i.0/24 via 10.90.0.$i"
    done
}

# Outside addresses are unreachable at once: a black hole would cost every client its time-out.
make_fabric() {
    prepare_netns_root
    ip netns add $NETNS_FABRIC
    {
        echo "link set lo up"
        echo "link add fabric type bridge"
        echo "addr add $GATEWAY_IP/24 dev fabric"
        echo "link set fabric up"
        echo "route add unreachable default"
        pod_routes
    } | ip -n $NETNS_FABRIC -batch -
    in_fabric sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.send_redirects=0 \
        net.ipv4.conf.fabric.send_redirects=0
}

# plug NETNS PORT ADDRESS: a fresh network namespace with its cable (PORT) in the bridge.
# The old cable goes first: the kernel takes a namespace down some time after its last user.
plug() {
    local netns=$1 port=$2 address=$3
    ip -n $NETNS_FABRIC link del "$port" 2>/dev/null || :
    ip netns del "$netns" 2>/dev/null || :
    ip netns add "$netns"
    ip link add "$port" netns $NETNS_FABRIC type veth peer name eth0 netns "$netns"
    {
        echo "link set lo up"
        echo "addr add $address/24 dev eth0"
        echo "link set eth0 up"
        echo "route add default via $GATEWAY_IP"
        pod_routes "$address"
    } | ip -n "$netns" -batch -
    nsenter --net="$NETNS_ROOT/$netns" sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.disable_ipv6=1
    ip -n $NETNS_FABRIC link set "$port" master fabric up
}

port_of() { echo "port-$1"; }
plug_node() { plug "$(node_netns "$1")" "$(port_of "$1")" "$(node_ip "$1")"; }
set_cable() { ip -n $NETNS_FABRIC link set "$(port_of "$1")" "$2"; }

remove_network() {
    local i port
    for i in $(seq $MAX_NODES) control; do
        port=$(port_of "kn$i")
        [ "$i" != control ] || port=$(port_of control)
        ip -n $NETNS_FABRIC link del "$port" 2>/dev/null || :
    done
    for i in "$NETNS_ROOT"/scalableapp-*; do
        [ ! -e "$i" ] || ip netns del "$(basename "$i")" || return 1
    done
}
