"""Who calls a route: the session of the cookie, and whether her own page sent the browser."""

from collections.abc import Callable
from functools import wraps
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from api.problems import problem
from core.i18n import N_
from core.logs import TENANT, bind_further
from core.services.instance import app_store
from core.services.sign_in import Session, cookie_name, session_of
from core.store.tenant import Store, TenantStore

SIGN_IN_FIRST = N_("Sign in first.")
_SAME_SITE = "same-origin"
_Route = Callable[[Request, Session, TenantStore], Response]


def signed_in(route: _Route) -> Callable[[Request], Response]:
    """Let a route answer whoever has a session, with her company's store; 401 for anybody else."""

    @wraps(route)
    def answer(request: Request) -> Response:
        store = app_store()
        session = session_in(request, store)
        if session is None:
            return problem(request, 401, SIGN_IN_FIRST)
        return route(request, session, store.tenant_store(session.tenant))

    return answer


def session_in(request: Request, store: Store) -> Session | None:
    """Return the session of the cookie the caller sent, or None."""
    session = session_of(store, request.cookies.get(cookie_name(store.settings), ""))
    if session is not None:
        bind_further(**{TENANT: session.tenant.tenant_id})
    return session


def is_foreign(request: HTTPConnection, allowed_origins: tuple[str, ...] = ()) -> bool:
    """Tell whether the page of another origin made a browser send this request.

    Every browser names the origin of a page that writes; a program that is none names none.
    """
    origin = request.headers.get("origin")
    if origin in allowed_origins and origin is not None:
        return False
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        return True
    return request.headers.get("sec-fetch-site", _SAME_SITE) != _SAME_SITE
