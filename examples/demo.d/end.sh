# How the demonstration ends, whichever way: what it raised goes, what it found stays as it was.
#
# shellcheck shell=bash disable=SC2154

raised=     # we raised the cluster
installed=  # the operator and the shop are on a cluster that was there before us, and were not
found=      # namespaces and definitions that were there before us
dark=       # the zone that is switched off

finish() {
    local code=$?
    trap - EXIT
    trap '' INT TERM
    stopStep
    besideEnds
    [ -z "$liveOutput" ] || printf '\r\e[K'
    if [ -n "$keep" ] && clusterIsUp; then
        [ -z "$dark" ] || "$cluster" zone on "$dark"
        howToReach
    elif [ -n "$raised" ]; then
        step "Clean up" "$cluster" down || code=1
    else
        [ -z "$dark" ] || "$cluster" zone on "$dark"
        [ -z "$installed" ] || step "Clean up" removeAll || code=1
    fi
    exit $code
}

# An operator that people have is neither changed nor taken away; on the local cluster it is one of ours, kept earlier.
rememberWhatIsThere() {
    if kube -n "$system" get deployment -o name 2>/dev/null | grep -q .; then
        [ -z "$kubeconfig" ] && return
        bad "the namespace $system of that cluster has an operator already: the demonstration installs one of its own"
        return 1
    fi
    found=$(kube get namespaces,crd -o name) && installed=yes
}

# Definitions go only with us, and only when nobody began to use them meanwhile.
removeAll() {
    local object
    kube delete namespace shop --ignore-not-found --timeout=120s && uninstallOperator || return
    kube get scalableapps -A -o name | grep -q . ||
        for object in $(kube get crd -o name | grep 'scalableapp.dev$') "namespace/$system"; do
            grep -qx "$object" <<<"$found" || kube delete "$object" --timeout=120s || return
        done
}

# What a person would look at first when an act has failed.
saveEvidence() {
    local file=$LOGS/evidence.txt
    clusterIsUp || return 0
    {
        kube get nodes -o wide
        kube get scalableapps,chaosexperiments,chaosruns,pods,hpa,events -A -o wide
        kube -n shop get scalableapps,chaosruns -o yaml
        kube -n "$system" logs --prefix --tail=200 -l app.kubernetes.io/part-of=scalableapp --all-containers
    } >"$file" 2>&1
    note "nodes, objects, events and logs: $file"
}

howToReach() {
    local ctl="$cluster kubectl"
    title "The cluster stays up"
    if [ -n "$kubeconfig" ]; then
        note "kubectl --kubeconfig $kubeconfig -n shop get scalableapp,pods,hpa,chaosruns -o wide"
        return
    fi
    note "$ctl -n shop get scalableapp,pods,hpa,chaosruns -o wide"
    note "$cluster exec -- $(built kubectl-scalableapp "${build#"$PWD/"}") status shop -n shop"
    note "$cluster exec -- curl -s http://POD-IP:8080/      (an address from the first line)"
    note "$cluster zone off z1; $cluster zone on z1"
    note "$cluster down      takes it away"
}
