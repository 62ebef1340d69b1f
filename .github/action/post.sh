#!/usr/bin/env bash
# Posts the verdict that a file holds: the only step of the action with a token that may write, and it runs nothing of
# the repository. Runs under the bash of every runner (3.2 on macOS, Git's on Windows).
set -euo pipefail

# shellcheck source=.github/action/shared.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/shared.sh"
binary=${PG_BINARY:?}
cd -- "${PG_DIRECTORY:-.}" || die "working-directory: ${PG_DIRECTORY:-.} is no folder"
verdict=${PG_VERDICT:-perfgate-verdict.json}

# With a verdict the code says whether it was posted. Without one the code is 2, and the pull request was told if there is a comment.
was_posted() {
    [ "$code" -ne 2 ] || { [ ! -f "$verdict" ] && grep -q '^comment-url' "${GITHUB_OUTPUT:-/dev/null}"; }
}

arguments+=(post "--comment=${PG_COMMENT:-on-change}")
flag --id "${PG_ID:-}"
flag --template "${PG_TEMPLATE:-}"
flag --status "${PG_STATUS:-}"
flag --check-run "${PG_CHECK_RUN:-}"
if [ "${PG_MODE:-check}" = post ]; then
    # Nothing else is its work: where it cannot post, that is an error whatever `post:` says.
    arguments+=(--required)
    lines "${PG_ARGS:-}"
else
    [ "${PG_POST:-auto}" != required ] || arguments+=(--required)
    flag --full-table "${PG_TABLE:-}"
    flag --reason "${PG_REASON:-}"
    # The step that judged has written its summary.
    unset GITHUB_STEP_SUMMARY
fi
lines "${PG_POST_ARGS:-}"
arguments+=(-- "$verdict")

code=0
"$binary" "${arguments[@]}" || code=$?
exit_code_of "$code"
# The gate that came to this verdict, or to none, is red already; what only carries it is red where it could not.
if [ "${PG_MODE:-check}" = post ] && was_posted; then code=0; fi
output code "$code"
done_with 0
