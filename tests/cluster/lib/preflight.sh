# What this machine must have. Names every missing thing with its remedy, and changes nothing.

PREFLIGHT_COMMANDS="containerd:containerd ctr:containerd runc:runc ip:iproute2 nft:nftables iptables:iptables
conntrack:conntrack debootstrap:debootstrap openssl:openssl python3:python3 gcc:gcc nsenter:util-linux
unshare:util-linux mountpoint:util-linux flock:util-linux sysctl:procps"

preflight() {
    PREFLIGHT_FAILED=
    if [ "$(id -u)" != 0 ]; then
        lacking "not root: run it with sudo"
        return 1
    fi
    [ -z "$PREFLIGHT_FAILED" ]
}

lacking() {
    echo "preflight: $*" >&2
    PREFLIGHT_FAILED=yes
}
