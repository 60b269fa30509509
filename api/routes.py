"""Every route and middleware of the application, for `app.py`."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.middleware import Middleware
from starlette.routing import Route

from api.access_log import hide_secrets
from api.auth import enter, leave
from api.export import (
    export_issues,
    export_rejects,
    export_report,
    export_trail,
)
from api.limits import RefusalLimit
from api.middleware import AllowedHosts, AllowedOrigins, LastResort, SecurityHeaders
from api.privacy import export_person
from api.rest import make_rest, rest_routes
from api.unsubscribe import leave_list, show
from api.uploads import append, begin, forget, look
from api.webhook import receive
from core.logs import OneLine
from core.services.instance import app_store
from core.services.leftovers import clear_leftovers
from core.services.uploads import clear_stale_uploads
from core.settings import check_secrets
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
ROUTES = (
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
    *rest_routes(make_rest(), _API_PATHS),
)
MIDDLEWARE = tuple(
    Middleware(each)
    for each in (SecurityHeaders, LastResort, AllowedHosts, AllowedOrigins, RefusalLimit)
)


@asynccontextmanager
async def lifespan(_app: object) -> AsyncIterator[None]:
    """Open the store at the start, so that a bad setting stops it, and close it at the end."""
    store = app_store()
    check_secrets(store.settings)
    _log_to_stderr(store.settings.log_level)
    hide_secrets()
    warn_of_login(store)
    clear_stale_uploads(store)
    clear_leftovers(store.now())
    yield
    store.dispose()
    app_store.cache_clear()


def _log_to_stderr(level: str) -> None:
    """Send our own records to stderr; the server's stay its own, a ticket stands in its paths."""
    handler = logging.StreamHandler()
    handler.setFormatter(OneLine())
    for name in ("api", "core", "ui"):
        ours = logging.getLogger(name)
        ours.setLevel(level)
        ours.handlers = [handler]
        ours.propagate = False
