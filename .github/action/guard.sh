#!/usr/bin/env bash
# Refuses to measure the code of a pull request in a job that has the secrets and the rights of the base branch.
set -euo pipefail

# shellcheck source=.github/action/shared.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/shared.sh"

case ${GITHUB_EVENT_NAME:-} in
pull_request_target) ;;
# The head of a run behind a push is a commit of this repository's own.
workflow_run) case ${PG_MEASURED:-} in pull_request*) ;; *) done_with 0 ;; esac ;;
*) done_with 0 ;;
esac
# Neither runs anything of a repository.
case ${PG_MODE:-check} in post | install) done_with 0 ;; esac
[ "${PG_ALLOW:-false}" != true ] || done_with 0
command -v git >/dev/null || done_with 0

# git SUBCOMMAND... in a folder of whatever owner: in a container the checkout is another user's.
in_folder() { git -c safe.directory='*' -C "$@" 2>/dev/null; }
refuse() {
    die "$1 in ${2#"${GITHUB_WORKSPACE:-}"/}, and a job of $GITHUB_EVENT_NAME has the secrets of the base branch: gate pull requests in a workflow on: pull_request, or say allow-unsafe-pr-checkout: true"
}

# What is measured is the base, as the event names it, or it is refused.
cd -- "${PG_DIRECTORY:-.}" || die "working-directory: ${PG_DIRECTORY:-.} is no folder"
measured=$(in_folder . rev-parse --show-toplevel || true)
if [ -n "$measured" ] && [ "$(in_folder "$measured" rev-parse HEAD || true)" != "${GITHUB_SHA:-}" ]; then
    refuse "another commit than that of the base is checked out" "$measured"
fi
# And nowhere else lies the head, or what it would be merged.
while IFS= read -r place; do
    folder=$(dirname -- "$place")
    while read -r word commit _; do
        case $word in
        commit | parent) [ -z "${PG_HEAD:-}" ] || [ "$commit" != "$PG_HEAD" ] || refuse "the head of the pull request is checked out" "$folder" ;;
        esac
    done < <(
        echo "commit $(in_folder "$folder" rev-parse HEAD)"
        in_folder "$folder" cat-file commit HEAD
    )
done < <(find "${GITHUB_WORKSPACE:-.}" -maxdepth 4 -name .git)
done_with 0
