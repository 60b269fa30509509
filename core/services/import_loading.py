"""The mark of an import that is being loaded: what is asked of it meanwhile is refused.

Whoever loads keeps a lock on a file in the import's archive, which is let go when it dies. The
publication itself does not lean on it: it writes the files as they were read.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import Busy, Refused
from core.i18n import N_
from core.services.import_archive import LOADING_LOCK, archive_of, holding
from core.services.import_ledger import open_entry
from core.store.imports import ImportEntry, Origin
from core.store.tenant import TenantStore

_LOADING = N_(
    "This import is being loaded: nothing of it can be changed now. Wait until it ends, or give"
    " it up."
)
_AS_SAVED = N_("A change by hand is loaded as it was saved, or given up.")


@contextmanager
def being_loaded(store: TenantStore, import_id: str) -> Iterator[None]:
    """Mark `import_id` as being loaded for the block."""
    with holding(_path(store, import_id)):
        yield


def changeable_entry(store: TenantStore, import_id: str) -> ImportEntry:
    """Return the entry of an open import that nobody loads.

    Raises `Refused` when it is closed or a change by hand, `Busy` while it is being loaded.
    """
    entry = open_entry(store, import_id)
    if entry.origin == Origin.HAND:
        raise Refused(_AS_SAVED)
    refuse_while_loading(store, import_id)
    return entry


def refuse_while_loading(store: TenantStore, import_id: str) -> None:
    """Raise `Busy` when somebody loads the import, be it given up or not."""
    try:
        with _path(store, import_id).open() as stream:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return
    except BlockingIOError as error:
        raise Busy(_LOADING) from error


def _path(store: TenantStore, import_id: str) -> Path:
    return archive_of(store, import_id).folder / LOADING_LOCK
