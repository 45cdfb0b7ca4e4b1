# What may befall machines, links and daemons.

# each_target NODE|ZONE...: the nodes they mean; a wrong name is the caller's mistake.
each_target() {
    local target
    for target; do
        if all_nodes | grep -qx "$target"; then
            echo "$target"
        elif [[ $target =~ ^z[0-9]+$ ]] && all_zones | grep -qx "$target"; then
            nodes_of_zone "$target"
        else
            return 1
        fi
    done
}

# in_parallel FUNCTION TARGET...: for each at once; ends the command when one failed. Call it plainly (see
# `supervised`).
in_parallel() {
    local action=$1 target job failed=0
    local -a jobs=()
    shift
    for target; do
        "$action" "$target" &
        jobs+=($!)
    done
    for job in "${jobs[@]}"; do wait "$job" || failed=1; done
    [ $failed = 0 ] || exit 1
}

cut_cable() { set_cable "$1" down; }
heal_cable() { ! node_is_on "$1" || set_cable "$1" up; }

# Partitions are rules of the bridge: both sides live and reach the others (as in a real network, where
# rarely all links die).
nft_fabric() { in_fabric nft -f -; }

addresses_of() {
    local node
    if [ "$1" = control ]; then
        echo $CONTROL_IP
        return
    fi
    for node in $(each_target "$1"); do
        echo "$(node_ip "$node"), 10.91.$(node_index "$node").0/24"
    done | paste -sd,
}

partition() {
    local a b
    a=$(addresses_of "$1") b=$(addresses_of "$2")
    nft_fabric <<-RULES
	table bridge scalableapp {
	  chain partition {
	    type filter hook forward priority 0; policy accept;
	    ip saddr { $a } ip daddr { $b } counter drop
	    ip saddr { $b } ip daddr { $a } counter drop
	  }
	}
	RULES
}

heal_partitions() {
    in_fabric nft delete table bridge scalableapp 2>/dev/null || :
}

freeze_node() { cgroup_freeze "$1"; }
thaw_node() { cgroup_thaw "$1"; }

# component_* NAME: NAME is a process of the control plane, or NODE/DAEMON.
daemon_pid() {
    local pid child
    pid=$(recorded_pid "$(record_of "$1")")
    # A node's daemon is the child of the nsenter that entered its process namespace.
    [[ $1 == */* ]] && child=$(child_of "$pid") || child=
    echo "${child:-$pid}"
}

component_crash() { ! alive "$(record_of "$1")" || kill -9 "$(daemon_pid "$1")"; }

component_restart() {
    component_crash "$1"
    kill_recorded "$(record_of "$1")"
    if [[ $1 == */* ]]; then node_daemon "${1%/*}" "${1#*/}"; else start_component "$1"; fi
}

# nsenter stops together with its child and must be woken with it.
component_freeze() { kill -STOP "$(daemon_pid "$1")"; }
component_thaw() { kill -CONT "$(recorded_pid "$(record_of "$1")")" "$(daemon_pid "$1")"; }
