#!/usr/bin/env bash
# run.sh N: one test by the k6 operator, as perfgate.toml asks for it; the summary of each pod is out/runN/podM.json.
#
# With LOCAL=1 the same parts of the load are put on by k6 here, without a cluster: to try it, HOST is the service.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"

run=$1
name=standings
pods=$(sed -n 's/^ *parallelism: *//p' testrun.yaml)
module=${PERFGATE_MODULE:-../../templates/k6/perfgate.js}
out=out/run$run
rm -rf -- "$out"
mkdir -p -- "$out"

if [ -n "${LOCAL:-}" ]; then
    cp -- script.js "$module" "$out"
    sequence=0
    for ((pod = 1; pod < pods; pod++)); do sequence+=,$pod/$pods; done
    for ((pod = 1; pod <= pods; pod++)); do
        k6 run --quiet --no-usage-report --address "" --execution-segment "$((pod - 1))/$pods:$pod/$pods" \
            --execution-segment-sequence "$sequence,1" "$out/script.js" >"$out/pod$pod.log" 2>&1 &
    done
    wait
else
    kubectl delete testrun "$name" --ignore-not-found >&2
    kubectl create configmap "$name" --from-file script.js --from-file "$module" --dry-run=client --output yaml |
        kubectl apply --filename - >&2
    kubectl apply --filename testrun.yaml >&2
    kubectl wait "testrun/$name" --for 'jsonpath={.status.stage}=finished' --timeout 14m >&2
    for ((pod = 1; pod <= pods; pod++)); do
        kubectl logs "job/$name-$pod" >"$out/pod$pod.log"
    done
fi

for ((pod = 1; pod <= pods; pod++)); do
    sed -n 's/^perfgate-summary //p' "$out/pod$pod.log" >"$out/pod$pod.json"
    if [ ! -s "$out/pod$pod.json" ]; then
        cat -- "$out/pod$pod.log" >&2
        echo "run.sh: pod $pod of $pods wrote no summary" >&2
        exit 1
    fi
done
