# cgroups, version 1 (one tree per controller) and version 2 (one tree), behind one set of words.
# The only file that knows the difference. Names are relative to our own cgroup: "system", "kn1".

# shellcheck disable=SC2034  # preflight asks for them
CGROUP_V1_NEEDED="cpu cpuacct cpuset memory devices freezer blkio pids"
# shellcheck disable=SC2034
CGROUP_V2_NEEDED="cpu cpuset memory pids"

cgroup_version() {
    if [ "$(stat -fc %T /sys/fs/cgroup 2>/dev/null)" = cgroup2fs ]; then echo 2; else echo 1; fi
}

# cgroup_trees: the mount point of every tree. On version 1 also the named one of systemd and the
# empty unified one: runc makes directories there as well.
cgroup_trees() {
    awk '($3 == "cgroup" || $3 == "cgroup2") && $2 ~ "^/sys/fs/cgroup" { print $2 }' /proc/self/mounts
}

# The tree in which membership is looked up.
cgroup_main_tree() {
    if [ "$(cgroup_version)" = 2 ]; then echo /sys/fs/cgroup; else cgroup_v1_tree pids; fi
}

# cgroup_v1_tree CONTROLLER: its mount point ("cpu" may be mounted as "cpu,cpuacct").
cgroup_v1_tree() {
    awk -v want="$1" '$3 == "cgroup" && $2 ~ "^/sys/fs/cgroup" {
        n = split($4, options, ",")
        for (i = 1; i <= n; i++) if (options[i] == want) { print $2; exit }
    }' /proc/self/mounts
}

# cgroup_make NAME: the cgroup and its parents, with every controller usable in it.
cgroup_make() {
    local tree part path
    for tree in $(cgroup_trees); do
        path=$tree
        for part in $CGROUP ${1//\// }; do
            [ "$(cgroup_version)" = 1 ] || cgroup_delegate "$path"
            path=$path/$part
            [ -d "$path" ] || mkdir "$path"
            cgroup_copy_cpuset "$path"
        done
    done
}

# cgroup_make_parent NAME: as above, and its children get the controllers too (a node's cgroup).
cgroup_make_parent() {
    cgroup_make "$1"
    [ "$(cgroup_version)" = 1 ] || cgroup_delegate "/sys/fs/cgroup/$CGROUP/$1"
}

# Version 2: children of a cgroup have a controller only if the parent's subtree_control names it.
# What the root did not have before is noted, for `down` to take it back: also what we leave alone, because
# containerd delegates every controller that there is, down from the root.
cgroup_delegate() {
    local controller
    for controller in $(cat "$1/cgroup.controllers"); do
        ! grep -qw "$controller" "$1/cgroup.subtree_control" || continue
        [ "$1" != /sys/fs/cgroup ] || keep_controller "$controller"
        case $controller in cpu | cpuset | memory | pids | io | hugetlb) ;; *) continue ;; esac
        echo "+$controller" >"$1/cgroup.subtree_control" 2>/dev/null ||
            die "cgroup controller $controller cannot be delegated below $1: run outside of a container"
    done
}

# Version 1: a new cpuset is empty and refuses processes (ENOSPC) until it has processors and memory.
cgroup_copy_cpuset() {
    local file parent=${1%/*}
    for file in cpuset.cpus cpuset.mems; do
        [ "$(cgroup_version)" = 1 ] && [ -f "$1/$file" ] && [ -z "$(cat "$1/$file")" ] || continue
        cat "$parent/$file" >"$1/$file"
    done
}

# cgroup_enter NAME: moves the calling (sub)shell, and so whatever it becomes or starts.
cgroup_enter() {
    local tree
    for tree in $(cgroup_trees); do
        echo $BASHPID >"$tree/$CGROUP/$1/cgroup.procs"
    done
}

# cgroup_pids [NAME]: every process below it.
cgroup_pids() {
    local root
    root=$(cgroup_main_tree)/$CGROUP${1:+/$1}
    [ ! -d "$root" ] || find "$root" -name cgroup.procs -exec cat {} + 2>/dev/null
}

cgroup_empty() { [ -z "$(cgroup_pids "${1:-}")" ]; }

# cgroup_kill [NAME]: SIGKILL to all below it until none is left (a fork may race one round).
cgroup_kill() {
    local pid
    for _ in $(seq 100); do
        cgroup_empty "${1:-}" && return
        for pid in $(cgroup_pids "${1:-}"); do
            [ "$pid" = $$ ] || [ "$pid" = 0 ] || kill -9 "$pid" 2>/dev/null || :
        done
        # After the signal: what was frozen dies without doing anything more.
        cgroup_thaw "${1:-}"
        sleep 0.05
    done
    return 1
}

# cgroup_freeze NAME, cgroup_thaw [NAME]: stop every process below it in the middle of what it does.
cgroup_freeze() {
    if [ "$(cgroup_version)" = 2 ]; then
        echo 1 >"/sys/fs/cgroup/$CGROUP/$1/cgroup.freeze"
    else
        echo FROZEN >"$(cgroup_v1_tree freezer)/$CGROUP/$1/freezer.state"
    fi
}
cgroup_thaw() {
    local path file
    path=$CGROUP${1:+/$1}
    if [ "$(cgroup_version)" = 2 ]; then
        [ ! -d "/sys/fs/cgroup/$path" ] || find "/sys/fs/cgroup/$path" -name cgroup.freeze | while read -r file; do
            echo 0 >"$file" 2>/dev/null || :
        done
    else
        path=$(cgroup_v1_tree freezer)/$path
        [ ! -d "$path" ] || find "$path" -name freezer.state | while read -r file; do
            echo THAWED >"$file" 2>/dev/null || :
        done
    fi
}

# cgroup_remove [NAME]: the directories, deepest first. Processes must be gone.
cgroup_remove() {
    local tree root
    for tree in $(cgroup_trees); do
        root=$tree/$CGROUP${1:+/$1}
        [ ! -d "$root" ] || find "$root" -depth -type d -exec rmdir {} + 2>/dev/null || :
    done
    cgroup_gone "${1:-}"
}
cgroup_gone() {
    local tree
    for tree in $(cgroup_trees); do
        [ ! -d "$tree/$CGROUP${1:+/$1}" ] || return 1
    done
}
