# Sourced by the scripts of the action: how they end, what they tell, what they hand on, how they call the program.
# shellcheck shell=bash disable=SC2034 # the scripts use what is set here

# 1 is the word for a regression: whatever goes wrong in here is 2.
finished=
trap '[ -n "$finished" ] || exit 2' EXIT

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)

done_with() {
    finished=yes
    exit "$1"
}
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

# The command writes it with its verdict; where it came to none, this is all there is.
exit_code_of() { grep -q '^exit-code' "${GITHUB_OUTPUT:-/dev/null}" || output exit-code "$1"; }

arguments=()
# flag NAME VALUE: only where there is a value.
flag() { [ -z "$2" ] || arguments+=("$1=$2"); }
# lines TEXT: each line that is not empty is one argument, whatever it holds.
lines() {
    local line
    while IFS= read -r line || [ -n "$line" ]; do
        line=${line%$'\r'}
        [ -z "$line" ] || arguments+=("$line")
    done <<<"$1"
}
# As later steps name it, which begin in the workspace again.
from_workspace() {
    case $1 in
    /* | [A-Za-z]:*) printf '%s' "$1" ;;
    *) if [ "${PG_DIRECTORY:-.}" = . ]; then printf '%s' "$1"; else printf '%s' "${PG_DIRECTORY%/}/$1"; fi ;;
    esac
}
