# Kubernetes and what surrounds it, compiled from the published Go modules. Kept by content.

KUBERNETES_PROGRAMS="kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy kubectl etcd"
ADDON_PROGRAMS="metrics-server kwok helm disk-service"

binaries_key() {
    local -a sources
    mapfile -t sources < <(cd "$HERE" && find tools -type f | sort)
    { echo "$GO_VERSION $KUBERNETES_VERSION" && content_key lib/binaries.sh "${sources[@]}"; } | sha256sum | cut -c1-16
}
binaries_folder() { echo "$CACHE/bin-$(binaries_key)"; }

linker_flags() {
    local package=k8s.io/component-base/version minor=${KUBERNETES_VERSION#v1.}
    echo "-s -w -X $package.gitVersion=$KUBERNETES_VERSION -X $package.gitMajor=1" \
        "-X $package.gitMinor=${minor%%.*} -X $package.gitTreeState=clean"
}

binaries_build() {
    local out go
    out=$(binaries_folder)
    [ ! -e "$out/done" ] || return 0
    go=$(go_command)
    say "binaries: compiling Kubernetes $KUBERNETES_VERSION and its add-ons (5 to 7 minutes on 2 cores, once per machine)"
    rm -rf "$out"
    mkdir -p "$out"
    (cd "$HERE/tools" && with_go_env with_progress "binaries: compiling" "$CACHE/go-build.log" "$go" build -buildvcs=false -trimpath \
        -ldflags "$(linker_flags)" -o "$out/" ./kubernetes ./addons ./coredns) ||
        die "compiling failed: $(grep -v '^go: downloading' "$CACHE/go-build.log" | tail -n 3)"
    link_programs "$out"
    kwok_stages "$go" >"$out/kwok-stages.yaml"
    touch "$out/done"
    say "binaries: ready, $(du -sm "$out" | cut -f1) MB"
}

link_programs() {
    local name
    for name in $KUBERNETES_PROGRAMS; do ln -sf kubernetes "$1/$name"; done
    for name in $ADDON_PROGRAMS; do ln -sf addons "$1/$name"; done
}

# kwok outside of its own image knows no life cycle of nodes and pods: these come from its module.
kwok_stages() {
    local folder file
    folder=$(cd "$HERE/tools" && with_go_env "$1" list -m -f '{{.Dir}}' sigs.k8s.io/kwok)/kustomize/stage
    for file in node/fast/node-initialize node/heartbeat-with-lease/node-heartbeat-with-lease \
        pod/fast/pod-ready pod/fast/pod-complete pod/fast/pod-delete; do
        cat "$folder/$file.yaml"
        printf '\n---\n'
    done
}
