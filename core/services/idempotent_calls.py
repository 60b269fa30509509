"""A call that is made twice under one key is done once, and answered the same both times.

A key is worth a day. The same key with another request is refused, and so is a call whose first
one is still worked on. A call that fails keeps no answer. A process that dies in the middle leaves
a key without an answer, which is free again after `ABANDONED_AFTER`.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from core.errors import Busy, Refused
from core.i18n import N_
from core.services.tries import sha256_of
from core.store import api_replies as stored
from core.store.tenant import TenantStore

KEPT = timedelta(days=1)
ABANDONED_AFTER = timedelta(minutes=10)
MOST_KEY_CHARS = 200


class KeyReused(Refused):
    """A key came again with another request."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer; `is_repeated` when it was given before."""

    status: int
    body: Mapping[str, Any]
    is_repeated: bool = False


def once(store: TenantStore, key: str | None, request: object, work: Callable[[], Reply]) -> Reply:
    """Return what `work` answers, or answered under this key; `request` is JSON-ready.

    Without a key the work is done each time. Raises `KeyReused`, `Busy` while the first call is
    worked on, and what `work` raises.
    """
    if key is None:
        return work()
    name, told = sha256_of(key), sha256_of(json.dumps(request, sort_keys=True))
    known = _begin(store, name, told)
    if known is not None:
        return known
    try:
        reply = work()
    except BaseException:
        with store.begin() as tx:
            stored.delete_call(tx, name)
        raise
    with store.begin() as tx:
        stored.store_reply(tx, name, reply.status, json.dumps(reply.body, sort_keys=True))
    return reply


def _begin(store: TenantStore, name: str, told: str) -> Reply | None:
    """Note the call; return the answer when it was made before."""
    now = store.store.now()
    with store.begin() as tx:
        stored.purge_replies(tx, now - KEPT)
        stored.drop_abandoned(tx, name, now - ABANDONED_AFTER)
        if stored.store_call(tx, name, told, now):
            return None
        known = stored.find_reply(tx, name)
    if known is not None and known.request_sha256 != told:
        raise KeyReused(N_("This Idempotency-Key was used for another request. Choose a new one."))
    if known is None or known.http_status is None:
        raise Busy(N_("The first call under this key is still worked on. Ask again in a moment."))
    return Reply(
        status=known.http_status, body=json.loads(known.body_json or "{}"), is_repeated=True
    )
