# The service images (PostgreSQL, Redis, ...): built once from Debian packages, kept by content.

images_key() { content_key images/build images/oci.py images/pause.c images/web.c; }
images_folder() { echo "$CACHE/images-$(images_key)"; }

# debian_mirror: the mirror this machine already uses for Debian 12, as apt itself resolves it (both
# formats of source lists, and "mirror+file:" lists).
debian_mirror() {
    local uri
    uri=${SCALABLEAPP_DEBIAN_MIRROR:-$(apt-get indextargets --format '$(CODENAME) $(COMPONENT) $(REPO_URI)' \
        'Identifier: Packages' | awk '$1 == "bookworm" && $2 == "main" { print $3; exit }')}
    case $uri in
        mirror+file:*) uri=$(awk 'NF && $1 !~ /^#/ { print $1; exit }' "${uri#mirror+file:}") ;;
    esac
    [ -n "$uri" ] || die "apt knows no mirror of Debian 12 (bookworm main): add one, or name it in SCALABLEAPP_DEBIAN_MIRROR"
    echo "$uri"
}

images_build() {
    local out work=$CACHE/images-work
    out=$(images_folder)
    [ ! -e "$out/done" ] || return 0
    say "images: building from Debian packages (about a minute, once per machine)"
    rm -rf --one-file-system "$work" "$out"
    mkdir -p "$work" "$out" "$CACHE/packages"/{bootstrap,archives,lists}
    local mirror
    mirror=$(debian_mirror)
    with_progress "images" - unshare --mount --propagation private -- \
        "$HERE/images/build" "$out" "$work" "$CACHE/packages" "$mirror" ||
        die "images: building failed; its logs are in $work"
    rm -rf --one-file-system "$work"
    touch "$out/done"
    say "images: packed, $(du -sm "$out" | cut -f1) MB"
}
