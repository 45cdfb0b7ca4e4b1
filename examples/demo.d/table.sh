# The acts of the demonstration and the table they end in.
#
#   act FUNCTION TITLE      runs it; FUNCTION says in $outcome what came of it, and fails to end the demonstration
#   leftOut TITLE WHY       a row for an act that is not played
#   conclusion              the table and the verdict
#
# shellcheck shell=bash

rows=()
outcome=

act() {
    local began=$SECONDS clock
    clock=$(date +%T)
    outcome=
    actTitle=$2
    if "$1"; then
        rows+=("$2|$clock|$(spell $((SECONDS - began)))|${outcome:-ok}")
        return
    fi
    rows+=("$2|$clock|$(spell $((SECONDS - began)))|FAILED${outcome:+: $outcome}")
    saveEvidence
    conclusion
    exit 1
}

leftOut() {
    rows+=("$1|-|-|skipped: $2")
}

row() {
    printf '%s%-36s  %-8s  %12s  %s%s\n' "$5" "$1" "$2" "$3" "$4" "$plain"
}

conclusion() {
    local line what clock took result colour
    echo
    row "What" "Began" "Took" "Result" "$bold"
    for line in "${rows[@]}"; do
        IFS='|' read -r what clock took result <<<"$line"
        colour=
        [[ $result != FAILED* ]] || colour=$red
        row "$what" "$clock" "$took" "$result" "$colour"
    done
    echo
    if [ -n "${verdict:-}" ]; then
        if [ "$verdict" = Resilient ]; then
            printf '%sVerdict of the last chaos run: %s%s\n' "$bold$green" "$verdict" "$plain"
        else
            printf '%sVerdict of the last chaos run: %s%s\n' "$bold$red" "$verdict" "$plain"
        fi
    fi
    printf 'Whole demonstration: %s\n' "$(spell $SECONDS)"
}
