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
    record "$LOCK" $$
    exec {file}>&-
}

unlock() { rm -f "$LOCK"; }

# supervised FUNCTION ARGS...: runs it in a cgroup of ours from its first instruction on, so that all it
# ever starts is found again, whatever is killed. WORKER_STATUS is its status, 130 when a signal came. Call it
# plainly: behind "||" or "if", bash would not end the function at its first error.
supervised() {
    local worker
    WORKER_STATUS=0
    cgroup_make harness
    (
        cgroup_enter harness
        "$@"
    ) &
    worker=$!
    SIGNALLED=
    trap 'SIGNALLED=yes' INT TERM HUP
    wait $worker || WORKER_STATUS=$?
    trap - INT TERM HUP
    [ -z "$SIGNALLED" ] || WORKER_STATUS=130
}
