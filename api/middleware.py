"""What every response carries and which host names are answered; plain ASGI."""

from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.settings import Settings, current_settings

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' ws: wss:",
        "worker-src 'self' blob:",
        "frame-src 'self'",
        "frame-ancestors 'self'",
        "base-uri 'self'",
        "object-src 'none'",
        "form-action 'self'",
    )
)
_POLICY = "Content-Security-Policy"
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}
_STRICT_TRANSPORT = "max-age=31536000; includeSubDomains"


class SecurityHeaders:
    """Put the security headers on every HTTP response.

    A content security policy of the response's own stays beside ours: both are enforced.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.headers = dict(SECURITY_HEADERS)
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
                headers.append(_POLICY, CONTENT_SECURITY_POLICY)
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
