#!/usr/bin/env bash
# Look at a running instance from outside: health, documentation, pages, and with a token its runs.
#
#   BASE_URL=https://crm.example.com TOKEN=iacrm_… METRICS_TOKEN=… scripts/api_smoke.sh
#
# It reads only. Without TOKEN or METRICS_TOKEN what needs them is left out, and said to be.
set -euo pipefail
base=${BASE_URL:-http://localhost:8501}

fail() { echo "FAILED: $*" >&2 && exit 1; }
answer() { # STATUS PATH [CURL OPTIONS...]: the body, if the status is the one that is expected
    local wanted=$1 path=$2 body status
    shift 2
    body=$(mktemp)
    status=$(curl -sS -o "$body" -w '%{http_code}' --max-time 30 "$@" "$base$path") || fail "$path does not answer"
    [ "$status" = "$wanted" ] || fail "$path answered $status, not $wanted: $(head -c 300 "$body")"
    echo "$status $path" >&2
    cat "$body"
    rm -f "$body"
}
# All is read, though it is found at once: an answer that is not taken to its end ends who gives it.
has() { grep -- "$1" >/dev/null || fail "no $1 in the answer"; }

answer 200 /health/live | has '"status":"ok"'
answer 200 /health | has '"db":true'
answer 200 /openapi.json | has '"/reco/run"'
answer 200 /docs | has swagger
[ "${PAGES:-1}" = 1 ] && answer 200 / | has '<html'
answer 401 /reco/runs >/dev/null
answer 401 /reco/runs -H 'Authorization: Bearer iacrm_nobody' | has '"status":401'
id=smoke-$$-$(date +%s)
curl -sS -o /dev/null -D - -H "X-Request-ID: $id" "$base/health/live" | tr -d '\r' | grep -qi "^x-request-id: $id$" ||
    fail "X-Request-ID does not come back"

if [ -n "${TOKEN:-}" ]; then
    bearer="Authorization: Bearer $TOKEN"
    runs=$(answer 200 '/reco/runs?limit=200' -H "$bearer")
    run=$(printf '%s' "$runs" | tr '{' '\n' | sed -n 's/.*"run_id":"\([0-9a-f-]*\)","status":"done".*/\1/p' | sed -n 1p)
    if [ -n "$run" ]; then
        answer 200 "/reco/runs/$run" -H "$bearer" | has "$run"
        answer 200 "/export/runs/$run/reco_output.csv" -H "$bearer" | has '^run_id,customer_code,'
    else
        echo "the company has no run that is done: no export was looked at" >&2
    fi
else
    echo "no TOKEN: runs were not looked at" >&2
fi
if [ -n "${METRICS_TOKEN:-}" ]; then
    answer 200 /metrics -H "Authorization: Bearer $METRICS_TOKEN" | has '^iacrm_database_up 1'
else
    echo "no METRICS_TOKEN: metrics were not looked at" >&2
fi
echo "The instance at $base answers as it should."
