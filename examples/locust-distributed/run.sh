#!/usr/bin/env bash
# run.sh N [LOCUST OPTION...]: one run of Locust with a master and workers of its own, as perfgate.toml asks for it.
#
# On one machine Locust starts a worker on each of two cores. For several machines set WORKERS to their number, run this on
# the first, and on each of the others:
#
#     locust --locustfile locustfile.py --worker --master-host FIRST
#
# HOST is the service under load. Only the master writes results, so what perfgate reads is the same in both cases.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"

run=$1
shift
distributed=(--processes "${PROCESSES:-2}")
if [ -n "${WORKERS:-}" ]; then
    distributed=(--master --expect-workers "$WORKERS" --expect-workers-max-wait 60)
fi
mkdir -p out
exec locust --locustfile locustfile.py --headless --skip-log --only-summary "${distributed[@]}" \
    --host "${HOST:-http://127.0.0.1:8080}" --users "${LOCUST_USERS:-40}" --spawn-rate "${LOCUST_USERS:-40}" \
    --run-time "${RUN_TIME:-30s}" --stop-timeout 5 --exit-code-on-error 0 --csv "out/run$run" "$@"
