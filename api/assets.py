"""Streamlit's scripts and styles, compressed once for whoever takes it; plain ASGI.

Streamlit sends them as they are, since compressing them anew for every reader costs more than it
saves. On a slow network the first page waits for five megabytes of them, compressed for a third.
"""

import gzip
from http import HTTPStatus

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_FOLDER = "/static/"
_ENDINGS = (".js", ".css")
_LEVEL = 6  # 9 takes twice as long and saves a hundredth


class CompressedAssets:
    """Answer with a compressed copy, which is kept: their names change with what is in them."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.kept: dict[str, tuple[Message, Message]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        if not _may_compress(scope):
            await self.app(scope, receive, send)
            return
        path = scope["path"]
        messages: list[Message] = []
        if path not in self.kept:
            messages = await self._answer(scope, receive)
            if _is_whole(messages):
                self.kept[path] = await run_in_threadpool(_compress, messages)
        for message in self.kept.get(path, messages):
            await send(dict(message))

    async def _answer(self, scope: Scope, receive: Receive) -> list[Message]:
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        await self.app(scope, receive, keep)
        return messages


def _may_compress(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] != "GET":
        return False
    path, headers = scope["path"], Headers(scope=scope)
    is_partial = "range" in headers or "if-none-match" in headers
    is_asset = path.startswith(_FOLDER) and path.endswith(_ENDINGS)
    return is_asset and not is_partial and "gzip" in headers.get("accept-encoding", "")


def _is_whole(messages: list[Message]) -> bool:
    """Tell whether a file was sent to its end: to a reader who goes on it is sent no further."""
    start, *parts = messages
    length = Headers(raw=start["headers"]).get("content-length")
    sent = sum(len(part.get("body", b"")) for part in parts)
    return start["status"] == HTTPStatus.OK and length == str(sent)


def _compress(messages: list[Message]) -> tuple[Message, Message]:
    start, *parts = messages
    body = gzip.compress(b"".join(part.get("body", b"") for part in parts), _LEVEL, mtime=0)
    start = {**start, "headers": list(start["headers"])}
    headers = MutableHeaders(scope=start)
    headers["Content-Encoding"] = "gzip"
    headers["Content-Length"] = str(len(body))
    headers.add_vary_header("Accept-Encoding")
    return start, {"type": "http.response.body", "body": body}
