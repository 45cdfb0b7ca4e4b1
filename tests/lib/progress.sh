# Long commands, shown: what runs, how far it is, how long it took. Their output goes to a log; on a terminal one line is
# rewritten every second, elsewhere a line is printed every 8 s. Colour only on a terminal and unless NO_COLOR is set.
#
#   . tests/lib/progress.sh
#   LOGS=build/logs
#   trap 'stopStep; ...' EXIT
#   step "Build" cmake --build build/dev || exit 1
#
# shellcheck shell=bash

: "${LOGS:=.}"
stepLog=
stepPid=
stepCount=0

if [ -t 1 ]; then
    liveOutput=yes
else
    liveOutput=
fi
if [ -n "$liveOutput" ] && [ -z "${NO_COLOR:-}" ]; then
    bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' yellow=$'\e[33m' plain=$'\e[0m'
else
    bold='' dim='' red='' green='' yellow='' plain=''
fi

title() {
    printf '%s== %s%s\n' "$bold" "$*" "$plain"
}

note() {
    printf '   %s\n' "$*"
}

good() {
    printf '   %s%s%s\n' "$green" "$*" "$plain"
}

bad() {
    printf '   %s%s%s\n' "$red" "$*" "$plain"
}

# "47 s" or "3 min 12 s"
spell() {
    if [ "$1" -lt 60 ]; then
        echo "$1 s"
    else
        echo "$(($1 / 60)) min $(($1 % 60)) s"
    fi
}

# The last line of a log that says something, cut to the width of the screen.
lastWords() {
    local width=$((${COLUMNS:-110} - 16))
    tail -c 2000 "$1" 2>/dev/null | tr '\r' '\n' | sed -E 's/\x1b\[[0-9;]*[A-Za-z]//g' | grep -v '^[[:space:]]*$' |
        tail -n 1 | cut -c "1-$width"
}

# step TITLE COMMAND...: runs it (a program or a function) to its end, in a process group of its own. Returns its exit code; on failure the end of
# the log is shown.
step() {
    local name=$1 began=$SECONDS shown=$SECONDS code took
    shift
    stepCount=$((stepCount + 1))
    mkdir -p "$LOGS"
    stepLog=$LOGS/$(printf '%02d-%s.log' "$stepCount" "$(tr -cs 'A-Za-z0-9\n' '-' <<<"${name,,}")")
    title "$name"
    # Job control, for a moment: it is what gives a background command a process group of its own.
    set -m
    "$@" >"$stepLog" 2>&1 </dev/null &
    stepPid=$!
    set +m
    while kill -0 "$stepPid" 2>/dev/null; do
        # Wakes up at once when the step ends.
        timeout 1 tail -s 0.2 --pid="$stepPid" -f /dev/null
        if [ -n "$liveOutput" ]; then
            printf '\r\e[K   %s%s  %s%s' "$dim" "$(spell $((SECONDS - began)))" "$(lastWords "$stepLog")" "$plain"
        elif [ $((SECONDS - shown)) -ge 8 ]; then
            shown=$SECONDS
            note "$(spell $((SECONDS - began)))  $(lastWords "$stepLog")"
        fi
    done
    wait "$stepPid"
    code=$?
    stepPid=
    [ -z "$liveOutput" ] || printf '\r\e[K'
    took=$(spell $((SECONDS - began)))
    if [ $code = 0 ]; then
        good "done, $took"
    else
        bad "failed after $took (exit code $code), log: $stepLog"
        tail -n "${STEP_TAIL:-15}" "$stepLog" | sed 's/^/     | /'
    fi
    return $code
}

# Ends the step that is under way with all that it started: for traps.
stopStep() {
    [ -n "$stepPid" ] || return 0
    kill -TERM -- "-$stepPid" 2>/dev/null
    timeout 20 tail --pid="$stepPid" -f /dev/null
    kill -KILL -- "-$stepPid" 2>/dev/null
    stepPid=
}

# await SECONDS WHAT CHECK [STATUS]: until the function CHECK succeeds, at most so long; meanwhile shows what the function
# STATUS prints. Returns 1 when the time is up.
await() {
    local bound=$1 what=$2 check=$3 status=${4:-true} began=$SECONDS shown=$SECONDS
    until "$check"; do
        if [ $((SECONDS - began)) -ge "$bound" ]; then
            [ -z "$liveOutput" ] || printf '\r\e[K'
            bad "not within $(spell "$bound"): $what; $("$status")"
            return 1
        fi
        if [ -n "$liveOutput" ]; then
            printf '\r\e[K   %s%s  %s: %s%s' "$dim" "$(spell $((SECONDS - began)))" "$what" "$("$status")" "$plain"
        elif [ $((SECONDS - shown)) -ge 5 ]; then
            shown=$SECONDS
            note "$(spell $((SECONDS - began)))  $what: $("$status")"
        fi
        sleep 0.5
    done
    [ -z "$liveOutput" ] || printf '\r\e[K'
}
