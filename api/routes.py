"""Every route and middleware of the application, for `app.py`."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import lru_cache

from starlette.middleware import Middleware
from starlette.routing import Route

from api.access_log import hide_secrets
from api.assets import CompressedAssets
from api.auth import enter, leave
from api.export import (
    export_issues,
    export_rejects,
    export_report,
    export_trail,
)
from api.limits import RefusalLimit
from api.metrics import RequestsCounted, metrics
from api.middleware import AllowedHosts, AllowedOrigins, LastResort, SecurityHeaders
from api.privacy import export_person
from api.request_ids import RequestIds
from api.rest import make_rest, rest_routes
from api.unsubscribe import leave_list, show
from api.uploads import append, begin, forget, look
from api.webhook import receive
from core.logs import formatter_of
from core.services.instance import app_store, probe_of
from core.services.leftovers import clear_leftovers
from core.services.uploads import clear_stale_uploads
from core.settings import check_secrets
from core.store.restoring import refuse_half_restored
from core.store.roles import warn_of_login

_API_PATHS = (
    "/health",
    "/health/{rest:anything}",
    "/docs",
    "/openapi.json",
    "/reco/{rest:anything}",
    "/export/runs/{rest:anything}",
    "/brevo/{rest:anything}",
    "/imports",
    "/imports/{rest:anything}",
)
_REST = make_rest()
ROUTES = (
    Route("/metrics", metrics, methods=["GET"]),
    Route("/auth/enter", enter, methods=["GET"]),
    Route("/auth/leave", leave, methods=["POST"]),
    Route("/export/imports/{import_id}/issues.csv", export_issues, methods=["GET"]),
    Route("/export/imports/{import_id}/report.json", export_report, methods=["GET"]),
    Route("/export/imports/{import_id}/rejects/{file_no:int}", export_rejects, methods=["GET"]),
    Route("/export/person/{token}", export_person, methods=["GET"]),
    Route("/export/audit_trail.csv", export_trail, methods=["GET"]),
    Route("/uploads", begin, methods=["POST"]),
    Route("/uploads/{upload_id}", look, methods=["GET"]),
    Route("/uploads/{upload_id}", append, methods=["PATCH"]),
    Route("/uploads/{upload_id}", forget, methods=["DELETE"]),
    Route("/u/{token:path}", show, methods=["GET"]),
    Route("/u/{token:path}", leave_list, methods=["POST"]),
    Route("/brevo/webhook/{secret}", receive, methods=["POST"]),
    *rest_routes(_REST, _API_PATHS),
)


@lru_cache(maxsize=1)
def route_templates() -> frozenset[str]:
    """Return the paths of all routes as they are declared: what requests are counted by."""
    return frozenset({*(route.path for route in ROUTES), *_REST.openapi()["paths"]})


_INNER = (
    SecurityHeaders,
    LastResort,
    AllowedHosts,
    AllowedOrigins,
    RefusalLimit,
    CompressedAssets,
)
MIDDLEWARE = (
    Middleware(RequestIds),
    Middleware(RequestsCounted, templates=route_templates),
    *(Middleware(each) for each in _INNER),
)


@asynccontextmanager
async def lifespan(_app: object) -> AsyncIterator[None]:
    """Open the store at the start, so that a bad setting stops it, and close it at the end."""
    store = app_store()
    check_secrets(store.settings)
    refuse_half_restored(store.settings)
    _log_to_stderr(store.settings.log_level, formatter_of(store.settings.log_format))
    hide_secrets()
    warn_of_login(store)
    clear_stale_uploads(store)
    clear_leftovers(store.now())
    yield
    store.dispose()
    probe_of.cache_clear()
    app_store.cache_clear()


def _log_to_stderr(level: str, formatter: logging.Formatter) -> None:
    """Send our own records to stderr, and write those of the server as ours are.

    What the server logs stays its own: a ticket stands in its paths until `hide_secrets`.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    for name in ("api", "core", "ui"):
        ours = logging.getLogger(name)
        ours.setLevel(level)
        ours.handlers = [handler]
        ours.propagate = False
    for name in ("uvicorn", "uvicorn.access"):
        for its in logging.getLogger(name).handlers:
            its.setFormatter(formatter)
