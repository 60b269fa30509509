"""The mark of an import that a command works on, and the clearing of what a killed one left.

A command keeps a lock on a file in the archive of its import. When the command is killed the lock
is free and the file still there: the next command takes that import out of the ledger, as the
command itself would have done on failure. The files it was given lie where they were.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from core.errors import NotFound
from core.services.import_archive import LOADING_LOCK, archive_of, holding
from core.services.import_forgetting import forget
from core.services.import_ledger import entry_of
from core.services.import_publication import complete_archive, tell_undone
from core.store.import_states import LOADED
from core.store.tenant import TenantStore

_LOCK = "command.lock"


@contextmanager
def worked_by_command(store: TenantStore, import_id: str) -> Iterator[None]:
    """Mark `import_id`, which may not be received yet, as worked on by this process."""
    with holding(archive_of(store, import_id).folder / _LOCK):
        yield


def clear_abandoned(store: TenantStore) -> None:
    """Remove the imports that killed commands left neither loaded nor given up.

    What a load or an undo, killed after its publication, did not do in the archive is done as well.
    """
    for path in sorted((store.folder / "runs").glob(f"*/{_LOCK}")):
        if _is_free(path):
            _clear(store, path)
    for path in sorted((store.folder / "runs").glob(f"*/{LOADING_LOCK}")):
        if _is_free(path):
            _complete(store, path.parent.name)
    tell_undone(store)


def _complete(store: TenantStore, import_id: str) -> None:
    """Complete the archive of an import whose load was killed after the publication."""
    with suppress(NotFound):
        entry = entry_of(store, import_id)
        if entry.status == LOADED:
            complete_archive(store, entry)


def _is_free(path: Path) -> bool:
    try:
        with path.open("r+") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, FileNotFoundError):
        return False
    return True


def _clear(store: TenantStore, path: Path) -> None:
    import_id = path.parent.name
    forget(store, import_id)
    if path.exists():  # it was closed before the kill
        _complete(store, import_id)
        path.unlink(missing_ok=True)
