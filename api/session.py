"""Who calls a route: the session of the cookie, and whether her own page sent the browser."""

from urllib.parse import urlsplit

from starlette.requests import HTTPConnection, Request

from core.services.sign_in import Session, cookie_name, session_of
from core.store.tenant import Store

_SAME_SITE = "same-origin"


def session_in(request: Request, store: Store) -> Session | None:
    """Return the session of the cookie the caller sent, or None."""
    return session_of(store, request.cookies.get(cookie_name(store.settings), ""))


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
