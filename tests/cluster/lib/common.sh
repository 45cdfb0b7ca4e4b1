# Words every other file uses: saying, failing, waiting. Sourced by `cluster`; needs nothing.

STARTED_NS=$(date +%s%N)

# say TEXT: one progress line with the seconds since the command began.
say() {
    local tenths=$((($(date +%s%N) - STARTED_NS) / 100000000))
    printf '[%3d.%d s] %s\n' $((tenths / 10)) $((tenths % 10)) "$*"
}

# die TEXT: one line, exit 1. The command was understood but cannot be done.
die() {
    echo "cluster: $*" >&2
    exit 1
}

# misuse TEXT: one line, exit 2. The command line is wrong.
misuse() {
    echo "cluster: $*" >&2
    exit 2
}

# wait_for SECONDS CMD...: polls until CMD succeeds; 1 when it did not in time. SCALABLEAPP_PATIENCE=10
# waits ten times as long, for machines as slow as an emulated one.
wait_for() {
    local deadline=$((SECONDS + $1 * ${SCALABLEAPP_PATIENCE:-1}))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $deadline ] || return 1
        sleep 0.1
    done
}

# await TEXT SECONDS CMD...: wait_for, saying every 10 s that it still waits.
await() {
    local text=$1 begun=$SECONDS said=$SECONDS deadline=$((SECONDS + $2 * ${SCALABLEAPP_PATIENCE:-1}))
    shift 2
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $deadline ] || return 1
        sleep 0.1
        [ $((SECONDS - said)) -lt 10 ] || { say "$text ... $((SECONDS - begun)) s" && said=$SECONDS; }
    done
}

# with_progress TEXT LOG CMD...: runs a long program and says every 10 s that it is still at work. Its
# output goes to the file LOG, or is shown when LOG is "-".
with_progress() {
    local text=$1 log=$2 pid tick=0 begun=$SECONDS status=0
    shift 2
    (
        [ "$log" = - ] || exec >"$log" 2>&1
        exec "$@"
    ) &
    pid=$!
    while kill -0 $pid 2>/dev/null; do
        sleep 0.2
        tick=$((tick + 1))
        [ $((tick % 50)) != 0 ] || say "$text ... $((SECONDS - begun)) s"
    done
    wait $pid || status=$?
    return $status
}

# is_count TEXT MAX: a whole number between 0 and MAX.
is_count() {
    [[ $1 =~ ^[0-9]{1,4}$ ]] && [ "$1" -le "$2" ]
}

# content_key FILE...: 16 hex digits that change with any of the files (paths relative to here).
content_key() {
    (cd "$HERE" && for file; do echo "$file" && cat "$file"; done) | sha256sum | cut -c1-16
}
