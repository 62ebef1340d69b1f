#!/usr/bin/env bash
# Records the example anew: five runs of main and five of pr, in turns, about six minutes.
#
#   ./record.sh                        # into recorded/ and results/ beside this file
#   RUNS=1 RUN_TIME=5s ./record.sh /tmp/shop   # shorter, into another folder
#
# Needs python3 and Locust (`pip install locust`). Everything stays on loopback; the two servers that it
# starts are the only processes that it ends.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
out=${1:-$here}
runs=${RUNS:-5}
run_time=${RUN_TIME:-30s}
export PYTHONDONTWRITEBYTECODE=1

command -v locust >/dev/null || {
    echo "record.sh: locust is not on the PATH; install it with: pip install locust" >&2
    exit 2
}

work=$(mktemp -d)
servers=()
finish() {
    for server in "${servers[@]}"; do
        kill "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    done
    rm -rf -- "$work"
}
trap finish EXIT

# Starts one variant of the shop and leaves its address in the variable `address`.
start() {
    local variant=$1 port=""
    SHOP_VARIANT=$variant python3 "$here/server.py" 0 >"$work/$variant.port" &
    servers+=("$!")
    for _ in $(seq 100); do
        port=$(head -n 1 "$work/$variant.port")
        [ -n "$port" ] && break
        sleep 0.1
    done
    [ -n "$port" ] || {
        echo "record.sh: the $variant shop did not start within 10 s" >&2
        exit 2
    }
    address=http://127.0.0.1:$port
}

# One run of Locust; --exit-code-on-error 0 because perfgate judges the errors, not Locust.
record() {
    local prefix=$1 host=$2
    echo "record.sh: $prefix" >&2
    timeout 300 locust --locustfile "$here/locustfile.py" --host "$host" \
        --headless --only-summary --skip-log --users 25 --spawn-rate 25 --run-time "$run_time" \
        --stop-timeout 2 --exit-code-on-error 0 --csv "$work/$prefix" --json-file "$work/$prefix" \
        </dev/null >"$work/$prefix.log" 2>&1 || {
        cat "$work/$prefix.log" >&2
        exit 2
    }
}

start main
main=$address
start pr
pr=$address

for n in $(seq "$runs"); do
    record "main-$n" "$main"
    record "pr-$n" "$pr"
done

mkdir -p "$out/recorded" "$out/results"
for n in $(seq "$runs"); do
    for kind in stats failures; do
        cp "$work/main-${n}_$kind.csv" "$out/recorded/main-${n}_$kind.csv"
        cp "$work/pr-${n}_$kind.csv" "$out/results/pr-${n}_$kind.csv"
    done
done
