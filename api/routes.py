"""Every route and middleware of the application, for `app.py`."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.middleware import Middleware
from starlette.routing import Route

from api.auth import enter, leave
from api.export import export, export_issues
from api.health import health
from api.middleware import AllowedHosts, SecurityHeaders
from core.services.instance import app_store

ROUTES = (
    Route("/health", health),
    Route("/auth/enter", enter, methods=["GET"]),
    Route("/auth/leave", leave, methods=["POST"]),
    Route("/export/runs/{run_id}/{name}", export, methods=["GET"]),
    Route("/export/imports/{import_id}/issues.csv", export_issues, methods=["GET"]),
)
MIDDLEWARE = (Middleware(SecurityHeaders), Middleware(AllowedHosts))


@asynccontextmanager
async def lifespan(_app: object) -> AsyncIterator[None]:
    """Open the store at the start, so that a bad setting stops it, and close it at the end."""
    store = app_store()
    _log_to_stderr(store.settings.log_level)
    yield
    store.dispose()
    app_store.cache_clear()


def _log_to_stderr(level: str) -> None:
    """Send our own records to stderr; the server's stay its own, a ticket stands in its paths."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    for name in ("api", "core", "ui"):
        ours = logging.getLogger(name)
        ours.setLevel(level)
        ours.handlers = [handler]
        ours.propagate = False
