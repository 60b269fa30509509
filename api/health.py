"""`/health`: what a supervisor or a load balancer asks."""

from starlette.requests import Request
from starlette.responses import JSONResponse

from core.services.instance import app_store, check_health


def health(_request: Request) -> JSONResponse:
    """Answer 200 while pages can be served, 503 when the database or its schema is not there."""
    found = check_health(app_store())
    body = {
        "status": "ok" if found.is_ok else "degraded",
        "db": found.database,
        "migrations": found.migrations,
        "worker": found.worker,
    }
    status = 200 if found.database and found.migrations else 503
    return JSONResponse(body, status, {"Cache-Control": "no-store"})
