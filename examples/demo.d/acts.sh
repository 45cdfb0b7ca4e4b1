# The acts, in the order of examples/demo. Each says in $outcome what came of it.
#
# shellcheck shell=bash disable=SC2034,SC2154

verdict=
leastPods=3  # spec.web.autoscaling.minReplicas

prepare() {
    step "$actTitle" tests/setup/install build cluster
}

compile() {
    step "$actTitle: configure" cmake --preset release -DBUILD_TESTING=OFF &&
        step "$actTitle: compile (release)" cmake --build "$build" -j "$(nproc)" \
            --target "${binaries[@]}" kubectl-scalableapp shop || return
    outcome="operator $(du -h "$(built scalableapp-operator "$build")" | cut -f1)"
}

raise() {
    clusterIsUp || raised=yes
    step "Machine check" "$cluster" preflight && step "Kubernetes, compiled once" "$cluster" build &&
        step "$actTitle" "$cluster" up --nodes 6 --zones 3 && step "Images" makeImages "$build" &&
        step "Images into the nodes" loadImages "$build" || return
    outcome="$(kube get nodes --no-headers | grep -cw Ready) nodes Ready, Kubernetes $(kube version -o yaml |
        sed -nE '/serverVersion/,$s/.*gitVersion: //p')"
}

install() {
    local id=$operatorImage
    [ -n "$kubeconfig" ] || id=$(buildId "$build")
    [ -n "$raised" ] || rememberWhatIsThere || return
    step "$actTitle" installOperator "$id" || return
    outcome="$(kube -n "$system" get pods --no-headers | grep -cw Running) pods"
}

shopReady() {
    [ "$(inShop get scalableapp shop -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}' 2>/dev/null)" = True ]
}

shopStatus() {
    echo "ready pods: $(readyCount); $(inShop get scalableapp shop \
        -o 'jsonpath={.status.conditions[?(@.type=="Ready")].message}' 2>/dev/null)"
}

deploy() {
    ! kube get namespace shop >/dev/null 2>&1 ||
        step "An earlier shop goes" kube delete namespace shop --timeout=120s || return
    title "$actTitle"
    sed "s,image: shop:1,image: $shopImage," examples/demo.d/shop.yaml | kube apply -f - | sed 's/^/   /' || return
    await 120 "the shop is Ready" shopReady shopStatus || return
    inShop get scalableapp shop | sed 's/^/   /'
    startClient visitor / 20 3600
    await 60 "a visitor is served" visitorRuns shopStatus || return
    outcome="$(readyCount) pods in $(readyPods | while read -r pod _; do zoneOfPod "$pod"; echo; done | grep . | sort -u | wc -l) zones"
}

visitorRuns() {
    clientRuns visitor
}

metricSeen() {
    [ -n "$(cpuOfTarget)" ]
}

moreWanted() {
    local now
    now=$(wanted)
    [ "${now:-0}" -gt "$before" ]
}

allThere() {
    local now
    now=$(wanted)
    [ "${now:-0}" -gt "$before" ] && [ "$(readyCount)" -ge "$now" ]
}

scaleStatus() {
    echo "CPU $(cpuOfTarget) % of the request (aim 60 %), $(wanted) pods wanted, $(readyCount) ready"
}

scaleOut() {
    title "$actTitle"
    await 90 "the autoscaler has figures" metricSeen scaleStatus || return
    local began reacted
    before=$(wanted)
    startClient load '/burn?ms=20' 15 600
    began=$SECONDS
    await 120 "more pods are wanted" moreWanted scaleStatus || return
    reacted=$((SECONDS - began))
    await 120 "they are Ready" allThere scaleStatus || return
    outcome="$before -> $(readyCount) pods; wanted after $reacted s, Ready after $((SECONDS - began)) s"
    good "$outcome"
    stopClient load
}

