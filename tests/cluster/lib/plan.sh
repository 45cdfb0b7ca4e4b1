# The plan of the cluster: versions, addresses, names, folders. Everything else asks here.
# shellcheck disable=SC2034  # used by the files that are sourced after this one

KUBERNETES_VERSION=v1.36.2
GO_VERSION=1.26.8

# Nodes are kn1, kn2, ...; node i is 10.90.0.i and its pods are 10.91.i.0/24.
MAX_NODES=12
MAX_FAKE_NODES=2000
CONTROL_IP=10.90.0.100
GATEWAY_IP=10.90.0.254
DNS_IP=10.96.0.10
SERVICE_RANGE=10.96.0.0/16
POD_RANGE=10.91.0.0/16

# Network namespaces. No link leads out of the fabric, so no packet can leave the machine.
NETNS_FABRIC=scalableapp-fabric
NETNS_CONTROL=scalableapp-control

# One cgroup holds every process of the cluster: what lies below it is ours and nothing else is.
CGROUP=scalableapp

CACHE=${SCALABLEAPP_CACHE:-${XDG_CACHE_HOME:-${HOME:?set HOME or SCALABLEAPP_CACHE}/.cache}/scalableapp}
# Same file system as the cache: nodes hard-link the image store.
STATE=${SCALABLEAPP_STATE:-$CACHE/state}
# A running cluster keeps the certificates it began with, whatever is renewed in the cache.
PKI_CACHE=$CACHE/pki
PKI=$STATE/pki

# The standard places of kubelet, containerd and CNI. Each node binds its own folders over them.
NODE_MOUNT_POINTS="/var/lib/kubelet /var/lib/containerd /var/log/pods /var/log/containers
/etc/cni /etc/cni/net.d /var/lib/cni /etc/kubernetes"

node_index() { echo "${1#kn}"; }
node_ip() { echo "10.90.0.${1#kn}"; }
node_netns() { echo "scalableapp-$1"; }
# Written by `up`; the zones go round robin over the nodes.
zone_count() { cat "$STATE/zones"; }
zone_of() { echo "z$(((${1#kn} - 1) % $(zone_count) + 1))"; }
all_nodes() { [ ! -d "$STATE/nodes" ] || find "$STATE/nodes" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort -V; }
all_zones() { seq -f 'z%g' "$(zone_count)"; }
nodes_of_zone() {
    local node
    for node in $(all_nodes); do
        [ "$(zone_of "$node")" != "$1" ] || echo "$node"
    done
}
profile() { cat "$STATE/profile" 2>/dev/null; }
