"""Removal of an import that a command or a script began and does not want to leave behind."""

from contextlib import suppress

from core.errors import Busy
from core.services.import_archive import archive_of
from core.services.import_turn import import_turn
from core.store.import_states import OPEN_STATES, remove_import
from core.store.imports import load_import_entry
from core.store.tenant import TenantStore
from core.store.unpublished import clear_unpublished


def forget(store: TenantStore, import_id: str) -> None:
    """Remove an open import with its files and rows, as if it had never been received.

    One that is loaded, undone or given up stays. While another import is worked on the rows
    stay as well, unseen: the next load removes them.
    """
    with suppress(Busy), import_turn(store, waits=False):
        clear_unpublished(store)
    with store.begin() as tx:
        removed = remove_import(tx, import_id, among=OPEN_STATES)
        is_gone = removed or load_import_entry(tx, import_id) is None
    if is_gone:
        archive_of(store, import_id).remove()
