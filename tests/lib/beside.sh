# The chaos process that holds the switches of the nodes runs on this machine, beside the local cluster: that is where the
# switches are. The one in the cluster rests meanwhile. Both at once would each go by what they can do, and the one without
# switches would refuse.
#
#   . tests/lib/progress.sh; . tests/lib/cluster.sh; . tests/lib/beside.sh
#   trap besideEnds EXIT
#   besideTheCluster build/dev [FLAG...] && ...
#
# shellcheck shell=bash disable=SC2154

beside=
rests=

besideTheCluster() {
    local build=$1
    shift
    kube -n "$system" scale deployment scalableapp-chaos --replicas=0 >/dev/null || return
    rests=yes
    await 60 "the chaos process in the cluster rests" chaosRests || return
    # Job control, for a moment: it is what gives a background command a process group of its own.
    set -m
    "$cluster" exec -- "$(built scalableapp-chaos "$build")" --leader-elect=false --node-faults --shared-nodes \
        --probe-image "$operatorImage" --power-command "$PWD/$cluster node" --network-command "$PWD/$cluster node" \
        --listen 127.0.0.1:18089 --log-format text "$@" >"$LOGS/chaos-beside.log" 2>&1 </dev/null &
    beside=$!
    set +m
    await 60 "the one beside it is ready" besideIsReady besideSays
}

chaosRests() {
    ! kube -n "$system" get pods -l app.kubernetes.io/component=chaos -o name 2>/dev/null | grep -q .
}

besideIsReady() {
    "$cluster" exec -- curl -fs -o /dev/null http://127.0.0.1:18089/readyz
}

besideSays() {
    lastWords "$LOGS/chaos-beside.log"
}

besideEnds() {
    if [ -n "$beside" ]; then
        kill -TERM -- "-$beside" 2>/dev/null
        timeout 20 tail --pid="$beside" -f /dev/null
        kill -KILL -- "-$beside" 2>/dev/null
        beside=
    fi
    [ -z "$rests" ] || kube -n "$system" scale deployment scalableapp-chaos --replicas=1 >/dev/null
    rests=
}
