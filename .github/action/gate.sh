#!/usr/bin/env bash
# Measures and judges: one command of the program that install.sh found, without any token. The verdict's code goes to
# the last step of the action, and the verdict as a file to those between. Runs under the bash of every runner (3.2 on
# macOS, Git's on Windows). Inputs arrive as PG_* and are only ever arguments, never shell text.
set -euo pipefail

# shellcheck source=.github/action/shared.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/shared.sh"
binary=${PG_BINARY:?}

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
            # In the order of their numbers on every system: the shell has none.
        done < <(compgen -G "$line" | LC_ALL=C sort -V)
        [ -n "$found" ] || arguments+=("$line")
    done <<<"$1"
}
# The name of a file is that of the artifact, so each gate of a run has one of its own.
page_of() {
    local name=${PG_ID:-${GITHUB_JOB:-gate}}
    printf '%s' "${RUNNER_TEMP:-/tmp}/perfgate-${name//[!A-Za-z0-9._-]/-}.html"
}
writes_html() { case $("$binary" check --help) in *html*) ;; *) return 1 ;; esac }

cd -- "${PG_DIRECTORY:-.}" || die "working-directory: ${PG_DIRECTORY:-.} is no folder"
verdict=${PG_VERDICT:-perfgate-verdict.json}
report=${PG_REPORT:-perfgate-report.md}
page=

mode=${PG_MODE:-check}
case $mode in
install)
    [ -z "${GITHUB_PATH:-}" ] || dirname -- "$binary" >>"$GITHUB_PATH"
    "$binary" --version
    output exit-code 0
    output code 0
    done_with 0
    ;;
check | ab)
    # Base and head are measured in turns, as [ab] of perfgate.toml says, and no baseline is asked.
    [ "$mode" != ab ] || export PERFGATE_MODE=ab
    case ${PG_POST:-auto} in
    auto | required) output posts true ;;
    never) ;;
    *) die "post: ${PG_POST} is none of auto, required, never" ;;
    esac
    arguments+=(check "--report=json=$verdict" "--report=markdown=$report")
    if writes_html; then
        page=$(page_of)
        arguments+=("--report=html=$page")
    fi
    [ "$mode" = ab ] || flag --baseline "${PG_BASELINE:-}"
    flag --config "${PG_CONFIG:-}"
    flag --id "${PG_ID:-}"
    flag --template "${PG_TEMPLATE:-}"
    flag --rules-from "${PG_RULES_FROM:-}"
    # What an earlier step left behind must not pass for the verdict of this one.
    rm -f -- "$verdict" "$report" ${page:+"$page"}
    ;;
update)
    arguments+=(baseline update)
    flag --baseline "${PG_BASELINE:-}"
    flag --config "${PG_CONFIG:-}"
    ;;
*) die "mode: ${PG_MODE} is none of check, ab, post, update, install" ;;
esac
lines "${PG_ARGS:-}"
arguments+=(--)
results "${PG_RESULTS:-}"

code=0
"$binary" "${arguments[@]}" || code=$?
if [[ $mode == @(check|ab) && -f $verdict ]]; then
    output verdict-file "$(from_workspace "$verdict")"
    output report-path "$(from_workspace "$report")"
fi
if [ -n "$page" ] && [ -f "$page" ]; then
    output page "$page"
    output report-path "$page"
fi
exit_code_of "$code"
# Somebody ended it, and no verdict is missing.
[ "$code" -ne 130 ] || output posts false
output code "$code"
done_with 0