runPhase() {
    inShop get chaosrun "$1" -o 'jsonpath={.status.phase}' 2>/dev/null || echo "not there yet"
}

# The last thing that a run has told.
lastOf() {
    inShop get chaosrun "$1" -o 'jsonpath={.status.timeline[-1:].what}' 2>/dev/null
}

runDone() {
    verdict=$(inShop get chaosrun "$1" -o 'jsonpath={.status.verdict}' 2>/dev/null)
    [ -n "$verdict" ]
}

podJudged() {
    runDone lose-a-pod-1
}

podStatus() {
    echo "$(runPhase lose-a-pod-1): $(lastOf lose-a-pod-1); ready pods: $(readyCount)"
}

losePod() {
    title "$actTitle"
    kube apply -f examples/demo.d/experiment.yaml | sed 's/^/   /' || return
    await 300 "the run has a verdict" podJudged podStatus || return
    inShop get chaosruns | sed 's/^/   /'
    outcome="$verdict"
    inShop get chaosrun lose-a-pod-1 -o 'jsonpath={range .status.reasons[*]}{@}{"\n"}{end}' | sed 's/^/   /'
    good "verdict: $verdict"
    [ "$verdict" = Resilient ]
}

settled() {
    [ "$(wanted)" = "$leastPods" ] && [ "$(readyCount)" = "$leastPods" ]
}

scaleIn() {
    title "$actTitle"
    await 180 "the tier is back at $leastPods pods" settled scaleStatus || return
    outcome="$(readyCount) pods"
}

# The zone with the fewest pods of the shop, but not without any: the run refuses to take more than the shop can spare.
pickZone() {
    readyPods | while read -r pod _; do zoneOfPod "$pod"; echo; done | grep . | sort | uniq -c | sort -n |
        awk 'NR == 1 { print $2 }'
}

zoneStatus() {
    echo "$(runPhase lose-a-zone-1): $(lastOf lose-a-zone-1); nodes of $zone: $(kube --request-timeout=4s get nodes \
        -l "topology.kubernetes.io/zone=$zone" --no-headers 2>/dev/null | awk '{ printf "%s ", $2 }'), $(
        readyOutside "$zone") pods ready elsewhere"
}

nodesBack() {
    ! kube --request-timeout=4s get nodes --no-headers 2>/dev/null | grep -qw NotReady && clusterIsUp
}

loseZone() {
    local judged
    zone=$(pickZone)
    title "$actTitle: $zone"
    [ -n "$zone" ] || { outcome="no zone to switch off"; return 1; }
    note "nodes: $(nodesOf "$zone" | tr '\n' ' ')"
    besideTheCluster "$build" || { outcome="the chaos process could not be moved"; return 1; }
    dark=$zone
    sed "s,zone: ZONE,zone: $zone," examples/demo.d/zone.yaml | kube apply -f - | sed 's/^/   /' || return
    await 240 "the run has a verdict" zoneJudged zoneStatus || return
    besideEnds
    judged=$("$cluster" exec -- "$(built kubectl-scalableapp "$build")" chaos report lose-a-zone-1 -n shop -o text)
    # The verdict, what was predicted beside what was seen, and what happened when.
    echo "   ${judged//$'\n'/$'\n'   }"
    await 60 "its nodes are Ready" nodesBack zoneStatus || return
    dark=
    outcome="$verdict; $(inShop get chaosrun lose-a-zone-1 -o 'jsonpath={.status.measurements.during.failed} of {.status.measurements.during.requests}') requests failed; $(
        inShop get chaosrun lose-a-zone-1 -o 'jsonpath={range .status.comparison[*]}{.holds}{"\n"}{end}' |
            awk '/true/ { held++ } { all++ } END { printf "%d of %d predictions held", held, all }')"
    [ "$verdict" != Resilient ] || good "$outcome"
    [ "$verdict" = Resilient ]
}

zoneJudged() {
    runDone lose-a-zone-1
}
