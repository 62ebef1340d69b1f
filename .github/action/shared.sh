# Sourced by the scripts of the action: how they end, what they tell, what they hand on.
# shellcheck shell=bash disable=SC2034 # the scripts use what is set here

# 1 is the word for a regression: whatever goes wrong in here is 2.
finished=
trap '[ -n "$finished" ] || exit 2' EXIT

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)

# Text of ours and of the inputs in a workflow command: a line of a stranger must not become a command.
escaped() {
    local text=$1
    text=${text//'%'/%25}
    text=${text//$'\r'/%0D}
    printf '%s' "${text//$'\n'/%0A}"
}
die() {
    printf '::error title=perfgate::%s\n' "$(escaped "$1")"
    output exit-code 2
    exit 2
}
# Values of ours or paths of the workflow's author; a line break would assign another output.
output() {
    [ -n "${GITHUB_OUTPUT:-}" ] || return 0
    case $2 in *$'\n'* | *$'\r'*) return 0 ;; esac
    printf '%s=%s\n' "$1" "$2" >>"$GITHUB_OUTPUT"
}
