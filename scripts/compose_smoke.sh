#!/usr/bin/env bash
# Build the image, start everything with two workers, wait until it is healthy, look at it from outside
# and tear it down, data included. Needs Docker with Compose; nothing else may use port 8501.
set -euo pipefail
cd "$(dirname "$0")/.."

secret() { head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n'; }
variables=$(mktemp)
metrics=$(secret)
cat >"$variables" <<VARIABLES
POSTGRES_PASSWORD=$(secret)
APP_PASSWORD=$(secret)
TOKEN_SECRET=$(secret)
METRICS_TOKEN=$metrics
LOG_FORMAT=json
VARIABLES
compose() { docker compose --project-name iacrm-smoke --env-file "$variables" "$@"; }
trap 'compose down --volumes --remove-orphans; rm -f "$variables"' EXIT

compose config --quiet
compose up --detach --build --scale worker=2
for _ in $(seq 120); do
    curl -fsS http://127.0.0.1:8501/health 2>/dev/null | grep -q '"status":"ok"' && healthy=1 && break
    sleep 2
done
if [ "${healthy:-0}" != 1 ]; then
    compose ps --all && compose logs --tail 50
    exit 1
fi
BASE_URL=http://127.0.0.1:8501 METRICS_TOKEN=$metrics scripts/api_smoke.sh
test "$(compose ps --quiet worker | wc -l)" = 2
compose exec -T web python -m core check
echo "The composed instance works."
