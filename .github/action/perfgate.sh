#!/usr/bin/env bash
# The action: finds or installs perfgate, runs one command, passes its exit code on. Runs under the bash of every
# runner (3.2 on macOS, Git's on Windows). Inputs arrive as PG_* and are only ever arguments, never shell text.
set -euo pipefail

# 1 is the word for a regression: whatever goes wrong in here is 2.
finished=
trap '[ -n "$finished" ] || exit 2' EXIT

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
source_root=$(cd -- "$here/../.." && pwd)

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

version() { sed -n 's/^version //p' "$here/release.txt" | tr -d '\r'; }
checksum_of() { sed -n "s/^\([0-9a-f]\{64\}\)  $1"$'\r'"\{0,1\}$/\1/p" "$here/release.txt"; }

target() {
    case ${RUNNER_OS:-$(uname -s)}-${RUNNER_ARCH:-$(uname -m)} in
    Linux-X64 | Linux-x86_64) echo x86_64-unknown-linux-musl ;;
    Linux-ARM64 | Linux-aarch64) echo aarch64-unknown-linux-musl ;;
    macOS-X64 | Darwin-x86_64) echo x86_64-apple-darwin ;;
    macOS-ARM64 | Darwin-arm64) echo aarch64-apple-darwin ;;
    Windows-X64 | MINGW*-x86_64 | MSYS*-x86_64) echo x86_64-pc-windows-msvc ;;
    *) return 1 ;;
    esac
}

sha256() {
    if command -v sha256sum >/dev/null; then sha256sum <"$1"; else shasum -a 256 <"$1"; fi | cut -d ' ' -f 1
}

# Another program of this name exists, so the version alone does not tell ours.
is_ours() {
    [ "$("$1" --version 2>/dev/null | tr -d '\r')" = "perfgate $2" ] &&
        "$1" schema run 2>/dev/null | grep -q 'perfgate\.run/1'
}

# The archive stays in the tool cache and is checked each time: what lies there is trusted by its checksum alone.
from_release() {
    local name asset expected cache archive found base
    name=$(target) || die "there is no release for ${RUNNER_OS:-this system} ${RUNNER_ARCH:-}; use install: cargo"
    asset=perfgate-$1-$name.tar.gz
    expected=$(checksum_of "$asset")
    [ -n "$expected" ] ||
        die "this revision of the action lists no release of $asset; pin a released revision, or use install: cargo"
    cache=${RUNNER_TOOL_CACHE:-${RUNNER_TEMP:-/tmp}}/perfgate/$1
    archive=$cache/$asset
    mkdir -p -- "$cache" "$unpacked"
    if [ ! -f "$archive" ] || [ "$(sha256 "$archive")" != "$expected" ]; then
        base=${PG_DOWNLOAD:-${GITHUB_SERVER_URL:-https://github.com}/${GITHUB_ACTION_REPOSITORY:?}/releases/download}
        curl --fail --silent --show-error --location --retry 3 --connect-timeout 20 --max-time 300 \
            --output "$archive.$$" -- "${base%/}/v$1/$asset" || die "could not fetch ${base%/}/v$1/$asset"
        found=$(sha256 "$archive.$$")
        if [ "$found" != "$expected" ]; then
            rm -f -- "$archive.$$"
            die "$asset has the checksum $found, and $expected was expected; it is not used"
        fi
        mv -f -- "$archive.$$" "$archive"
    fi
    # From inside the folder: tar takes the drive of a Windows path for the name of a host.
    (cd -- "$unpacked" && tar -xzf - <"$archive")
    binary=$unpacked/perfgate$suffix
}

from_cargo() {
    command -v cargo >/dev/null || die "install: cargo needs Rust on the runner"
    cargo install --quiet --locked --force --path "$source_root" --root "$unpacked" >&2 ||
        die "cargo could not build perfgate"
    binary=$unpacked/bin/perfgate$suffix
}

find_binary() {
    local wanted
    wanted=$(version)
    suffix=
    [ "${RUNNER_OS:-}" != Windows ] || suffix=.exe
    unpacked=${RUNNER_TEMP:-/tmp}/perfgate-$wanted
    if [ -n "${PG_BIN:-}" ]; then
        binary=$PG_BIN
        [ -x "$binary" ] || die "bin-path: $binary is no program"
        return
    fi
    binary=$(command -v perfgate || true)
    if [ -n "$binary" ] && is_ours "$binary" "$wanted"; then
        return
    fi
    case ${PG_INSTALL:-release} in
    release) from_release "$wanted" ;;
    cargo) from_cargo ;;
    never) die "no perfgate $wanted on the PATH, and install: never" ;;
    *) die "install: ${PG_INSTALL} is none of release, cargo, never" ;;
    esac
    is_ours "$binary" "$wanted" || die "$binary is not perfgate $wanted"
}

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

# As later steps name it, which begin in the workspace again.
from_workspace() {
    case $1 in
    /* | [A-Za-z]:*) printf '%s' "$1" ;;
    *) if [ "${PG_DIRECTORY:-.}" = . ]; then printf '%s' "$1"; else printf '%s' "${PG_DIRECTORY%/}/$1"; fi ;;
    esac
}

cd -- "${PG_DIRECTORY:-.}" || die "working-directory: ${PG_DIRECTORY:-.} is no folder"
suffix='' unpacked='' binary=''
verdict=${PG_VERDICT:-perfgate-verdict.json}
report=${PG_REPORT:-perfgate-report.md}
find_binary

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
    arguments+=(post "--comment=${PG_COMMENT:-on-change}")
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
exit "$code"
