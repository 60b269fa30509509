"""Where Brevo tells what became of messages.

    POST  /brevo/webhook/{secret}   one event, or an array of events, as JSON

The calls are not signed: the secret of the address says whose they are, and 404 is the answer to
any other. 200 answers `{"events", "new", "known", "ignored"}`: what is not understood or not of
this tenant is counted and not refused, for Brevo repeats what is refused. 400 for a body that is
no JSON object or array of them, 413 for one above the limits, 503 while the database is away.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.bodies import read_body
from api.problems import problem
from core.errors import StoreUnavailable
from core.i18n import N_
from core.services.instance import app_store
from core.services.webhook_secrets import tenant_of_secret
from core.services.webhooks import receive_events
from core.store.tenant import TenantStore

LONGEST_BODY = 2 << 20
MOST_EVENTS = 1_000
_NOTHING = N_("There is nothing at this address.")
_NO_EVENTS = N_("The body is neither a JSON object nor an array.")
_TOO_MUCH = N_("The body has more than %(bytes)s bytes or %(events)s events.")


async def receive(request: Request) -> Response:
    """Take the events of one call in."""
    try:
        return await _receive(request)
    except StoreUnavailable as error:
        return problem(request, 503, error.message)


async def _receive(request: Request) -> Response:
    secret = request.path_params["secret"]
    company = await run_in_threadpool(tenant_of_secret, app_store(), secret)
    if company is None:
        return problem(request, 404, _NOTHING)
    body = await read_body(request, LONGEST_BODY)
    if body is None:
        return problem(request, 413, _TOO_MUCH, bytes=LONGEST_BODY, events=MOST_EVENTS)
    return await run_in_threadpool(_take_in, request, company, body)


def _take_in(request: Request, company: TenantStore, body: bytes) -> Response:
    bodies = _bodies_in(body)
    if bodies is None:
        return problem(request, 400, _NO_EVENTS)
    if len(bodies) > MOST_EVENTS:
        return problem(request, 413, _TOO_MUCH, bytes=LONGEST_BODY, events=MOST_EVENTS)
    answer = asdict(receive_events(company, bodies))
    return JSONResponse(answer, headers={"Cache-Control": "no-store"})


def _bodies_in(body: bytes) -> Sequence[object] | None:
    """Return the objects of a body; a bad number or depth is no JSON of Brevo's either."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if isinstance(found, dict):
        return [found]
    return found if isinstance(found, list) else None
