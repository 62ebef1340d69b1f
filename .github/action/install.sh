#!/usr/bin/env bash
# The program of the action: decides where it comes from (`plan`) and brings it here (`install`). Between the two
# the runner restores what an earlier job built. Runs under the bash of every runner (3.2 on macOS, Git's on Windows).
set -euo pipefail

# shellcheck source=.github/action/shared.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/shared.sh"
source_root=$(cd -- "$here/../.." && pwd)

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
    if command -v sha256sum >/dev/null; then sha256sum "$@"; else shasum -a 256 "$@"; fi
}

# Another program of this name exists, so the version alone does not tell ours.
is_ours() {
    [ "$("$1" --version 2>/dev/null | tr -d '\r')" = "perfgate $wanted" ] &&
        "$1" schema run 2>/dev/null | grep -q 'perfgate\.run/1'
}

# The archive of the release that this revision lists for this system; nothing where it lists none.
asset() {
    local name
    name=$(target) || return 0
    name=perfgate-$wanted-$name.tar.gz
    [ -z "$(checksum_of "$name")" ] || echo "$name"
}

# Rust as it builds this source: no toolchain, flags or settings of the repository that is measured have a say.
rust() {
    (
        cd -- "$source_root"
        unset RUSTUP_TOOLCHAIN RUSTFLAGS CARGO_ENCODED_RUSTFLAGS RUSTC RUSTC_WRAPPER RUSTC_WORKSPACE_WRAPPER
        unset CARGO_TARGET_DIR CARGO_BUILD_TARGET CARGO_BUILD_TARGET_DIR CARGO_BUILD_RUSTFLAGS CARGO_BUILD_RUSTC_WRAPPER
        [ -z "${toolchain:-}" ] || export RUSTUP_TOOLCHAIN=$toolchain
        "$@"
    )
}

# The toolchain of the runner, or where that is too old the oldest that can build this source.
find_toolchain() {
    local found needed
    command -v cargo >/dev/null ||
        die "there is no perfgate $wanted for this runner, and no Rust to build it with: use a revision that lists a release, install Rust before, or give bin-path"
    needed=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' "$source_root/Cargo.toml" | tr -d '\r')
    toolchain=
    found=$(rust rustc --version | cut -d ' ' -f 2)
    if [ "$(printf '%s\n%s\n' "$needed" "${found%%-*}" | sort -t . -k 1,1n -k 2,2n | head -n 1)" != "$needed" ]; then
        command -v rustup >/dev/null || die "perfgate needs Rust $needed to be built, and this runner has $found"
        rust rustup toolchain install --profile minimal --no-self-update "$needed" >&2 || die "could not install Rust $needed"
        toolchain=$needed
    fi
}

sums() {
    if command -v sha256sum >/dev/null; then xargs -0 sha256sum; else xargs -0 shasum -a 256; fi
}
# What the built program depends on: the source of this revision and the compiler, whatever the revision is called.
digest() {
    {
        (cd -- "$source_root" && find Cargo.lock Cargo.toml src templates -type f | LC_ALL=C sort | tr '\n' '\0' | sums)
        rust rustc -vV
    } | sha256 | cut -c 1-20
}

plan() {
    local found
    if [ -n "${PG_BIN:-}" ]; then
        [ -x "$PG_BIN" ] || die "bin-path: $PG_BIN is no program"
        output binary "$(cd -- "$(dirname -- "$PG_BIN")" && pwd)/$(basename -- "$PG_BIN")"
        return
    fi
    case ${PG_INSTALL:-auto} in
    auto) if [ -n "$(asset)" ]; then output from release; else plan_build; fi ;;
    release) output from release ;;
    cargo) plan_build ;;
    # What the PATH holds may be a stranger's, and is run with a token later: only where the workflow says so.
    never)
        found=$(command -v perfgate || true)
        if [ -z "$found" ] || ! is_ours "$found"; then die "no perfgate $wanted on the PATH, and install: never"; fi
        output binary "$found"
        ;;
    *) die "install: $PG_INSTALL is none of auto, release, cargo, never" ;;
    esac
}

plan_build() {
    local key
    find_toolchain
    output from source
    output toolchain "$toolchain"
    output built "$built"
    key=$(digest)
    output cache-key "perfgate-${RUNNER_OS:-$(uname -s)}-${RUNNER_ARCH:-$(uname -m)}-$key"
}

# fetch URL FILE [ACCEPT]: by https alone, redirects too, whatever a .curlrc says. With ACCEPT as a request to the API that
# carries the token, which stands in no list of processes; curl leaves it out where it is sent on to another host.
fetch() {
    {
        [ -z "${3:-}" ] || printf 'header = "Authorization: Bearer %s"\nheader = "Accept: %s"\n' "$GH_TOKEN" "$3"
    } | curl --disable --proto '=https' --fail --silent --show-error --location --retry 3 --connect-timeout 20 \
        --max-time 300 --config - --output "$2" -- "$1"
}
# The page of a release answers a token of a private repository with 404; the API knows its files by number.
fetch_private() {
    local releases=${GITHUB_API_URL:-https://api.github.com}/repos/$PG_REPOSITORY/releases number
    case ${GH_TOKEN:-} in '' | *[!A-Za-z0-9_.-]*) return 1 ;; esac
    fetch "$releases/tags/v$wanted" "$2.list" application/vnd.github+json || return 1
    number=$(tr -d ' \r\n\t' <"$2.list" | tr '{' '\n' | grep -F "\"name\":\"$1\"" |
        sed -n 's|.*"url":"[^"]*/releases/assets/\([0-9]*\)".*|\1|p' | head -n 1) || return 1
    rm -f -- "$2.list"
    [ -n "$number" ] || return 1
    fetch "$releases/assets/$number" "$2" application/octet-stream
}

