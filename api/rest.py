"""The HTTP API for programs: `/docs`, `/openapi.json`, and what its routers answer.

It lives on the port of the pages. Refusals are problem+json in the language of `Accept-Language`:
401 without a token that is good, 403 for a role that does not permit it, 404 for what the token's
company does not have, 409 when something stands against it, 422 for a request that is not as
documented, 429 for a client that is refused too often, 503 while the database is away.
"""

from collections.abc import Sequence
from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.routing import APIRoute
from starlette.convertors import PathConvertor, register_url_convertor
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from api import brevo, health, imports, recommendations
from api.document import name_problems, only_documented
from api.middleware import ApiOrigins
from api.problems import problem
from api.records import refusals
from core.errors import (
    BrevoError,
    CrmError,
    NotAllowed,
    NotFound,
    NotSignedIn,
    SettingsError,
    StoreUnavailable,
)
from core.i18n import N_
from core.services.idempotent_calls import KeyReused
from core.services.uploads import DiskFull, UploadTooLarge

VERSION = "1"
LONGEST_BODY = 1 << 16
"""Of a request, but for a file."""
_STATUS: dict[type[CrmError], int] = {
    NotSignedIn: 401,
    NotAllowed: 403,
    NotFound: 404,
    KeyReused: 422,
    UploadTooLarge: 413,
    DiskFull: 507,
    BrevoError: 502,
    SettingsError: 409,
    StoreUnavailable: 503,
}
_REFUSED = 409
_NOTHING = N_("There is nothing at this address.")
_TOO_LONG = N_("The request is longer than this address takes.")
_NOT_SO = N_("This address does not take such requests.")
_MALFORMED = N_("The request is not as documented at /docs: %(places)s.")
_DOCUMENTED = {
    401: "No token that is good",
    403: "The token's role does not permit it",
    413: "The request is longer than its address takes",
    422: "The request is not as documented",
    429: "Refused too often; wait as `Retry-After` says",
    503: "The database does not answer",
}
_DESCRIPTION = """
Programs call with a token of their company: `Authorization: Bearer iacrm_…`. An administrator makes
one on the page *Users* or by `python -m core token create`. Whatever a company does not have is
answered with 404. Every refusal is a problem document (RFC 9457) with one sentence.
"""


def make_rest() -> FastAPI:
    """Return the application of the API."""
    rest = _Rest(
        title="ia-crm",
        max_body_size=LONGEST_BODY,
        version=VERSION,
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        responses=refusals(_DOCUMENTED),
        dependencies=[Depends(only_documented)],
    )
    for router in (health.router, recommendations.router, brevo.router, imports.router):
        for route in router.routes:
            if isinstance(route, APIRoute):  # else the name of the function, in capitals
                route.summary = route.description.partition(".")[0].partition("; ")[0]
        rest.include_router(router)
    rest.add_middleware(ApiOrigins)
    rest.add_api_route("/docs", _docs, include_in_schema=False)
    rest.add_exception_handler(CrmError, _refuse)
    rest.add_exception_handler(RequestValidationError, _refuse_malformed)
    rest.add_exception_handler(HTTPException, _refuse_address)
    return rest


class _Rest(FastAPI):
    """An API whose every refusal is a problem document, also before a route is reached."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection; the library refuses an announced length in plain text."""
        if scope["type"] == "http" and not scope["path"].startswith(imports.PREFIX):
            length = Headers(scope=scope).get("content-length", "0")
            if length.isdigit() and int(length) > LONGEST_BODY:
                await problem(Request(scope), 413, _TOO_LONG)(scope, receive, send)
                return
        await super().__call__(scope, receive, send)

    def openapi(self) -> dict[str, Any]:
        """Return the document, which is made once."""
        if not self.openapi_schema:
            name_problems(super().openapi())
        return super().openapi()

    def build_middleware_stack(self) -> ASGIApp:
        """Return the middleware without the outermost: errors are for our own last resort."""
        outermost = super().build_middleware_stack()
        assert isinstance(outermost, ServerErrorMiddleware)
        return outermost.app


class _Anything(PathConvertor):
    """A rest of a path; the library's own ends at a line end, and the pages would answer."""

    regex = "(?s:.*)"


def rest_routes(rest: FastAPI, paths: Sequence[str]) -> list[Route | Mount]:
    """Return routes that lead to the API at these paths of the port, and to its page's files."""
    register_url_convertor("anything", _Anything())
    files = StaticFiles(packages=[("fastapi_offline", "static")])
    return [*(Route(path, rest) for path in paths), Mount("/docs/files", files)]


async def _docs() -> HTMLResponse:
    return get_swagger_ui_html(
        openapi_url="/openapi.json",
        title="ia-crm",
        swagger_js_url="/docs/files/swagger-ui-bundle.js",
        swagger_css_url="/docs/files/swagger-ui.css",
        swagger_favicon_url="/favicon.ico",
    )


def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, CrmError)
    status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), _REFUSED)
    answer = problem(request, status, error.message, **error.values)
    if status == 401:
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def _refuse_malformed(request: Request, error: Exception) -> Response:
    """Name the places alone: what stands there may be anything."""
    assert isinstance(error, RequestValidationError)
    places = [".".join(str(part) for part in found["loc"]) for found in error.errors()]
    return problem(request, 422, _MALFORMED, places=", ".join(dict.fromkeys(places)))


def _refuse_address(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 400:  # of a body that is no text at all
        return problem(request, 422, _MALFORMED, places="body")
    sentence = {405: _NOT_SO, 413: _TOO_LONG}.get(error.status_code, _NOTHING)
    answer = problem(request, error.status_code, sentence)
    answer.headers.update(error.headers or {})
    return answer
