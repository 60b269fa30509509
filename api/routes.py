"""Every route and middleware of the application, for `app.py`."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.middleware import Middleware
from starlette.routing import Route

from api.auth import enter, leave
from api.export import export
from api.health import health
from api.middleware import AllowedHosts, SecurityHeaders
from core.services.instance import app_store

ROUTES = (
    Route("/health", health),
    Route("/auth/enter", enter, methods=["GET"]),
    Route("/auth/leave", leave, methods=["POST"]),
    Route("/export/runs/{run_id}/{name}", export, methods=["GET"]),
)
MIDDLEWARE = (Middleware(SecurityHeaders), Middleware(AllowedHosts))


@asynccontextmanager
async def lifespan(_app: object) -> AsyncIterator[None]:
    """Open the store at the start, so that a bad setting stops it, and close it at the end."""
    store = app_store()
    logging.basicConfig(level=store.settings.log_level, format="%(asctime)s %(name)s %(message)s")
    yield
    store.dispose()
    app_store.cache_clear()
