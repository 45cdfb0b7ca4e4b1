# One `up`, `down` or `build` at a time. The owner is a record, so the lock of a killed one is free;
# the kernel's file lock only guards the moment of looking and taking.

LOCK=$CACHE/lock

lock() {
    local file
    mkdir -p "$CACHE"
    exec {file}>>"$LOCK.guard"
    flock "$file"
    if alive "$LOCK"; then
        die "another command is raising or removing the cluster (process $(recorded_pid "$LOCK")): wait for it, or end that process"
    fi
    # Nothing is made yet: a signal just ends. Without a trap, bash ignores one that came while a child ran.
    trap 'unlock; exit 130' INT TERM HUP
    record "$LOCK" $$
    exec {file}>&-
}

unlock() { rm -f "$LOCK"; }

# supervised FUNCTION ARGS...: runs it in a cgroup of ours from its first instruction on, so that all it
# ever starts is found again, whatever is killed. WORKER_STATUS is its status, 130 when a signal came. Call it
# plainly: behind "||" or "if", bash would not end the function at its first error.
supervised() {
    local worker=
    WORKER_STATUS=0
    SIGNALLED=
    # Before anything is made. The worker ends with the signal, whether we are at `wait` by then or not yet.
    trap 'SIGNALLED=yes; [ -z "$worker" ] || kill -9 $worker 2>/dev/null || :' INT TERM HUP
    cgroup_make harness
    (
        cgroup_enter harness
        "$@"
    ) &
    worker=$!
    [ -z "$SIGNALLED" ] || kill -9 $worker
    wait $worker || WORKER_STATUS=$?
    trap - INT TERM HUP
    [ -z "$SIGNALLED" ] || WORKER_STATUS=130
}
