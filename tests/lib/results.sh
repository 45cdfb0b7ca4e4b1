# What ctest found, from the JUnit files it wrote: counts, names, and one log per failed test.
#
#   resultsOf results/*.xml >table         lines "<passed|failed|skipped> <test>"
#   failureLogs FOLDER results/*.xml       FOLDER/<test>.log for every failed test
#   failureText LOG                        what it says was wrong, in a few lines: a log may be gone with its machine
#
# shellcheck shell=bash

resultsOf() {
    [ $# -gt 0 ] || return 0
    awk '
        function attribute(name,    at) {
            at = index($0, " " name "=\"")
            return at ? substr($0, at + length(name) + 3, index(substr($0, at + length(name) + 3), "\"") - 1) : ""
        }
        /<testcase / {
            status = attribute("status")
            state = status == "run" ? "passed" : status == "fail" ? "failed" : "skipped"
            # Not run for want of its binary, and not because it chose to skip: a failure.
            missing = status == "notrun"
            test = attribute("name")
        }
        /<skipped message="SKIP_/ { missing = 0 }
        /<\/testcase>/ { print missing ? "failed" : state, test; missing = 0 }
    ' "$@"
}

failureLogs() {
    local folder=$1
    shift
    [ $# -gt 0 ] || return 0
    mkdir -p "$folder"
    awk -v folder="$folder" '
        function plain(text) {
            gsub(/&lt;/, "<", text); gsub(/&gt;/, ">", text); gsub(/&quot;/, "\"", text)
            gsub(/&apos;/, "\x27", text); gsub(/&amp;/, "\\&", text)
            return text
        }
        /<testcase / { match($0, / name="[^"]*"/); test = substr($0, RSTART + 7, RLENGTH - 8); failed = / status="fail"/ }
        /<system-out>/ && failed {
            gsub(/\//, "_", test)
            file = folder "/" test ".log"
            sub(/.*<system-out>/, "")
            inside = 1
        }
        inside { line = $0; ended = sub(/<\/system-out>.*/, "", line); print plain(line) >file }
        inside && ended { close(file); inside = 0 }
    ' "$@"
}

# What GoogleTest calls a failure, up to the next empty line of its own; of any other test the last lines.
failureText() {
    local found
    found=$(awk '
        /: Failure$/ { inside = 1 }
        /^\[|^$/ { inside = 0 }
        inside && length($0) > 300 { $0 = substr($0, 1, 300) "..." }
        inside { print }' "$1" | head -n 30)
    [ -n "$found" ] || found=$(tail -n 15 "$1" | cut -c 1-300)
    printf '%s\n' "$found"
}
