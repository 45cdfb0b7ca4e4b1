# Our own images, from binaries that are built: no shell, no package manager, only the files a binary needs.
#
#   imageRoot FOLDER BINARY...        a root file system with the binaries in /usr/bin and the libraries they load
#   makeImages BUILD                  BUILD/images/images.tar, an OCI archive with the operator's image and the shop's
#
# shellcheck shell=bash disable=SC2154

imageRoot() {
    local root=$1 file
    shift
    rm -rf "$root"
    mkdir -p "$root/usr/bin" "$root/etc" "$root/tmp"
    chmod 1777 "$root/tmp"
    echo 'nonroot:x:65532:65532:nonroot:/:/sbin/nologin' >"$root/etc/passwd"
    echo 'nonroot:x:65532:' >"$root/etc/group"
    for file; do
        # Debug information is of no use there, and ten times the size.
        strip -o "$root/usr/bin/$(basename "$file")" "$file" || return
    done
    ldd "$@" | grep -oE '/[^ ]+\.so[^ ]*' | sort -u | while read -r file; do
        mkdir -p "$root$(dirname "$file")" && cp -L "$file" "$root$file" || return
    done
}

# An unqualified name, spelled as containerd stores it.
fullName() {
    local library=docker.io/library
    case $1 in
        *.*/* | *:*/* | localhost/*) echo "$1" ;;
        */*) echo "${library%/*}/$1" ;;
        *) echo "$library/$1" ;;
    esac
}

imageLine() {
    printf '%s\t{"Entrypoint":["%s"],"User":"65532:65532"}\t%s\n' "$(fullName "$1")" "$2" "$3"
}

makeImages() {
    local from=$1 work=$1/images name paths=()
    for name in "${binaries[@]}"; do
        paths+=("$(built "$name" "$from")")
    done
    imageRoot "$work/operator" "${paths[@]}" && imageRoot "$work/shop" "$(built shop "$from")" || return
    {
        imageLine "$operatorImage" /usr/bin/scalableapp-operator "$work/operator"
        imageLine "$shopImage" /usr/bin/shop "$work/shop"
    } | python3 tests/cluster/images/oci.py "$work/images.tar" || return
    du -sh "$work/operator" "$work/shop"
}
