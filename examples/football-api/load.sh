#!/usr/bin/env bash
# load.sh: one run of Locust, headless, against the service at HOST.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"
mkdir -p out
users=${LOCUST_USERS:-50}
exec locust --locustfile locustfile.py --headless --skip-log --only-summary \
    --host "${HOST:-http://127.0.0.1:8080}" --users "$users" --spawn-rate "${SPAWN_RATE:-10}" \
    --run-time "${RUN_TIME:-5m}" --stop-timeout 5 --exit-code-on-error 0 --csv out/run
