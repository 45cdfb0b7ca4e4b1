# The stages of tests/run: what each needs, and how it is run. Uses the variables of tests/run.
#
# shellcheck shell=bash disable=SC2154

brokenSteps=()
clusterIsOurs=   # we raised it: we take it down
operatorIsOurs=  # likewise the Helm release on somebody's cluster

# step, and remember it when it fails: it counts as a failure of its own.
must() {
    step "$@" && return
    brokenSteps+=("$1 $stepLog")
    return 1
}

wants() {
    local stage
    for stage; do
        [[ " ${stages[*]} " != *" $stage "* ]] || return 0
    done
    return 1
}

needsLocalCluster() {
    [ -z "$kubeconfig" ] && wants component e2e cluster
}

prepare() {
    local groups=(build test)
    needsLocalCluster && groups+=(cluster)
    must "Packages" tests/setup/install "${groups[@]}" || return
    must "Configure ($preset)" cmake --preset "$preset" || return
    # The checks of lint need no binary: they come before minutes of building.
    if [ "${stages[*]}" != lint ]; then
        must "Build ($preset)" cmake --build "$build" -j "$(nproc)" || return
    fi
}

# The ctest label of a stage; what lint finds runs with unit as well.
label() {
    echo "^$1\$"
}

names() {
    ctest --test-dir "$build" -N -L "$(label "$1")" ${filter:+-R "$filter"} 2>/dev/null | sed -nE 's/^ *Test *#[0-9]+: //p'
}

matches() {
    [ -n "$(names "$1")" ]
}

listTests() {
    local stage
    for stage in "${stages[@]}"; do
        names "$stage" | sed "s/^/$stage  /"
    done
}

# Component tests need no node; when e2e follows, its cluster serves them as well.
nodesNeeded() {
    if wants e2e && matches e2e; then echo 6; else echo 0; fi
}

runStage() {
    local stage=$1
    case $stage in
        lint) ! wants unit || return 0 ;;
        component) bringUp "$(nodesNeeded)" || return ;;
        e2e) bringUp 6 && prepareOperator || return ;;
        cluster) takeDown || return ;;
    esac
    runTests "$stage"
}

# bringUp NODES: a cluster with at least so many nodes. One that is up already is used as it is, and left up.
bringUp() {
    [ -z "$kubeconfig" ] || { clusterIsUp || lost "No cluster answers at $kubeconfig"; return; }
    [ -z "$clusterIsOurs" ] || return 0
    if clusterIsUp; then
        note "the cluster that is up is used, and left up"
        [ "$(kube get nodes -o name | wc -l)" -ge "$1" ] ||
            lost "The cluster that is up has fewer than $1 nodes: $cluster down"
        return
    fi
    must "Machine check" "$cluster" preflight || return
    must "Kubernetes, compiled once" "$cluster" build || return
    clusterIsOurs=yes
    must "Cluster ($1 nodes)" "$cluster" up --nodes "$1" --zones 3
}

takeDown() {
    if [ -z "$clusterIsOurs" ]; then
        ! clusterIsUp || lost "The cluster's own tests need the one that is up to be down: $cluster down"
        return
    fi
    clusterIsOurs=
    must "Cluster down" "$cluster" down
}

# lost TEXT: a failure that no step has shown.
lost() {
    bad "$1"
    brokenSteps+=("$1 -")
    return 1
}

prepareOperator() {
    local id
    if [ -z "$kubeconfig" ]; then
        must "Images" makeImages "$build" && must "Images into the nodes" loadImages "$build" || return
    else
        note "images, as your cluster can pull them: $operatorImage, $shopImage (OPERATOR_IMAGE, SHOP_IMAGE)"
        $(helmCommand) status scalableapp --namespace "$system" >/dev/null 2>&1 || operatorIsOurs=yes
    fi
    id=$(buildId "$build")
    must "Operator (Helm)" installOperator "$id" || { operatorLogs; return 1; }
}

