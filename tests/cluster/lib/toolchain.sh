# The right Go on a machine with another one, or an old one: any Go from 1.16 on can fetch the
# toolchain as a module, checked against the checksum database.

GO_ARCH=$(dpkg --print-architecture 2>/dev/null || echo amd64)

# with_go_env CMD...: Go with every folder it writes to inside the cache. GOENV stays the user's own
# file (module proxy, private modules), which is only read.
with_go_env() (
    export GOENV="${GOENV:-${XDG_CONFIG_HOME:-$HOME/.config}/go/env}"
    export GOCACHE="$CACHE/go-build" GOMODCACHE="$CACHE/go-mod" GOPATH="$CACHE/go-path"
    export XDG_CONFIG_HOME="$CACHE/go-config" GOFLAGS=-modcacherw GOTOOLCHAIN=local GOWORK=off CGO_ENABLED=0
    "$@"
)

is_right_go() { [ "$("$1" env GOVERSION 2>/dev/null)" = "go$GO_VERSION" ]; }

# Every go command of this machine, also where Debian and the upstream archive put it.
found_go() {
    { type -ap go || :; ls /usr/local/go/bin/go /usr/lib/go-*/bin/go /usr/lib/go/bin/go 2>/dev/null || :; } | awk '!seen[$0]++'
}

# go_command: the path of the right Go; fetches it into the cache when the machine has none.
go_command() {
    local go fetched=$CACHE/go-mod/golang.org/toolchain@v0.0.1-go$GO_VERSION.linux-$GO_ARCH/bin/go
    for go in "$fetched" $(found_go); do
        ! is_right_go "$go" || { echo "$go" && return; }
    done
    go=$(found_go | head -n 1)
    [ -n "$go" ] || die "no Go at all, not even an old one: apt-get install golang-go"
    say "go: fetching $GO_VERSION through $("$go" env GOVERSION)" >&2
    fetch_toolchain "$go"
    is_right_go "$fetched" || die "Go $GO_VERSION was fetched but does not run: remove $fetched"
    echo "$fetched"
}

# From a folder with a go.mod of its own: an old Go cannot even read the one of our tools.
fetch_toolchain() {
    local folder=$CACHE/go-fetch log=$CACHE/go-toolchain.log
    mkdir -p "$folder"
    printf 'module fetch\n\ngo 1.16\n' >"$folder/go.mod"
    (cd "$folder" && with_go_env with_progress "go: fetching" "$log" "$1" mod download \
        "golang.org/toolchain@v0.0.1-go$GO_VERSION.linux-$GO_ARCH") >&2 ||
        die "Go $GO_VERSION could not be fetched from the module proxy: $(tail -n 1 "$log")"
    rm -rf "$folder"
    # Modules are stored without the executable bit.
    chmod -R +x "$CACHE/go-mod/golang.org/toolchain@v0.0.1-go$GO_VERSION.linux-$GO_ARCH"/{bin,pkg/tool}
}
