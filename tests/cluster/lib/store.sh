# The image store: a containerd root with every image imported and unpacked, made once. Each node gets
# hard links to it, which is safe because blobs and committed snapshots are never written in place.

store_folder() { echo "$CACHE/store-$(images_key)-$(binaries_key)"; }

store_build() {
    local out work
    out=$(store_folder)
    [ ! -e "$out/done" ] || return 0
    say "images: importing into the store"
    work=$CACHE/store-work
    rm -rf --one-file-system "$out" "$work"
    mkdir -p "$out" "$work/coredns"
    cp "$(binaries_folder)/coredns" "$work/coredns/coredns"
    printf '%s\t%s\t%s\n' docker.io/library/coredns:1 '{"Entrypoint":["/coredns"]}' "$work/coredns" |
        python3 "$HERE/images/oci.py" "$work/coredns.tar"
    with_progress "images: importing" "$work/log" unshare --mount --propagation private -- \
        "$HERE/images/import" "$out/containerd" "$work" "$(images_folder)/services.tar" "$work/coredns.tar" ||
        die "importing images failed: $(tail -n 3 "$work/log")"
    rm -rf --one-file-system "$work"
    touch "$out/done"
    say "images: store ready, $(du -sm "$out" | cut -f1) MB"
}

# store_link FOLDER: a node's own containerd root. The databases are written in place: real copies.
store_link() {
    local store
    store=$(store_folder)/containerd
    cp -al "$store" "$1"
    (cd "$store" && find . -name '*.db' -exec cp -p --remove-destination --parents {} "$1" \;)
}
