"""A call that is made twice under one key is done once, and answered the same both times.

A key is a token's own and worth a day. The same key with another request is refused, and so is a
call whose first one is still worked on, under a lock that dies with its process. A call that is
refused keeps no answer. What a process that dies in the middle, or loses the database, leaves is
gone on with, not begun again: whatever the call makes has the call's own id, and what it has begun
is kept by the transaction that begins it.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

from core.errors import CrmError, Refused, StoreUnavailable
from core.i18n import N_
from core.services.accounts import Actor
from core.services.tries import sha256_of
from core.store import api_replies as stored
from core.store.identity import new_id
from core.store.locks import exclusive
from core.store.tenant import TenantStore, Transaction

KEPT = timedelta(days=1)
MOST_KEY_CHARS = 200
_WORKED_ON = N_("The first call under this key is still worked on. Ask again in a moment.")


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
    with exclusive(store, f"call-{name}", _WORKED_ON):
        begun = _begin(store, name, sha256_of(json.dumps(request, sort_keys=True)))
        return begun if isinstance(begun, Reply) else _answer(store, name, begun, work)


def _answer(store: TenantStore, name: str, call: Call, work: Callable[[Call], Reply]) -> Reply:
    """Do the work and keep its answer; a refusal frees the key unless something has begun."""
    try:
        reply = work(call)
    except CrmError as error:
        if not isinstance(error, StoreUnavailable):
            with store.begin() as tx:
                stored.forget_unbegun(tx, name)
        raise
    with store.begin() as tx:
        stored.store_reply(tx, name, reply.status, json.dumps(reply.body))
    return reply


def _begin(store: TenantStore, name: str, told: str) -> Call | Reply:
    """Note the call, or go on with one that was left; return the answer if there is one."""
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
    if known.http_status is None:
        return _left(store, known, name)
    return Reply(
        status=known.http_status, body=json.loads(known.body_json or "{}"), is_repeated=True
    )


def _left(store: TenantStore, known: stored.ReplyRow, name: str) -> Call:
    """Return a call that was left; one of an earlier release has no id yet."""
    begun = json.loads(known.begun_json) if known.begun_json else None
    call_id = known.call_id or str(uuid5(UUID(store.tenant_id), name))
    return Call(call_id=call_id, begun=begun, key_sha256=name)
