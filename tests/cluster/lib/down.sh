# Taking everything back. Works from what is recorded and from our cgroup, so it does not matter how far
# an earlier command came or how it ended. Twice is harmless.

take_down() {
    local left=0
    cgroup_kill || { echo "cluster: processes survive SIGKILL: $(cgroup_pids | tr '\n' ' ')" >&2 && left=1; }
    remove_network || { echo "cluster: a network namespace is still in use" >&2 && left=1; }
    wait_for 10 cgroup_remove || { echo "cluster: a cgroup is still in use: $CGROUP" >&2 && left=1; }
    undo_journal
    remove_work_folders
    # Of what cannot be taken back now, the journal must stay for the next `down`.
    [ $left = 0 ] && remove_state
}

# Most of the time goes into waiting for the file system, node by node: all at once.
remove_state() {
    [ ! -d "$STATE/nodes" ] ||
        find "$STATE/nodes" -mindepth 2 -maxdepth 2 -print0 | xargs -0 -r -n 1 -P 24 rm -rf --one-file-system
    rm -rf --one-file-system "$STATE"
}

# Half-made caches of a killed build; their mounts ended with their namespace.
remove_work_folders() {
    rm -rf --one-file-system "$CACHE/images-work" "$CACHE/store-work" "$CACHE/go-fetch"
}

something_left() {
    [ -d "$STATE" ] || ! cgroup_gone
}