# The archive stays in the tool cache and is checked each time: what lies there is trusted by its checksum alone.
from_release() {
    local name expected cache archive found base unpacked=$temp/perfgate-$wanted
    name=$(asset)
    [ -n "$name" ] ||
        die "this revision of the action lists no release for ${RUNNER_OS:-this system} ${RUNNER_ARCH:-}; use a released revision, or install: cargo"
    expected=$(checksum_of "$name")
    cache=${RUNNER_TOOL_CACHE:-$temp}/perfgate/$wanted
    archive=$cache/$name
    mkdir -p -- "$cache" "$unpacked"
    if [ ! -f "$archive" ] || [ "$(sha256 "$archive" | cut -d ' ' -f 1)" != "$expected" ]; then
        base=${PG_DOWNLOAD:-}
        if [ -n "$base" ]; then
            fetch "${base%/}/v$wanted/$name" "$archive.$$" || die "could not fetch ${base%/}/v$wanted/$name, which has to be reached by https"
        else
            # A composite step has it from the action's own `env:` alone: the runner empties GITHUB_ACTION_REPOSITORY.
            [ -n "${PG_REPOSITORY:-}" ] ||
                die "an action of the repository itself has no releases of its own: give download-url, or use install: cargo"
            base=${GITHUB_SERVER_URL:-https://github.com}/$PG_REPOSITORY/releases/download
            fetch "$base/v$wanted/$name" "$archive.$$" 2>"$archive.said" || fetch_private "$name" "$archive.$$" || {
                cat -- "$archive.said" >&2
                die "could not fetch $base/v$wanted/$name; where $PG_REPOSITORY is private, download-token needs contents: read of it"
            }
            rm -f -- "$archive.said"
        fi
        found=$(sha256 "$archive.$$" | cut -d ' ' -f 1)
        if [ "$found" != "$expected" ]; then
            rm -f -- "$archive.$$"
            die "$name has the checksum $found, and $expected was expected; it is not used"
        fi
        attested "$archive.$$" "$name"
        mv -f -- "$archive.$$" "$archive"
    fi
    # From inside the folder: tar takes the drive of a Windows path for the name of a host.
    (cd -- "$unpacked" && tar -xzf - <"$archive")
    binary=$unpacked/perfgate$suffix
}

# Who built the archive, where GitHub's own tool is here to ask: the checksum stands in this revision all the same.
attested() {
    [ -n "${PG_REPOSITORY:-}" ] && [ -n "${GH_TOKEN:-}" ] || return 0
    [ "${GITHUB_SERVER_URL:-https://github.com}" = https://github.com ] || return 0
    gh attestation --help >/dev/null 2>&1 || return 0
    gh attestation verify "$1" --repo "$PG_REPOSITORY" >/dev/null || {
        rm -f -- "$1"
        die "$2 has no valid attestation of $PG_REPOSITORY; it is not used"
    }
}

# An earlier job's build was restored, or it is built now.
from_source() {
    toolchain=${PG_TOOLCHAIN:-}
    binary=$built/perfgate$suffix
    if [ -x "$binary" ] && is_ours "$binary"; then
        return
    fi
    echo "building perfgate $wanted from the source of this revision"
    rust cargo build --quiet --release --locked --bin perfgate --target-dir "$temp/perfgate-target" >&2 ||
        die "cargo could not build perfgate"
    mkdir -p -- "$built"
    cp -- "$temp/perfgate-target/release/perfgate$suffix" "$binary"
    output save true
}

install() {
    binary=${PG_BINARY:-}
    case ${PG_FROM:-} in
    release) from_release ;;
    source) from_source ;;
    esac
    [ -n "$binary" ] || die "there is no program to install"
    [ -z "${PG_FROM:-}" ] || is_ours "$binary" || die "$binary is not perfgate $wanted"
    output binary "$binary"
}

temp=${RUNNER_TEMP:-/tmp}
built=$temp/perfgate-built
wanted=$(sed -n 's/^version //p' "$here/release.txt" | tr -d '\r')
suffix=
[ "${RUNNER_OS:-}" != Windows ] || suffix=.exe
cd -- "${PG_DIRECTORY:-.}" || die "working-directory: ${PG_DIRECTORY:-.} is no folder"
case ${1:-} in
plan) plan ;;
install) install ;;
*) die "install.sh: ${1:-} is none of plan, install" ;;
esac
finished=yes
