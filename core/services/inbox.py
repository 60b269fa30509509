"""The inbox `data/<tenant>/raw/`: the files left there become one import, each file once.

Files are moved into a folder named after the import to be, entered in the ledger with a copy in
the archive, and only then removed. A kill in between loses and repeats nothing: the next scan
finds the folder, and the ledger says whether its import is entered.
"""

import shutil
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from core.errors import Busy, NotFound, Refused
from core.i18n import N_, SOURCE_LANGUAGE
from core.services.accounts import Actor, Role
from core.services.import_archive import archive_of
from core.services.import_files import load, plan, receive
from core.services.import_ledger import RECEIVED, entry_of
from core.services.import_paths import TABLE_SUFFIXES
from core.services.progress import Progress, no_progress
from core.store.imports import find_imports
from core.store.locks import exclusive
from core.store.tenant import TenantStore

INBOX = Actor(user_id="system", username="inbox", role=Role.ADMIN, language=SOURCE_LANGUAGE)
SETTLE_SECONDS = 1.0  # a file that changes in this time is still being written
_TAKEN = ".taken"
_OPENED_BY_AN_OFFICE = "~$"
_BUSY = N_("The inbox of this company is being looked at. Try again in a moment.")


def inbox_of(store: TenantStore) -> Path:
    """Return the folder whose files are imported."""
    return store.folder / "raw"


def take_in(store: TenantStore, pause: Callable[[float], None] = time.sleep) -> list[str]:
    """Make one import of the files that lie complete in the inbox.

    Returns the ids of all imports of the inbox that nobody has worked on yet, the oldest first.
    Raises `Busy` while another process looks at this inbox.
    """
    with exclusive(store, "inbox", _BUSY):
        inbox = inbox_of(store)
        inbox.mkdir(parents=True, exist_ok=True)
        complete = _complete_files(inbox, pause)
        if complete:
            _claim(inbox, complete)
        for claim in sorted((inbox / _TAKEN).glob("*")):
            _receive(store, claim)
        with store.read() as tx:
            return find_imports(tx, status=RECEIVED, created_by=INBOX.username)


def work_on(
    store: TenantStore, import_id: str, progress: Progress = no_progress
) -> dict[str, object]:
    """Load an import of the inbox; when something must be answered first, keep what is asked.

    Such an import then waits on the Upload page and is not tried again by itself. Raises `Busy`
    while another import of the company is worked on.
    """
    try:
        return load(store, import_id, progress)
    except Busy:
        raise
    except Refused:
        return plan(store, import_id, progress)


def _complete_files(inbox: Path, pause: Callable[[float], None]) -> list[Path]:
    """Return the tables that do not change while one looks, by name."""
    before = _seen(inbox)
    if not before:
        return []
    pause(SETTLE_SECONDS)
    after = _seen(inbox)
    return sorted(path for path, state in after.items() if before.get(path) == state)


def _seen(inbox: Path) -> dict[Path, tuple[int, int]]:
    """Return size and time of change of every file that may be a table."""
    found = {}
    for path in inbox.iterdir():
        if path.suffix.lower() not in TABLE_SUFFIXES or path.is_symlink() or not path.is_file():
            continue
        if not path.name.startswith((".", _OPENED_BY_AN_OFFICE)):
            state = path.stat()
            found[path] = (state.st_size, state.st_mtime_ns)
    return found


def _claim(inbox: Path, files: list[Path]) -> None:
    claim = inbox / _TAKEN / str(uuid.uuid4())
    claim.mkdir(parents=True)
    for path in files:
        path.rename(claim / path.name)


def _receive(store: TenantStore, claim: Path) -> None:
    """Enter the import of a claim, unless it was entered before a kill; then the claim goes."""
    import_id, files = claim.name, sorted(claim.iterdir())
    try:
        entry_of(store, import_id)
    except NotFound:
        archive_of(store, import_id).remove()
        if files:
            receive(store, INBOX, [(path.name, path) for path in files], import_id=import_id)
    shutil.rmtree(claim)
