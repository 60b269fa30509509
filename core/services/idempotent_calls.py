"""A call that is made twice under one key is done once, and answered the same both times.

A key is a token's own and worth a day. The same key with another request is refused, and so is a
call whose first one is still worked on. A call that is refused keeps no answer. What a process that
dies in the middle, or loses the database, leaves is gone on with, not begun again: whatever the
call makes has the call's own id, and what it has begun is kept by the transaction that begins it.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

from core.errors import Busy, CrmError, Refused, StoreUnavailable
from core.i18n import N_
from core.services.accounts import Actor
from core.services.tries import sha256_of
from core.store import api_replies as stored
from core.store.identity import new_id
from core.store.tenant import TenantStore, Transaction

KEPT = timedelta(days=1)
ABANDONED_AFTER = timedelta(minutes=10)
"""When the process that held a call without answering it is taken for dead."""
MOST_KEY_CHARS = 200


class KeyReused(Refused):
    """A key came again with another request."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer; `is_repeated` when it was given before."""

    status: int
    body: Mapping[str, Any]
    is_repeated: bool = False


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call: the id of what it makes, and what a process that died had begun of it."""

    call_id: str
    begun: Mapping[str, Any] | None = None
    key_sha256: str | None = None

    def note_begun(self, tx: Transaction, begun: Mapping[str, Any]) -> None:
        """Keep what the call begins in `tx`, JSON-ready; nothing without a key."""
        if self.key_sha256 is not None:
            stored.store_begun(tx, self.key_sha256, json.dumps(begun, sort_keys=True))


def unkeyed_call() -> Call:
    """Return a call that nobody can repeat."""
    return Call(call_id=new_id())


def once(
    store: TenantStore,
    actor: Actor,
    key: str | None,
    request: object,
    work: Callable[[Call], Reply],
) -> Reply:
    """Return what `work` answers, or answered under this key; `request` is JSON-ready.

    Without a key the work is done each time. Raises `KeyReused`, `Busy` while the first call is
    worked on, and what `work` raises.
    """
    if key is None:
        return work(unkeyed_call())
    name = sha256_of(f"{actor.user_id}/{key}")
    begun = _begin(store, name, sha256_of(json.dumps(request, sort_keys=True)))
    if isinstance(begun, Reply):
        return begun
    try:
        reply = work(begun)
    except BaseException as error:
        is_refused = isinstance(error, CrmError) and not isinstance(error, StoreUnavailable)
        with store.begin() as tx:
            stored.let_go(tx, name, is_refused=is_refused)
        raise
    with store.begin() as tx:
        stored.store_reply(tx, name, reply.status, json.dumps(reply.body))
    return reply


def _begin(store: TenantStore, name: str, told: str) -> Call | Reply:
    """Note the call, or go on with one that nobody works on; return the answer if there is one."""
    now = store.store.now()
    call_id = str(uuid5(UUID(store.tenant_id), f"{name}/{now.isoformat()}"))
    with store.begin() as tx:
        stored.purge_replies(tx, now - KEPT)
        if stored.store_call(tx, name, told, call_id, now):
            return Call(call_id=call_id, key_sha256=name)
        known = stored.find_reply(tx, name)
        if known is None or known.request_sha256 != told:
            raise KeyReused(
                N_("This Idempotency-Key was used for another request. Choose a new one.")
            )
        if stored.hold_call(tx, name, call_id, now, now - ABANDONED_AFTER):
            return _left(known, name, call_id)
    if known.http_status is None:
        raise Busy(N_("The first call under this key is still worked on. Ask again in a moment."))
    return Reply(
        status=known.http_status, body=json.loads(known.body_json or "{}"), is_repeated=True
    )


def _left(known: stored.ReplyRow, name: str, call_id: str) -> Call:
    begun = json.loads(known.begun_json) if known.begun_json else None
    return Call(call_id=known.call_id or call_id, begun=begun, key_sha256=name)
