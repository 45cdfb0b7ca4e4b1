# Image archives of our own builds. Every node that is on takes them at once; the others when they are
# switched on: archives are kept, numbered, with the cluster.

load_image() {
    local archive=$1 kept node failed=0
    kept=$STATE/images/$(sha256sum "$archive" | cut -c1-16).tar
    mkdir -p "$STATE/images"
    rm -f "$kept"
    cp --reflink=auto "$archive" "$kept.part"
    mv "$kept.part" "$kept"
    local -a jobs=()
    for node in $(all_nodes); do
        node_is_on "$node" || continue
        node_load_image "$node" "$kept" &
        jobs+=($!)
    done
    for node in "${jobs[@]}"; do wait "$node" || failed=1; done
    [ $failed = 0 ] && return
    rm -f "$kept" # or no node that was off could be switched on again
    die "$archive could not be loaded into every node: is it an OCI or docker archive?"
}

# node_load_images NODE: what was loaded while it was off, in the order of loading.
node_load_images() {
    local kept
    [ -d "$STATE/images" ] || return 0
    find "$STATE/images" -name '*.tar' -printf '%T@ %p\n' | sort -n | cut -d' ' -f2- | while read -r kept; do
        node_load_image "$1" "$kept"
    done
}

node_load_image() {
    local mark
    mark=$(node_folder "$1")/images/$(basename "$2" .tar)
    [ "$mark" -nt "$2" ] && return
    in_node "$1" ctr --namespace k8s.io images import "$2" >"$STATE/log/$1.import.log" 2>&1 || {
        echo "cluster: $1: $(tail -n 1 "$STATE/log/$1.import.log")" >&2
        return 1
    }
    touch "$mark"
}
