"""The inbox `data/<tenant>/raw/`: the files left there become one import, each file once.

Files are moved into a folder named after the import to be, entered in the ledger with a copy in
the archive, and only then removed. A kill in between loses and repeats nothing: the next scan
finds the folder, and the ledger says whether its import is entered.

Nobody looks at what an inbox loads. So a file that is refused is put aside with the reason beside
it, and an import with a grave warning or an open question is left to a person.
"""

import logging
import shutil
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from core.errors import Busy, CrmError, NotFound, Refused
from core.i18n import N_, SOURCE_LANGUAGE
from core.ingest.source import TABLE_SUFFIXES
from core.services.accounts import Actor, Role
from core.services.import_archive import archive_of
from core.services.import_files import load, plan, plan_of, receive
from core.services.import_ledger import LOADED, RECEIVED, entry_of, open_entry, report_of
from core.services.import_turn import import_turn
from core.services.import_warnings import grave_warnings
from core.services.progress import Progress, no_progress
from core.store.import_states import PLANNED
from core.store.imports import find_imports
from core.store.locks import exclusive
from core.store.tenant import TenantStore

INBOX = Actor(user_id="system", username="inbox", role=Role.ADMIN, language=SOURCE_LANGUAGE)
SETTLE_SECONDS = 1.0  # a file that changes in this time is still being written
_TAKEN = ".taken"
_REFUSED = "refused"
_OPENED_BY_AN_OFFICE = "~$"
_BUSY = N_("The inbox of this company is being looked at. Try again in a moment.")
_PUT_ASIDE = N_("%(file)s was refused and put into %(folder)s. %(sentence)s")
_LOG = logging.getLogger(__name__)


def inbox_of(store: TenantStore) -> Path:
    """Return the folder whose files are imported."""
    return store.folder / "raw"


def take_in(
    store: TenantStore,
    pause: Callable[[float], None] = time.sleep,
    tell: Callable[[CrmError], None] | None = None,
) -> list[str]:
    """Make one import of the files that lie complete in the inbox.

    When they are refused together, each is tried alone; one that is refused alone is put into
    `raw/refused/` and given to `tell`, by default the log. Returns the ids of all imports of the
    inbox that nobody has worked on yet, the oldest first. Raises `Busy` while another process
    looks at this inbox.
    """
    with exclusive(store, "inbox", _BUSY):
        inbox = inbox_of(store)
        inbox.mkdir(parents=True, exist_ok=True)
        complete = _complete_files(inbox, pause)
        if complete:
            _claim_together(store, complete)
        for claim in sorted((inbox / _TAKEN).glob("*")):
            _receive_or_put_aside(store, claim, tell or _logged(store))
        with store.read() as tx:
            waiting = find_imports(tx, status=RECEIVED, created_by=INBOX.username)
    return [each for each in waiting if not archive_of(store, each).is_left_to_a_person()]


def _logged(store: TenantStore) -> Callable[[CrmError], None]:
    """Return what logs where a file was put: its name, and why, may name a person."""

    def log(error: CrmError) -> None:
        folder = error.values.get("folder", _REFUSED)
        _LOG.warning("inbox of %s: a file was refused, see %s", store.tenant.key, folder)

    return log


def work_on(store: TenantStore, import_id: str, progress: Progress = no_progress) -> dict[str, Any]:
    """Load an import of the inbox, unless somebody has to look at it first; return its report.

    It then waits as `planned` or `asking` on the Upload page, and is not tried again by itself.
    Raises `Busy` while another import of the company is worked on, and `Refused` when it can
    neither be loaded nor planned: then too it is left to a person.
    """
    status = entry_of(store, import_id).status
    if status == LOADED:
        return load(store, import_id, progress)
    archive = archive_of(store, import_id)
    if status != RECEIVED or archive.is_left_to_a_person():
        return {
            "import_id": import_id,
            "files": [],
            "status": status,
            **report_of(store, import_id),
        }
    try:
        with import_turn(store, waits=False):
            report = plan_of(store, open_entry(store, import_id), archive, progress)
        if _may_be_loaded(report):
            return load(store, import_id, progress)
        _log_waiting(store, report)
        return plan(store, import_id, progress)
    except Busy:
        raise
    except Refused:
        archive.leave_to_a_person()
        raise


def _may_be_loaded(report: Mapping[str, Any]) -> bool:
    if report.get("same_as"):  # loading it changes nothing
        return True
    return report["status"] == PLANNED and not grave_warnings(report)


def _log_waiting(store: TenantStore, report: Mapping[str, Any]) -> None:
    why = ", ".join(warning["code"] for warning in grave_warnings(report)) or report["status"]
    _LOG.warning(
        "inbox of %s: import %s waits on the Upload page (%s)",
        store.tenant.key,
        report["import_id"],
        why,
    )


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


def _claim_together(store: TenantStore, files: Sequence[Path]) -> None:
    """Move the files into one folder: a new one, or that which a kill left before all had come."""
    inbox = inbox_of(store)
    for claim in sorted((inbox / _TAKEN).glob("*")):
        if not (_is_entered(store, claim.name) or any((claim / f.name).exists() for f in files)):
            for path in files:
                path.rename(claim / path.name)
            return
    _claim(inbox, [files])


def _is_entered(store: TenantStore, import_id: str) -> bool:
    try:
        entry_of(store, import_id)
    except NotFound:
        return False
    return True


def _claim(inbox: Path, groups: Sequence[Sequence[Path]]) -> list[Path]:
    """Move each group of files into a folder of its own, named after an import to be.

    The names sort as the groups do.
    """
    names = sorted(str(uuid.uuid4()) for _ in groups)
    claims = [inbox / _TAKEN / name for name in names]
    for claim, files in zip(claims, groups, strict=True):
        claim.mkdir(parents=True)
        for path in files:
            path.rename(claim / path.name)
    return claims


def _receive_or_put_aside(
    store: TenantStore, claim: Path, tell: Callable[[CrmError], None]
) -> None:
    try:
        _receive(store, claim)
    except Busy:
        raise
    except Refused as error:
        archive_of(store, claim.name).remove()
        files = sorted(claim.iterdir())
        if len(files) == 1:
            tell(_put_aside(store, claim, files[0], error))
            return
        parts = _claim(inbox_of(store), [[path] for path in files])
        claim.rmdir()
        for part in parts:
            _receive_or_put_aside(store, part, tell)


def _put_aside(store: TenantStore, claim: Path, file: Path, error: Refused) -> Refused:
    """Write why a claim was refused, then move it there; return what to tell about it."""
    target = inbox_of(store) / _REFUSED / claim.name
    target.parent.mkdir(exist_ok=True)
    reason = error.sentence(store.tenant.language)
    target.with_suffix(".txt").write_text(f"{reason}\n", encoding="utf-8")
    claim.rename(target)
    folder = target.relative_to(store.folder)
    return Refused(_PUT_ASIDE, file=file.name, folder=folder, sentence=error)


def _receive(store: TenantStore, claim: Path) -> None:
    """Enter the import of a claim, unless it was entered before a kill; then the claim goes."""
    import_id, files = claim.name, sorted(claim.iterdir())
    if not _is_entered(store, import_id):
        archive_of(store, import_id).remove()
        if files:
            receive(store, INBOX, [(path.name, path) for path in files], import_id=import_id)
    shutil.rmtree(claim)
