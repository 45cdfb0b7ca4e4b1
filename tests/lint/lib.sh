# Shared by the checks of this folder. A check gets the tree to look at as its first argument, prints one line per
# defect ("file:line: what: remedy"), and exits 0 (clean), 1 (defects) or 77 (its tool is missing: skipped).
# shellcheck shell=bash
set -uo pipefail

tree=$(cd "${1:-$(dirname "$0")/../..}" && pwd)
cd "$tree" || exit 2

# The project's files, tracked or about to be: all, or those whose path matches an extended regular expression.
files() {
    { git ls-files --cached --others --exclude-standard 2>/dev/null || find . -type f -printf '%P\n'; } |
        grep -E "${1:-.}" | while read -r file; do [ -f "$file" ] && echo "$file"; done
}

# Prints what stdin brings as defects; remembers that there was one.
defects=0
report() {
    local line
    while read -r line; do
        echo "$line: $1"
        defects=$((defects + 1))
    done
}

finish() {
    [ "$defects" = 0 ] && exit 0
    echo "$defects defects"
    exit 1
}

skip() {
    echo "skipped: $1"
    exit 77
}
