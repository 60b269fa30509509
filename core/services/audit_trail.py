"""The audit trail: what is recorded, by whom it is read, whether it is whole.

An entry names people by opaque ids alone: no address, name, customer code or text that somebody
typed, so that erasing a person never has to break the chain.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from core.services.accounts import SYSTEM, Actor, Role, require
from core.services.audit_actions import ACTION_TITLES, Action
from core.services.csv_cells import escape
from core.store import audit_trail as stored
from core.store import identity, members
from core.store.audit_trail import TrailEntry
from core.store.tenant import Store, TenantStore, Transaction

__all__ = [
    "ACTION_TITLES",
    "Action",
    "TrailCheck",
    "TrailLine",
    "number_of_entries",
    "record",
    "record_alone",
    "record_each",
    "record_of_person",
    "trail_csv",
    "trail_of",
    "user_id_named",
    "verify_trail",
    "with_names",
]

_PLAIN = re.compile(r"[A-Za-z0-9_.:/+-]{0,100}")
_CHUNK = 2_000
Detail = str | int | float | bool | None
_HEADER = ("number", "at", "actor_id", "actor", "action", "subject", "details_json", "sha256")


@dataclass(frozen=True, kw_only=True)
class TrailLine:
    """An entry as it is shown: `actor` is the user's name, or "system", now."""

    entry: TrailEntry
    actor: str


@dataclass(frozen=True, kw_only=True)
class TrailCheck:
    """The chain walked through: `broken_at` is the first number that does not fit, None if whole.

    `sha256` is the hash of the last entry: kept elsewhere, it shows a trail written anew.
    """

    entries: int
    broken_at: int | None
    sha256: str


def record(
    store: TenantStore,
    tx: Transaction,
    actor_id: str,
    action: Action,
    subject: str | int | None = None,
    **details: Detail,
) -> None:
    """Add an entry within the transaction of what it tells of, as its last statement.

    `actor_id` is a user's id; `subject` and `details` are opaque ids, codes of ours and counts.
    """
    record_each(store, tx, actor_id, action, [(subject, details)])


def record_each(
    store: TenantStore,
    tx: Transaction,
    actor_id: str,
    action: Action,
    told: Sequence[tuple[str | int | None, Mapping[str, Detail]]],
) -> None:
    """Add an entry for each subject with its details, all in one, as `record` does one."""
    values = [(subject, *details.values()) for subject, details in told]
    texts = (value for row in values for value in row if isinstance(value, str))
    if not all(map(_PLAIN.fullmatch, texts)):  # no `assert`, which `python -O` leaves out
        raise AssertionError("no free text in the trail")
    stored.append_entries(
        tx,
        at=store.store.now(),
        actor_id=actor_id,
        action=action.value,
        told=[(None if subject is None else str(subject), details) for subject, details in told],
    )


def record_alone(
    store: TenantStore,
    actor_id: str,
    action: Action,
    subject: str | int | None = None,
    **details: Detail,
) -> None:
    """Add an entry for what has no transaction of the tenant's own, like a download."""
    with store.begin() as tx:
        record(store, tx, actor_id, action, subject, **details)


def record_of_person(store: Store, user_id: str, action: Action) -> None:
    """Add an entry of what a user did with the own account, in each company she may enter."""
    with store.identity() as tx:
        tenants = members.load_tenants_of(tx, user_id)
    for tenant in tenants:
        record_alone(store.tenant_store(tenant), user_id, action)


def user_id_named(store: TenantStore, username: str) -> str:
    """Return the id of the user who asked for work that is done later, `SYSTEM`'s otherwise."""
    with store.store.identity() as tx:
        user = identity.find_user(tx, username)
    return user.user_id if user else SYSTEM.user_id


def trail_of(
    store: TenantStore,
    actor: Actor,
    action: Action | None = None,
    *,
    limit: int = 50,
    offset: int = 0,
) -> list[TrailLine]:
    """Return a page of the trail, the newest first; raise `NotAllowed` below admin."""
    require(actor, Role.ADMIN)
    with store.read() as tx:
        entries = stored.load_newest(tx, action, limit=limit, offset=offset)
    return with_names(store, entries)


def number_of_entries(store: TenantStore, actor: Actor, action: Action | None = None) -> int:
    """Return how many entries `trail_of` pages through."""
    require(actor, Role.ADMIN)
    with store.read() as tx:
        return stored.count_entries(tx, action)


def verify_trail(store: TenantStore, actor: Actor) -> TrailCheck:
    """Walk through the whole chain; raise `NotAllowed` below admin."""
    require(actor, Role.ADMIN)
    number, before = 0, ""
    with store.read() as tx:
        head = stored.find_head(tx)
        while entries := stored.load_after(tx, number, _CHUNK):
            for entry in entries:
                is_next = entry.number == number + 1
                if not is_next or entry.digest(store.tenant_id, before) != entry.sha256:
                    return TrailCheck(entries=head[0], broken_at=number + 1, sha256=head[1])
                number, before = entry.number, entry.sha256
    broken_at = None if head == (number, before) else number + 1
    return TrailCheck(entries=head[0], broken_at=broken_at, sha256=head[1])


def trail_csv(store: TenantStore, actor: Actor) -> Iterator[bytes]:
    """Return the trail as CSV in pieces, the oldest entry first; the download is recorded.

    Raises `NotAllowed` at once below admin.
    """
    require(actor, Role.ADMIN)
    record_alone(store, actor.user_id, Action.TRAIL_EXPORTED)
    return _csv_pieces(store)


def _csv_pieces(store: TenantStore) -> Iterator[bytes]:
    yield _csv_bytes([_HEADER])
    number = 0
    while True:
        with store.read() as tx:
            entries = stored.load_after(tx, number, _CHUNK)
        if not entries:
            return
        yield _csv_bytes([_cells(line) for line in with_names(store, entries)])
        number = entries[-1].number


def _cells(line: TrailLine) -> tuple[str, ...]:
    entry = line.entry
    values = (
        entry.number,
        entry.at.isoformat(timespec="microseconds"),
        entry.actor_id,
        line.actor,
        entry.action,
        entry.subject or "",
        entry.details_json,
        entry.sha256,
    )
    return tuple(escape(str(value)) for value in values)


def _csv_bytes(rows: list[tuple[str, ...]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def with_names(store: TenantStore, entries: Sequence[TrailEntry]) -> list[TrailLine]:
    """Return entries with the names that their actors have now."""
    ids = sorted({entry.actor_id for entry in entries} - {SYSTEM.user_id})
    with store.store.identity() as tx:
        names = {SYSTEM.user_id: SYSTEM.username, **identity.load_usernames(tx, ids)}
    return [
        TrailLine(entry=entry, actor=names.get(entry.actor_id, entry.actor_id)) for entry in entries
    ]
