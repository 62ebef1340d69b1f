#!/usr/bin/env bash
# The action's second half: runs one command of the program that install.sh found, and passes its exit code on. Runs
# under the bash of every runner (3.2 on macOS, Git's on Windows). Inputs arrive as PG_* and are only ever arguments, never shell text.
set -euo pipefail

# shellcheck source=.github/action/shared.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/shared.sh"
binary=${PG_BINARY:?}

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
# results TEXT: as lines, with * standing for any part of a name; what matches nothing is left for perfgate to name.
results() {
    local line found path
    while IFS= read -r line || [ -n "$line" ]; do
        line=${line%$'\r'}
        [ -n "$line" ] || continue
        found=
        while IFS= read -r path; do
            [ -z "$path" ] || {
                arguments+=("$path")
                found=yes
            }
        done < <(compgen -G "$line" || true)
        [ -n "$found" ] || arguments+=("$line")
    done <<<"$1"
}

# With a verdict the code says whether it was posted. Without one the code is 2, and the pull request was told if there is a comment.
was_posted() {
    [ "$code" -ne 2 ] || { [ ! -f "$verdict" ] && grep -q '^comment-url' "${GITHUB_OUTPUT:-/dev/null}"; }
}

# As later steps name it, which begin in the workspace again.
from_workspace() {
    case $1 in
    /* | [A-Za-z]:*) printf '%s' "$1" ;;
    *) if [ "${PG_DIRECTORY:-.}" = . ]; then printf '%s' "$1"; else printf '%s' "${PG_DIRECTORY%/}/$1"; fi ;;
    esac
}

cd -- "${PG_DIRECTORY:-.}" || die "working-directory: ${PG_DIRECTORY:-.} is no folder"
verdict=${PG_VERDICT:-perfgate-verdict.json}
report=${PG_REPORT:-perfgate-report.md}

case ${PG_MODE:-check} in
install)
    [ -z "${GITHUB_PATH:-}" ] || dirname -- "$binary" >>"$GITHUB_PATH"
    "$binary" --version
    output exit-code 0
    finished=yes
    exit 0
    ;;
check)
    arguments+=(check "--post=${PG_POST:-auto}" "--comment=${PG_COMMENT:-on-change}")
    arguments+=("--report=json=$verdict" "--report=markdown=$report")
    flag --baseline "${PG_BASELINE:-}"
    flag --config "${PG_CONFIG:-}"
    flag --id "${PG_ID:-}"
    flag --template "${PG_TEMPLATE:-}"
    ;;
post)
    # Nothing else is its work: where it cannot post, that is an error whatever `post:` says.
    arguments+=(post --required "--comment=${PG_COMMENT:-on-change}")
    flag --id "${PG_ID:-}"
    flag --template "${PG_TEMPLATE:-}"
    ;;
update)
    arguments+=(baseline update)
    flag --baseline "${PG_BASELINE:-}"
    flag --config "${PG_CONFIG:-}"
    ;;
*) die "mode: ${PG_MODE} is none of check, post, update, install" ;;
esac
lines "${PG_ARGS:-}"
arguments+=(--)
case ${PG_MODE:-check} in
post) arguments+=("$verdict") ;;
*) results "${PG_RESULTS:-}" ;;
esac

# What an earlier step left behind must not pass for the verdict of this one.
[ "${PG_MODE:-check}" != check ] || rm -f -- "$verdict" "$report"
code=0
"$binary" "${arguments[@]}" || code=$?
if [ "${PG_MODE:-check}" = check ] && [ -f "$verdict" ]; then
    output verdict-file "$(from_workspace "$verdict")"
    output report "$(from_workspace "$report")"
fi
# The command writes it with its verdict; where it came to none, this is all there is.
if [ -z "${GITHUB_OUTPUT:-}" ] || ! grep -q '^exit-code' "$GITHUB_OUTPUT" 2>/dev/null; then
    output exit-code "$code"
fi
finished=yes
# The gate that came to this verdict, or to none, is red already; what only carries it is red where it could not.
if [ "${PG_MODE:-check}" = post ] && was_posted; then code=0; fi
exit "$code"
