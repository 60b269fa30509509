"""The two doors of a session: `/auth/enter` sets the cookie, `/auth/leave` takes it away."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.problems import problem
from core.errors import NotAllowed
from core.i18n import N_
from core.services.instance import app_store
from core.services.sign_in import (
    SESSION_LIFE,
    cookie_name,
    redeem_ticket,
    sign_out,
)

_HOME = "/"


def local_target(target: str) -> str:
    r"""Return `target` when it is a path of this server, else `/`.

    Browsers drop tabs and newlines and read a backslash as a slash, so `/\evil.test` and
    `/<tab>/evil.test` would leave the server.
    """
    is_local = target.startswith("/") and not target.startswith(("//", "/auth/"))
    is_plain = "\\" not in target and target.isprintable()
    return target if is_local and is_plain else _HOME


def is_from_elsewhere(request: Request) -> bool:
    """Tell whether another site sent the browser here (then a sign-in would not be hers)."""
    return request.headers.get("sec-fetch-site", "same-origin") != "same-origin"


def enter(request: Request) -> Response:
    """Turn a one-time ticket into a session cookie and lead back to the page asked for.

    A used or expired ticket leads there too, where the form stands.
    """
    if is_from_elsewhere(request):
        return problem(request, 403, N_("Sign in on the page of this instance."))
    store = app_store()
    response = RedirectResponse(local_target(request.query_params.get("next", _HOME)), 303)
    response.headers["Cache-Control"] = "no-store"
    try:
        token = redeem_ticket(store, request.query_params.get("ticket", ""))
    except NotAllowed:
        return response
    name = cookie_name(store.settings)
    sign_out(store, request.cookies.get(name, ""))
    response.set_cookie(
        name,
        token,
        max_age=int(SESSION_LIFE.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=store.settings.secure_cookies,
    )
    return response


def leave(request: Request) -> Response:
    """Revoke the session of the cookie; remove the cookie and what the browser kept."""
    if is_from_elsewhere(request):
        return problem(request, 403, N_("Sign out on the page of this instance."))
    store = app_store()
    name = cookie_name(store.settings)
    sign_out(store, request.cookies.get(name, ""))
    response = RedirectResponse(_HOME, 303)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'  # whoever sits here next
    response.delete_cookie(
        name, httponly=True, samesite="lax", secure=store.settings.secure_cookies
    )
    return response
