# One function per verb: checks the words of the command line, then calls what does the work.

verb_up() {
    local nodes="" zones=3 profile=real explicit=
    while [ $# != 0 ]; do
        case $1 in
            --nodes | --zones | --profile) [ $# -ge 2 ] || misuse "up: $1 needs a value" ;;
        esac
        case $1 in
            --nodes) nodes=$2 ;;
            --zones) zones=$2 ;;
            --profile) profile=$2 ;;
            *) misuse "up: unknown argument '$1': use --nodes N, --zones N, --profile real|scale" ;;
        esac
        explicit=yes
        shift 2
    done
    check_size "$nodes" "$zones" "$profile"
    [ -n "$nodes" ] || nodes=$([ "$profile" = scale ] && echo $DEFAULT_FAKE_NODES || echo 6)
    bring_up "$nodes" "$zones" "$profile" $explicit
}

check_size() {
    case $3 in
        real) [ -z "$1" ] || is_count "$1" $MAX_NODES || misuse "up: --nodes is '$1': use 0 to $MAX_NODES" ;;
        scale) [ -z "$1" ] || is_count "$1" $MAX_FAKE_NODES || misuse "up: --nodes is '$1': use 0 to $MAX_FAKE_NODES" ;;
        *) misuse "up: --profile is '$3': use real or scale" ;;
    esac
    is_count "$2" 9 && [ "$2" != 0 ] || misuse "up: --zones is '$2': use 1 to 9"
}

bring_up() {
    local nodes=$1 zones=$2 profile=$3 explicit=${4:-} running
    need_root up
    lock
    if is_up; then
        running="$(cat "$STATE/size") $(cat "$STATE/zones") $(profile)"
        unlock
        [ -z "$explicit" ] || [ "$running" = "$nodes $zones $profile" ] ||
            die "already up, with other nodes ($(describe)): run 'cluster down' first"
        say "already up: $(describe)"
        return
    fi
    ! something_left || take_down || die "an earlier cluster cannot be removed: see above"
    preflight || { unlock && exit 1; }
    raise "$nodes" "$zones" "$profile"
    unlock
    say "up: $(describe)"
}

describe() { echo "profile $(profile), $(cat "$STATE/size") nodes in $(cat "$STATE/zones") zones"; }

need_root() { [ "$(id -u)" = 0 ] || die "$1: needs root (namespaces, mounts, cgroups): run it with sudo"; }

no_arguments() {
    local verb=$1
    shift
    [ $# = 0 ] || misuse "$verb: takes no argument, '$1' was given"
}

need_up() {
    need_root "reaching the cluster"
    is_up || die "no cluster is up: run 'cluster up'"
}

verb_down() {
    no_arguments down "$@"
    need_root down
    lock
    if something_left; then
        take_down || { unlock && die "something is left: see above; run 'cluster down' again"; }
        say "down"
    else
        remove_work_folders
        say "nothing is up"
    fi
    unlock
}

verb_build() {
    if [ "${1:-}" = --print ]; then
        printf '%s\n' "$(binaries_folder)" "$(images_folder)" "$(store_folder)" "$PKI_CACHE"
        return
    fi
    no_arguments build "$@"
    need_root build
    caches_filled && say "caches are filled: $CACHE" && return
    lock
    if ! is_up; then
        ! something_left || take_down
        preflight || { unlock && exit 1; }
    fi
    mkdir -p "$STATE"
    supervised build_caches
    if is_up; then cgroup_remove harness || :; else take_down || :; fi
    unlock
    [ $WORKER_STATUS = 0 ] || exit 1
    say "caches are filled: $CACHE"
}

verb_status() {
    local name
    no_arguments status "$@"
    if ! is_up; then
        if alive "$LOCK"; then echo "being raised or removed, by process $(recorded_pid "$LOCK")"
        elif something_left; then echo "broken: run 'cluster down'"; else echo "down"; fi
        return 1
    fi
    echo "up: $(describe)"
    for name in $(control_records); do
        alive "$(record_of "$name")" && echo "  $name runs" || echo "  $name is DOWN"
    done
    for name in $(all_nodes); do
        node_is_on "$name" && echo "  $name ($(zone_of "$name")) is on" || echo "  $name ($(zone_of "$name")) is OFF"
    done
    timeout 10 "$HERE/cluster" kubectl get nodes 2>/dev/null || echo "  the API server does not answer"
}

control_records() { find "$STATE/pid" -type f -printf '%f\n' | grep -v '^kn[0-9]' | sort; }

verb_kubectl() {
    need_up
    run_inside "$STATE/bin/kubectl" "$@"
}

verb_helm() {
    need_up
    run_inside "$STATE/bin/helm" "$@"
}

verb_exec() {
    [ "${1:-}" != --help ] || { show_help exec && exit 0; }
    [ "${1:-}" != -- ] || shift
    [ $# != 0 ] || misuse "exec: name a command: cluster exec -- CMD"
    need_up
    run_inside "$@"
}

# Becomes the command, in the network of the control plane, with every folder it may write to ours.
run_inside() {
    export KUBECONFIG=$STATE/admin.conf KUBECACHEDIR=$STATE/kubectl-cache PATH=$STATE/bin:$PATH
    export HELM_CACHE_HOME=$STATE/helm/cache HELM_CONFIG_HOME=$STATE/helm/config HELM_DATA_HOME=$STATE/helm/data
    exec nsenter --net=$NETNS_ROOT/$NETNS_CONTROL -- "$@"
}

verb_kubeconfig() {
    no_arguments kubeconfig "$@"
    need_up
    echo "$STATE/admin.conf"
}

verb_netns() {
    [ $# = 1 ] || misuse "netns: name one node: cluster netns kn1"
    need_up
    [ "$(profile)" != scale ] || die "netns: simulated nodes have no network"
    known_target node "$1" || misuse "netns: there is no node '$1': $(known_targets node)"
    echo "$NETNS_ROOT/$(node_netns "$1")"
}

verb_node() { switch_targets node "$@"; }
verb_zone() { switch_targets zone "$@"; }

# switch_targets node|zone VERB TARGET...
switch_targets() {
    local kind=$1 verb=${2:-} targets target
    case $verb in
        off | on | freeze | thaw | cut | heal) ;;
        *) misuse "$kind: '$verb' is not one of off, on, freeze, thaw, cut, heal" ;;
    esac
    shift 2
    [ $# != 0 ] || misuse "$kind $verb: name a $kind"
    need_up
    for target; do
        known_target "$kind" "$target" || misuse "$kind $verb: there is no $kind '$target': $(known_targets "$kind")"
    done
    if [ "$(profile)" = scale ]; then
        switch_fake_zones "$verb" "$@"
        return
    fi
    targets=$(each_target "$@")
    # shellcheck disable=SC2086
    case $verb in
        off) in_parallel node_off $targets ;;
        on) in_parallel node_on $targets ;;
        freeze) in_parallel freeze_node $targets ;;
        thaw) in_parallel thaw_node $targets ;;
        cut) in_parallel cut_cable $targets ;;
        heal) in_parallel heal_cable $targets ;;
    esac
}

