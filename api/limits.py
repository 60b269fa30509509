"""How often one client may call the public routes; plain ASGI.

What is answered without a session invites guessing: secrets of webhooks, tokens of links, tickets.
An answer that refuses counts against its client; whoever has been refused `MOST_REFUSALS` times
within a minute waits until the minute is over. Calls that are in order are not limited here: Brevo
may tell of a thousand messages in a second. Counted in this process, for there is one web process.
"""

import hashlib
import logging
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import problem
from core.i18n import N_
from core.services.tries import client_of

logger = logging.getLogger(__name__)
PUBLIC_PREFIXES = (
    "/u/",
    "/brevo/",
    "/auth/",
    "/export/",
    "/uploads",
    "/reco/",
    "/imports",
    "/metrics",
)
MOST_REFUSALS = 30
WINDOW_SECONDS = 60.0
MOST_CLIENTS = 10_000  # remembered; beyond them the one that was refused longest ago is forgotten
_REFUSED = frozenset({400, 401, 403, 404, 405, 413})
_TOO_MANY = N_("Too many refused requests. Wait %(seconds)s seconds, then try again.")


@dataclass
class _Refusals:
    since: float
    count: int = 0


class RefusalLimit:
    """Answer 429 to a client whose requests to public routes were refused too often."""

    def __init__(self, app: ASGIApp, now: Callable[[], float] = time.monotonic) -> None:
        self.app = app
        self.now = now
        self.clients: OrderedDict[str, _Refusals] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        if scope["type"] != "http" or not scope["path"].startswith(PUBLIC_PREFIXES):
            await self.app(scope, receive, send)
            return
        client = client_key(scope)
        wait = self._seconds_to_wait(client)
        if wait:
            refusal = problem(Request(scope), 429, _TOO_MANY, seconds=wait)
            refusal.headers["Retry-After"] = str(wait)
            await refusal(scope, receive, send)
            return

        async def send_counted(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] in _REFUSED:
                self._count(client)
            await send(message)

        await self.app(scope, receive, send_counted)

    def _seconds_to_wait(self, client: str) -> int:
        """Return the whole seconds until the client is answered again, 0 when it is."""
        found = self.clients.get(client)
        if found is None or found.count < MOST_REFUSALS:
            return 0
        return max(0, math.ceil(found.since + WINDOW_SECONDS - self.now()))

    def _count(self, client: str) -> None:
        now = self.now()
        found = self.clients.get(client)
        if found is None or now - found.since >= WINDOW_SECONDS:
            found = self.clients[client] = _Refusals(since=now)
        found.count += 1
        if found.count == MOST_REFUSALS:
            logger.warning("refused too often: client %s", name_of(client))
        self.clients.move_to_end(client)
        if len(self.clients) > MOST_CLIENTS:
            self.clients.popitem(last=False)


def name_of(client: str) -> str:
    """Return how the log names a client: it finds her again there and tells no address."""
    return hashlib.sha256(client.encode()).hexdigest()[:12]


def client_key(scope: Scope) -> str:
    """Return who calls: an IPv4 address, or the /64 network of an IPv6 address.

    Behind a proxy the server puts the forwarded address there, when it trusts the proxy
    (`FORWARDED_ALLOW_IPS`).
    """
    return client_of(scope["client"][0] if scope.get("client") else "")
