# What this machine must have. Names every missing thing with its remedy, and changes nothing: what has
# to be tried is tried in namespaces that end with the trial.

# command:package, as Debian 12 names it
NEEDED_COMMANDS="containerd:containerd ctr:containerd runc:runc ip:iproute2 nft:nftables iptables:iptables
conntrack:conntrack socat:socat openssl:openssl nsenter:util-linux unshare:util-linux mountpoint:util-linux
flock:util-linux sysctl:procps"
# Only as long as the caches are not filled.
NEEDED_TO_BUILD="debootstrap:debootstrap gcc:gcc python3:python3 apt-get:apt"
NEEDED_DISK_MB_COLD=9000
NEEDED_DISK_MB_WARM=1500
NEEDED_MEMORY_MB=4000

preflight() {
    LACKING=
    MISSING_PACKAGES=
    preflight_root || return 1
    preflight_commands
    preflight_cgroups
    preflight_folders
    preflight_disk
    preflight_memory
    preflight_kernel
    preflight_strangers
    [ -z "$LACKING" ]
}

lacking() {
    echo "preflight: $*" >&2
    LACKING=yes
}

preflight_root() {
    [ "$(id -u)" = 0 ] && return
    lacking "not root (user $(id -un)): namespaces, mounts and cgroups need it: run with sudo"
    return 1
}

preflight_commands() {
    local missing
    check_command_list "$NEEDED_COMMANDS"
    [ -x /usr/lib/cni/bridge ] || lacking_package "no /usr/lib/cni/bridge" containernetworking-plugins
    if [ ! -e "$(store_folder)/done" ]; then
        check_command_list "$NEEDED_TO_BUILD"
        [ -f /usr/share/keyrings/debian-archive-keyring.gpg ] ||
            lacking_package "no keys of the Debian archive" debian-archive-keyring
        [ -e "$(binaries_folder)/done" ] || [ -n "$(found_go)" ] ||
            lacking_package "no Go, of whatever version" golang-go
    fi
    missing=$(tr ' ' '\n' <<<"$MISSING_PACKAGES" | sort -u | paste -sd' ')
    [ -z "$MISSING_PACKAGES" ] || lacking "all packages at once: apt-get install --no-install-recommends$missing"
}

check_command_list() {
    local pair
    for pair in $1; do
        command -v "${pair%:*}" >/dev/null || lacking_package "no command ${pair%:*}" "${pair#*:}"
    done
}

lacking_package() {
    lacking "$1: apt-get install $2"
    MISSING_PACKAGES="$MISSING_PACKAGES $2"
}

preflight_cgroups() {
    local name
    if [ "$(cgroup_version)" = 2 ]; then
        for name in $CGROUP_V2_NEEDED; do
            grep -qw "$name" /sys/fs/cgroup/cgroup.controllers ||
                lacking "cgroup controller $name is not there: boot without cgroup_disable=$name, outside of a container"
        done
    else
        for name in $CGROUP_V1_NEEDED; do
            [ -n "$(cgroup_v1_tree "$name")" ] ||
                lacking "cgroup $name is not mounted: mount -t cgroup -o $name $name /sys/fs/cgroup/$name, or boot with cgroup v2"
        done
    fi
    for name in $(cgroup_trees); do
        [ -w "$name" ] || lacking "$name is read-only: run outside of a container"
    done
}

# nearest FOLDER: it, or the part of its path that exists.
nearest() {
    local folder=$1
    until [ -d "$folder" ]; do folder=$(dirname "$folder"); done
    echo "$folder"
}

preflight_folders() {
    local folder
    case $CACHE$STATE in
        *[[:space:]:,\|]*) lacking "the folders' names hold a blank or one of ':,|': set SCALABLEAPP_CACHE and SCALABLEAPP_STATE" ;;
    esac
    for folder in "$CACHE" "$STATE"; do
        case $folder/ in
            /run/* | /sys/* | /proc/* | /dev/* | /var/run/* | /var/lib/kubelet/* | /var/lib/containerd/* | /var/lib/cni/*)
                lacking "$folder lies where every node mounts its own: set SCALABLEAPP_CACHE or SCALABLEAPP_STATE to another folder"
                ;;
            /*) ;;
            *) lacking "$folder is not an absolute path: set SCALABLEAPP_CACHE or SCALABLEAPP_STATE to one" ;;
        esac
    done
    [ "$(stat -c %d "$(nearest "$CACHE")")" = "$(stat -c %d "$(nearest "$STATE")")" ] ||
        lacking "$CACHE and $STATE are on different file systems: nodes share the image store by hard links: set SCALABLEAPP_STATE"
}

preflight_disk() {
    local need=$NEEDED_DISK_MB_WARM free
    [ -e "$(store_folder)/done" ] || need=$NEEDED_DISK_MB_COLD
    free=$(df -Pm "$(nearest "$CACHE")" | awk 'NR == 2 { print $4 }')
    [ "$free" -ge "$need" ] ||
        lacking "$free MB are free at $(nearest "$CACHE"), $need are needed: free some, or set SCALABLEAPP_CACHE to another disk"
}

preflight_memory() {
    local total
    total=$(awk '/^MemTotal/ { print int($2 / 1024) }' /proc/meminfo)
    [ "$total" -ge $NEEDED_MEMORY_MB ] ||
        lacking "the machine has $total MB of memory, $NEEDED_MEMORY_MB are needed: use a larger one"
}

preflight_kernel() {
    unshare --mount --pid --fork --uts --ipc --net true 2>/dev/null ||
        lacking "namespaces cannot be made: run outside of a container, or allow CAP_SYS_ADMIN"
    unshare --net nft add table ip trial 2>/dev/null ||
        lacking "nftables does not work: load the kernel module nf_tables"
    unshare --net sh -c 'ip link add trial0 type veth peer name trial1 && ip link add trial2 type bridge' 2>/dev/null ||
        lacking "no veth or bridge: load the kernel modules veth and bridge"
    trial_overlay ||
        lacking "overlay mounts do not work on the file system of $(nearest "$CACHE"): set SCALABLEAPP_CACHE to a folder on ext4 or xfs, and load the module overlay"
}

# In a mount namespace of its own. The layers must lie on the cache's own file system, so this makes and
# removes one folder there.
trial_overlay() {
    local folder status=0
    # Of a harness that was killed in the middle of this.
    find "$(nearest "$CACHE")" -maxdepth 1 -name '.overlay-trial.*' -mmin +1 -exec rm -rf --one-file-system {} +
    folder=$(mktemp -d -p "$(nearest "$CACHE")" .overlay-trial.XXXXXX) || return 1
    mkdir "$folder"/{lower,upper,work,root}
    unshare --mount mount -t overlay overlay -o \
        "lowerdir=$folder/lower,upperdir=$folder/upper,workdir=$folder/work" "$folder/root" 2>/dev/null || status=1
    rm -rf "$folder"
    return $status
}

# A cluster of somebody else (another SCALABLEAPP_STATE) has the same names and addresses.
preflight_strangers() {
    something_left && return
    local name
    for name in "$NETNS_ROOT"/scalableapp-*; do
        [ -e "$name" ] || continue
        lacking "network namespace $(basename "$name") exists, but $STATE does not know it: another cluster is up: set SCALABLEAPP_STATE to its folder and run 'cluster down'"
        return
    done
}
