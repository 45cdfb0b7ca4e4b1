# The local cluster with our images and our operator on it, as the tests and the demonstration use it.
#
#   . tests/lib/progress.sh; . tests/lib/cluster.sh
#   makeImages build/dev && loadImages build/dev && installOperator "$(buildId build/dev)"
#
# shellcheck shell=bash

cluster=tests/cluster/cluster
system=scalableapp-system
version=$(sed -nE 's/^project\(scalableapp VERSION ([0-9.]+).*/\1/p' CMakeLists.txt)
operatorImage=${OPERATOR_IMAGE:-scalableapp-operator:$version}
shopImage=${SHOP_IMAGE:-shop:1}
binaries=(scalableapp-operator scalableapp-chaos scalableapp-probe)

# The words that start kubectl and helm: a path of the local cluster's command, or of what people have. The file goes by the
# environment: kubectl takes no flag before the name of a plugin.
kubectlCommand() {
    if [ -n "${kubeconfig:-}" ]; then
        echo "env KUBECONFIG=$kubeconfig kubectl"
    else
        echo "$PWD/$cluster kubectl"
    fi
}

helmCommand() {
    if [ -n "${kubeconfig:-}" ]; then
        echo "env KUBECONFIG=$kubeconfig helm"
    else
        echo "$PWD/$cluster helm"
    fi
}

kube() {
    # shellcheck disable=SC2046  # a command of several words
    $(kubectlCommand) "$@"
}

clusterIsUp() {
    kube --request-timeout=5s get --raw /readyz >/dev/null 2>&1
}

# The binaries of a build folder, by name.
built() {
    case $1 in
        scalableapp-operator | kubectl-scalableapp) echo "$2/operator/$1" ;;
        shop) echo "$2/examples/shop/$1" ;;
        *) echo "$2/chaos/$1" ;;
    esac
}

# What the binaries are: changes with every build that changes them.
buildId() {
    local name
    for name in "${binaries[@]}" shop; do
        cat "$(built "$name" "$1")"
    done | sha256sum | cut -c1-12
}

# makeImages BUILD: the operator's image and the shop's, as archives in BUILD/images.
makeImages() {
    local name paths=()
    mkdir -p "$1/images"
    for name in "${binaries[@]}"; do
        paths+=("$(built "$name" "$1")")
    done
    tests/cluster/image --strip --name "$operatorImage" --entrypoint /usr/bin/scalableapp-operator \
        --out "$1/images/operator.tar" "${paths[@]}" &&
        tests/cluster/image --strip --name "$shopImage" --entrypoint /usr/bin/shop \
            --out "$1/images/shop.tar" "$(built shop "$1")"
}

# loadImages BUILD: what makeImages made, into every node.
loadImages() {
    "$cluster" load-image "$1/images/operator.tar" && "$cluster" load-image "$1/images/shop.tar"
}

# installOperator ID: with Helm, or brings it to this build. The ID makes pods start anew when only the image changed.
installOperator() {
    # shellcheck disable=SC2046  # a command of several words
    $(helmCommand) upgrade --install scalableapp charts/scalableapp --namespace "$system" --create-namespace \
        --set-string "image.repository=${operatorImage%:*}" --set-string "image.tag=${operatorImage##*:}" \
        --set chaos.nodeFaults=true,chaos.operatorKill=true,chaos.containerKill=true \
        --set-string "podAnnotations.build=$1" --wait --timeout 180s
}

uninstallOperator() {
    # shellcheck disable=SC2046  # a command of several words
    $(helmCommand) uninstall scalableapp --namespace "$system" --wait --timeout 120s
}
