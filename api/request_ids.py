"""An id for every request: the caller's own where it can be one, in the log and in the answer."""

import re
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.logs import REQUEST, bound

HEADER = "X-Request-ID"
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")


class RequestIds:
    """Bind an id to what a request writes into the log, and return it in the answer.

    An id of the caller's stands where it is 8 to 64 letters, digits, `.`, `_` or `-`: a proxy's log
    and ours can be read together, and nothing else gets into a line.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        request_id = request_id_of(Headers(scope=scope).get(HEADER, ""))

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[HEADER] = request_id
            await send(message)

        with bound(**{REQUEST: request_id}):
            await self.app(scope, receive, send_with_id)


def request_id_of(given: str) -> str:
    """Return the caller's id where it can be one, else a fresh one.

    >>> request_id_of("edge-7f3a.0001"), len(request_id_of("two lines\\n"))
    ('edge-7f3a.0001', 32)
    """
    return given if _ID.fullmatch(given) else uuid.uuid4().hex
