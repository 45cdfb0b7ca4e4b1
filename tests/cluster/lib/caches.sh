# What is made once per machine, all of it.

caches_filled() {
    [ -e "$(binaries_folder)/done" ] && [ -e "$(images_folder)/done" ] && [ -e "$(store_folder)/done" ] && pki_fresh
}

build_caches() {
    mkdir -p "$CACHE"
    binaries_build
    images_build
    pki_build
    store_build
    prune_caches
}

# Each kind keeps what is current and the one before it (a branch switched to and fro), and what the running
# cluster uses.
prune_caches() {
    local kind folder
    for kind in bin images store; do
        find "$CACHE" -maxdepth 1 -name "$kind-*" -printf '%T@ %p\n' | sort -rn | cut -d' ' -f2- | tail -n +3 |
            while read -r folder; do
                in_use "$folder" || with_progress "caches: removing what is outdated" - \
                    rm -rf --one-file-system "$folder"
            done
    done
}

in_use() {
    case $1 in
        "$(binaries_folder)" | "$(images_folder)" | "$(store_folder)" | "$(readlink -f "$STATE/bin")") ;;
        *) return 1 ;;
    esac
}
