"""What every response carries, who is answered, and what an error tells; plain ASGI."""

import logging
import secrets
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from api.problems import problem
from api.session import is_foreign
from core.errors import StoreUnavailable, frames_of
from core.i18n import N_
from core.settings import Settings, current_settings

logger = logging.getLogger(__name__)
_CONTENT_POLICY = (
    "default-src 'self'",
    "script-src 'self' 'unsafe-inline' blob:",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    "worker-src 'self' blob:",
    "frame-src 'self'",
    "frame-ancestors 'self'",
    "base-uri 'none'",
    "object-src 'none'",
    "form-action 'self'",
)
_POLICY = "Content-Security-Policy"
_SOCKETS = ("ws", "wss")
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}
_STRICT_TRANSPORT = "max-age=31536000; includeSubDomains"
# Streamlit answers these to anybody: how many sessions there are, and files for a widget that no
# page has, which it keeps in memory for whoever has opened a window, signed in or not.
_UNSERVED = ("/_stcore/metrics", "/_stcore/upload_file")
_REFUSED_BY_POLICY = 1008  # of the codes with which a WebSocket is closed
_NOTHING = N_("There is nothing at this address.")
_FAILED = N_(
    "Something went wrong. Try again, and if it comes back, give the reference %(reference)s to"
    " whoever runs this instance."
)


class SecurityHeaders:
    """Put the security headers on every HTTP response.

    A content security policy of the response's own stays beside ours: both are enforced.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.headers = dict(SECURITY_HEADERS)
        self.policy = content_policy(current_settings())
        if current_settings().secure_cookies:
            self.headers["Strict-Transport-Security"] = _STRICT_TRANSPORT

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(self.headers)
                headers.append(_POLICY, self.policy)
            await send(message)

        await self.app(scope, receive, send_with_headers)


class AllowedHosts(TrustedHostMiddleware):
    """Answer only requests that name this instance, so that no foreign name resolves to it."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(app, allowed_hosts=allowed_hosts(current_settings()), www_redirect=False)


def allowed_hosts(settings: Settings) -> list[str]:
    """Return the host names of the instance: loopback, its public address, allowed origins."""
    urls = (settings.public_base_url, *settings.allowed_origins)
    named = {urlsplit(url).hostname or url for url in urls}
    return sorted({"localhost", "127.0.0.1", *named})


def content_policy(settings: Settings) -> str:
    """Return the content security policy: pages talk to the names of this instance alone."""
    sockets = [f"{scheme}://{host}:*" for host in allowed_hosts(settings) for scheme in _SOCKETS]
    return "; ".join((*_CONTENT_POLICY, f"connect-src 'self' {' '.join(sockets)}"))


class AllowedOrigins:
    """Open a WebSocket to pages of this instance alone: the cookie comes with it from anywhere.

    Streamlit's own check takes every page of this machine, whatever its port, and asks a server
    outside for the address of this one.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        settings = current_settings()
        self.origins = (*settings.allowed_origins, origin_of(settings.public_base_url))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        if scope["type"] == "websocket" and is_foreign(HTTPConnection(scope), self.origins):
            await WebSocketClose(_REFUSED_BY_POLICY)(scope, receive, send)
            return
        await self.app(scope, receive, send)


class ApiOrigins(CORSMiddleware):
    """Let pages of the allowed origins read what the API answers, to a token and to no cookie.

    Any other page is answered without the header that its browser asks for.
    """

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(
            app,
            allow_origins=current_settings().allowed_origins,
            allow_methods=("GET", "POST"),
            allow_headers=("Authorization", "Content-Type", "Idempotency-Key"),
            expose_headers=("Idempotency-Replayed", "Retry-After", "Content-Disposition"),
            allow_credentials=False,
        )


def origin_of(url: str) -> str:
    """Return scheme, host and port of an address, as a browser names an origin.

    >>> origin_of("https://crm.example.com/start")
    'https://crm.example.com'
    """
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


class LastResort:
    """Answer an error that no route expected with a reference; the log has it with the frames.

    Neither has the error's own text, which may quote a row. What Streamlit offers to anybody is
    answered as if it were not there.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if scope["path"].startswith(_UNSERVED):
            await problem(Request(scope), 404, _NOTHING)(scope, receive, send)
            return
        has_begun = False

        async def send_noted(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self.app(scope, receive, send_noted)
        except Exception as error:  # noqa: BLE001 - the last place before the server
            answer = _failure(Request(scope), error)
            if has_begun:  # the server breaks the connection off: half a file is no file
                raise ConnectionAbortedError from None
            await answer(scope, receive, send)


def _failure(request: Request, error: Exception) -> Response:
    if isinstance(error, StoreUnavailable):
        return problem(request, 503, error.message, **error.values)
    reference = secrets.token_hex(4).upper()
    logger.error("route failed, reference %s: %s", reference, frames_of(error))
    return problem(request, 500, _FAILED, reference=reference)