operatorLogs() {
    kube -n "$system" get pods,events -o wide >"$LOGS/operator.txt" 2>&1
    kube -n "$system" logs --prefix --tail=200 -l app.kubernetes.io/part-of=scalableapp --all-containers \
        >>"$LOGS/operator.txt" 2>&1
    note "pods, events and logs: $LOGS/operator.txt"
}

cleanUp() {
    trap - EXIT
    trap '' INT TERM
    stopStep
    if [ -n "$operatorIsOurs" ] && [ -z "$keep" ]; then
        operatorIsOurs=
        must "Operator away (Helm)" uninstallOperator
    fi
    [ -n "$clusterIsOurs" ] || return 0
    if [ -n "$keep" ]; then
        note "the cluster stays up: $cluster status; take it away with: $cluster down"
    else
        takeDown
    fi
}

interrupted() {
    echo
    bad "interrupted"
    cleanUp
    case $1 in INT) exit 130 ;; *) exit 143 ;; esac
}

# What e2e and component tests find in their environment: tests/README.md.
testEnvironment() {
    echo "KUBECTL=$(kubectlCommand)"
    echo "HELM=$(helmCommand)"
    echo "CLUSTER=$([ -n "$kubeconfig" ] || echo "$PWD/$cluster")"
    echo "SHOP_IMAGE=$shopImage"
    echo "OPERATOR_IMAGE=$operatorImage"
    echo "E2E_LOGS=$LOGS/e2e"
    # What libraries do that are not ours and built without sanitizers; each file says whose and what.
    echo "ASAN_OPTIONS=fast_unwind_on_malloc=0"
    echo "LSAN_OPTIONS=suppressions=$PWD/tests/support/lsan.supp:print_suppressions=0"
    echo "UBSAN_OPTIONS=print_stacktrace=1:suppressions=$PWD/tests/support/ubsan.supp"
    # A finding ends the process: the exit code of an operator that its test kills is seen by nobody.
    echo "TSAN_OPTIONS=halt_on_error=1"
}

runTests() {
    local stage=$1 parallel=$jobs environment
    # The cluster's own tests raise and take down the one cluster of this machine.
    [ "$stage" != cluster ] || parallel=1
    mkdir -p "$LOGS/e2e"
    mapfile -t environment < <(testEnvironment)
    STEP_TAIL=0 step "Tests: $stage" env "${environment[@]}" \
        ctest --test-dir "$build" -L "$(label "$stage")" ${filter:+-R "$filter"} -j "$parallel" \
        --no-tests=error --test-output-size-failed 1000000 --output-junit "$LOGS/results/$stage.xml"
    resultsOf "$LOGS/results/$stage.xml" 2>/dev/null | awk '
        { n[$1]++ } $1 == "failed" && n[$1] <= 20 { print "   failed: " $2 }
        END { printf "   %d passed, %d failed, %d skipped\n", n["passed"], n["failed"], n["skipped"] }'
}

summary() {
    local passed=0 failed=0 skipped=0 state test line log
    title "Result after $(spell $SECONDS)"
    failureLogs "$LOGS/failed" "$LOGS"/results/*.xml 2>/dev/null
    while read -r state test; do
        case $state in
            passed) passed=$((passed + 1)) ;;
            skipped) skipped=$((skipped + 1)); note "skipped: $test" ;;
            failed)
                failed=$((failed + 1))
                bad "failed: $test"
                log=$LOGS/failed/${test//\//_}.log
                note "        log: $log"
                [ ! -s "$log" ] || failureText "$log" | sed 's/^/           | /' ;;
        esac
    done < <(resultsOf "$LOGS"/results/*.xml 2>/dev/null)
    for line in "${brokenSteps[@]}"; do
        failed=$((failed + 1))
        bad "failed: ${line% *}"
        note "        log: ${line##* }"
    done
    [ $((passed + failed)) -gt 0 ] || bad "nothing was executed${filter:+: no test matches '$filter' (--list shows the names)}"
    trap - EXIT
    echo "$passed passed, $failed failed$([ $skipped = 0 ] || echo ", $skipped skipped")"
    [ $failed = 0 ] && [ $passed -gt 0 ]
    exit
}
