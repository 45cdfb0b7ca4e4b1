# The journal: what will be made outside of our own folders is written here BEFORE it is made, so that
# `down` takes it back even when the harness was killed between two lines.

journal() { echo "$*" >>"$STATE/journal"; }

# journal_values KIND: what was noted, last first.
journal_values() { [ ! -f "$STATE/journal" ] || tac "$STATE/journal" | sed -n "s/^$1 //p"; }

make_outer_folder() {
    local part path=
    for part in ${1//\// }; do
        path=$path/$part
        [ -d "$path" ] || { journal folder "$path" && mkdir "$path"; }
    done
}

set_sysctl() {
    keep_sysctl "$1"
    sysctl -qw "$1=$2"
}

# keep_sysctl KEY: notes the value of a key that somebody (kubelet) is about to change.
keep_sysctl() {
    local value
    ! value=$(sysctl -n "$1" 2>/dev/null) || journal sysctl "$1=$value"
}

# keep_controller NAME: notes a cgroup controller that the root does not delegate yet.
keep_controller() {
    journal_values controller | grep -qx "$1" || journal controller "$1"
}

undo_journal() {
    local value
    journal_values sysctl | while read -r value; do sysctl -qw "$value" || :; done
    journal_values controller | while read -r value; do
        echo "-$value" >/sys/fs/cgroup/cgroup.subtree_control 2>/dev/null || :
    done
    journal_values netns-root | while read -r value; do release_netns_root; done
    journal_values folder | while read -r value; do rmdir "$value" 2>/dev/null || :; done
}