known_targets() {
    if [ "$1" = node ]; then all_nodes | paste -sd' '; else all_zones | paste -sd' '; fi
}
known_target() { [[ " $(known_targets "$1") " == *" $2 "* ]]; }

switch_fake_zones() {
    local verb=$1 zone
    shift
    for zone; do
        [[ $zone == z* ]] || misuse "node: simulated nodes have no switch of their own: use zone off|on"
        case $verb in
            off) kill_recorded "$(record_of "kwok-$zone")" ;;
            on) alive "$(record_of "kwok-$zone")" || start_component "kwok-$zone" ;;
            *) misuse "zone $verb: simulated zones know only off and on" ;;
        esac
    done
}

verb_partition() {
    local side
    if [ "${1:-}" = heal ]; then
        shift
        no_arguments "partition heal" "$@"
        need_up
        heal_partitions
        return
    fi
    [ $# = 2 ] || misuse "partition: name two sides (node, zone or control), or 'heal'"
    need_up
    for side; do
        [ "$side" = control ] || known_target node "$side" || known_target zone "$side" ||
            misuse "partition: there is no '$side': use $(known_targets node) $(known_targets zone) control"
    done
    partition "$1" "$2"
}

verb_component() {
    local verb=${1:-} name=${2:-}
    case $verb in
        crash | restart | freeze | thaw) ;;
        *) misuse "component: '$verb' is not one of crash, restart, freeze, thaw" ;;
    esac
    [ $# = 2 ] || misuse "component $verb: name one component"
    need_up
    known_component "$name" || misuse "component $verb: there is no component '$name': $(known_components)"
    "component_$verb" "$name"
}

known_components() {
    local node
    control_records | paste -sd' '
    for node in $(all_nodes); do echo "$node/containerd $node/kubelet $node/kube-proxy"; done
}
known_component() { known_components | tr ' ' '\n' | grep -qxF -- "$1"; }

verb_load_image() {
    [ $# = 1 ] || misuse "load-image: name one archive (.tar)"
    [ -r "$1" ] && [ -f "$1" ] || misuse "load-image: '$1' cannot be read"
    need_up
    load_image "$1"
}

verb_logs() {
    local follow=
    [ "${1:-}" != -f ] || { follow=-f && shift; }
    [ -d "$STATE/log" ] || die "logs: no cluster is up; those of an 'up' that failed are in $CACHE/failed-logs"
    [ $# = 1 ] || misuse "logs: name one component: $(known_logs)"
    local file=$STATE/log/${1//\//.}.log
    [ -f "$file" ] || misuse "logs: there is no log of '$1': $(known_logs)"
    if [ -n "$follow" ]; then tail -n 50 -f "$file"; else cat "$file"; fi
}

# kn1.kubelet.log is spoken of as kn1/kubelet.
known_logs() {
    find "$STATE/log" -name '*.log' -printf '%f\n' | sed 's/\.log$//; s/^\(kn[0-9]*\)\./\1\//' | sort -V | paste -sd' '
}

verb_preflight() {
    no_arguments preflight "$@"
    preflight && say "preflight: this machine has what it takes"
}
