"""The ledger of imports: finding entries, their reports, and giving one up."""

import uuid
from collections.abc import Sequence
from typing import Any

from core.errors import NotFound
from core.i18n import N_
from core.services.accounts import Actor, Role, require
from core.services.corrected_report import reports_with_corrections
from core.store.import_relations import find_last_loaded
from core.store.import_states import DISCARDED as DISCARDED
from core.store.import_states import GONE, OPEN_STATES, store_import_state, why_not_open
from core.store.import_states import LOADED as LOADED
from core.store.import_states import RECEIVED as RECEIVED
from core.store.imports import (
    ImportEntry,
    count_imports,
    load_import_entries,
    load_import_entry,
)
from core.store.tenant import TenantStore

OPEN = OPEN_STATES
BUSY = N_("Another import of this company is being worked on. Wait until it ends, then try again.")


def entry_of(store: TenantStore, import_id: str) -> ImportEntry:
    """Return the ledger entry; raise `NotFound` when this tenant has none of that id."""
    try:
        uuid.UUID(import_id)
    except ValueError:
        raise NotFound(GONE) from None
    with store.read() as tx:
        entry = load_import_entry(tx, import_id)
    if entry is None:
        raise NotFound(GONE)
    return entry


def open_entry(store: TenantStore, import_id: str) -> ImportEntry:
    """Return the ledger entry of an import that can still change; raise `Refused` otherwise."""
    entry = entry_of(store, import_id)
    if entry.status not in OPEN:
        raise why_not_open(entry.status)
    return entry


def list_imports(store: TenantStore, *, limit: int = 20, offset: int = 0) -> list[ImportEntry]:
    """Return the ledger, newest first."""
    with store.read() as tx:
        return load_import_entries(tx, limit=limit, offset=offset)


def count_entries(store: TenantStore) -> int:
    """Return how many imports the ledger has."""
    with store.read() as tx:
        return count_imports(tx)


def report_of(store: TenantStore, import_id: str) -> dict[str, Any]:
    """Return the report of an import with what its loaded corrections moved.

    `{}` when nothing was worked out yet.
    """
    return reports_with_corrections(store, [entry_of(store, import_id)])[import_id]


def reports_of(store: TenantStore, entries: Sequence[ImportEntry]) -> dict[str, dict[str, Any]]:
    """Return the report of each entry by its import id, as `report_of` does."""
    return reports_with_corrections(store, entries)


def last_loaded(store: TenantStore) -> ImportEntry | None:
    """Return the import that was loaded last and stands, or None."""
    with store.read() as tx:
        return find_last_loaded(tx)


def discard(store: TenantStore, actor: Actor, import_id: str) -> None:
    """Give up an import that is not loaded; raise `Refused` for one that is closed."""
    require(actor, Role.ANALYST)
    open_entry(store, import_id)
    set_state(store, import_id, DISCARDED)


def set_state(
    store: TenantStore, import_id: str, status: str, *, among: Sequence[str] = OPEN
) -> None:
    """Move an entry that is in one of the states `among` to `status`; raise `Refused` otherwise."""
    with store.begin() as tx:
        store_import_state(tx, import_id, status, among=among)
