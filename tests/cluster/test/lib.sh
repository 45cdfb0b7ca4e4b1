# What the tests of the cluster share. A test is a script that ends with 0 (passed), 1 (failed) or 77
# (skipped), and says every check it made. Sourced.
#
#   . "$(dirname "$0")/lib.sh"
#   need_no_cluster
#   check "comes up" "$CLUSTER" up
#   eventually 30 "kn1 is NotReady" node_is kn1 NotReady
#   finish

set -uo pipefail
TESTS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
CLUSTER=$TESTS/../cluster
FAILED=0
# Set by tests that raise the cluster in steps of their own: then it is removed at the end.
RAISED=
WORK=$(mktemp -d)
trap 'end_of_test' EXIT
trap 'exit 130' INT TERM HUP

end_of_test() {
    [ -z "$RAISED" ] || "$CLUSTER" down >/dev/null 2>&1 || :
    rm -rf "$WORK"
}

skip() {
    echo "SKIP: $*"
    exit 77
}

passed() { echo "  ok    $*"; }
failed() {
    echo "  FAIL  $*"
    FAILED=$((FAILED + 1))
}

# check TEXT CMD...: CMD succeeds; its output is shown when it does not.
check() {
    local text=$1
    shift
    if "$@" >"$WORK/output" 2>&1; then passed "$text"; else
        failed "$text"
        tail -n 20 "$WORK/output" | sed 's/^/        /'
    fi
}

# check_fails CODE TEXT CMD...: CMD ends with exactly this code.
check_fails() {
    local code=$1 text=$2 got=0
    shift 2
    "$@" >"$WORK/output" 2>&1 || got=$?
    if [ $got = "$code" ]; then passed "$text"; else
        failed "$text (exit $got instead of $code)"
        tail -n 5 "$WORK/output" | sed 's/^/        /'
    fi
}

# check_says PATTERN TEXT: the last check's output has a line like this.
check_says() {
    if grep -qE -- "$1" "$WORK/output"; then passed "$2"; else
        failed "$2 (no line like '$1')"
        tail -n 5 "$WORK/output" | sed 's/^/        /'
    fi
}

# eventually SECONDS TEXT CMD...: CMD succeeds before the time is over; says when it did.
eventually() {
    local bound=$1 text=$2 begun=$SECONDS
    shift 2
    until "$@" >"$WORK/output" 2>&1; do
        if [ $((SECONDS - begun)) -ge "$bound" ]; then
            failed "$text (not within $bound s)"
            tail -n 5 "$WORK/output" | sed 's/^/        /'
            return
        fi
        sleep 0.3
    done
    passed "$text ($((SECONDS - begun)) s)"
}

# throughout SECONDS TEXT CMD...: CMD succeeds all the time.
throughout() {
    local span=$1 text=$2 begun=$SECONDS
    shift 2
    while [ $((SECONDS - begun)) -lt "$span" ]; do
        "$@" >"$WORK/output" 2>&1 || { failed "$text (ended after $((SECONDS - begun)) s)" && return; }
        sleep 0.5
    done
    passed "$text ($span s)"
}

not() { ! "$@"; }

finish() {
    if [ $FAILED = 0 ]; then echo "PASS: $(basename "$0")"; else echo "FAIL: $(basename "$0"): $FAILED checks failed"; fi
    exit $((FAILED > 0))
}

need_root() { [ "$(id -u)" = 0 ] || skip "needs root"; }

# For tests that raise and remove the cluster themselves.
need_no_cluster() {
    need_root
    ! "$CLUSTER" status >/dev/null 2>&1 || skip "a cluster is up that this test did not raise: cluster down"
    "$CLUSTER" build || { failed "the caches cannot be filled" && finish; }
}

# raise ARGS...: a cluster for this test, removed at its end.
raise() {
    need_no_cluster
    RAISED=yes
    check "cluster up $*" "$CLUSTER" up "$@"
    [ $FAILED = 0 ] || finish
}

k() { "$CLUSTER" kubectl "$@"; }

# node_is NODE STATE: Ready or NotReady.
node_is() { [ "$(k get node "$1" --no-headers --request-timeout=5s 2>/dev/null | awk '{ print $2 }')" = "$2" ]; }
pod_ready() { [ "$(k get pod "$1" -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}' 2>/dev/null)" = True ]; }
