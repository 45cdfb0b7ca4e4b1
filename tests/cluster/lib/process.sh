# Processes by record. A record is a file "pid starttime": a pid alone may by now be a stranger's.

# start_time PID: its start in clock ticks since boot; fails when it is gone or a zombie.
start_time() {
    local stat
    { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
    # shellcheck disable=SC2086  # fields after the command name, which may hold blanks
    set -- ${stat##*) }
    [ "$1" != Z ] && echo "${20}"
}

record() { echo "$2 $(start_time "$2")" >"$1"; }

alive() {
    local pid start
    [ -s "$1" ] && read -r pid start <"$1" && [ -n "$start" ] && [ "$(start_time "$pid")" = "$start" ]
}

recorded_pid() {
    local pid rest
    # shellcheck disable=SC2034
    read -r pid rest <"$1" && echo "$pid"
}

record_of() { echo "$STATE/pid/${1//\//.}"; }

# kill_recorded FILE...: SIGKILL, then waits until each is gone and drops its record.
kill_recorded() {
    local file
    for file; do
        ! alive "$file" || kill -9 "$(recorded_pid "$file")" 2>/dev/null || :
    done
    for file; do
        wait_for 5 dead "$file" || return 1
        rm -f "$file"
    done
}
dead() { ! alive "$1"; }

# A daemon must not hold open what its caller had open: a lock of the caller's would outlive the caller.
close_inherited() {
    local fd
    for fd in /proc/self/fd/*; do
        fd=${fd##*/}
        [ "$fd" -le 2 ] || eval "exec $fd>&-"
    done
}

# start_daemon NAME CGROUP LOG CMD...: in the background, in its cgroup, recorded as NAME.
# The cgroup is entered before the command begins, so that whatever dies in between, the process
# is found again by it.
start_daemon() {
    local name=$1 cgroup=$2 log=$3
    shift 3
    (
        cgroup_enter "$cgroup"
        close_inherited
        exec setsid "$@" >>"$log" 2>&1 </dev/null
    ) &
    record "$(record_of "$name")" $!
}
