"""What stands against a change by hand: judged when it is saved, and again when it is loaded."""

from collections.abc import Mapping, Sequence

from core.contracts import FileKind
from core.errors import NotFound, Refused
from core.i18n import N_
from core.ingest.identity import IDENTITY
from core.services.hand_rows import FILE_NAME, FILE_NO, RowChange, read_changes
from core.services.import_archive import archive_of
from core.services.import_ledger import DISCARDED, set_state
from core.services.import_work import FileWork
from core.store.imports import ImportEntry, Origin
from core.store.row_versions import Row, load_chain, load_seen
from core.store.tenant import TenantStore, Transaction

_OVERTAKEN = N_(
    "This was changed by somebody else, or by a file, since you opened it: nothing was saved. Look"
    " at what it says now, then change it again."
)
_TAKEN = N_("There is a product with this key already: nothing was saved. Open it and change it.")
_UNKNOWN = N_("What is to be changed is not there any more: nothing was saved.")
_NO_PREDECESSOR = N_("The product that is replaced is not in the catalogue: nothing was saved.")
_CIRCLE = N_(
    "A product cannot replace itself or a later vintage of itself: nothing was saved. Choose an"
    " earlier vintage."
)
_UNREADABLE = N_("A cell of this change cannot be read: nothing was saved.")


def check_seen(tx: Transaction, kind: FileKind, changes: Sequence[RowChange]) -> dict[str, Row]:
    """Return the rows that are there, by key.

    Raises `Refused` or `NotFound` when they are not what they were when they were seen.
    """
    found = load_seen(tx, kind, [change.key for change in changes])
    there = {row[IDENTITY[kind]]: row for row in found}
    for change in changes:
        row = there.get(change.key)
        if change.seen is None and row is not None:
            raise Refused(_TAKEN)
        if change.seen is not None and row is None:
            raise NotFound(_UNKNOWN)
        if row is not None and row["written_by"] != change.seen:
            raise Refused(_OVERTAKEN)
    return there


def check_chain(tx: Transaction, changes: Sequence[RowChange]) -> None:
    """Raise when a change lets a product replace one that is not there, or itself in the end."""
    linked = {change.key: str(now) for change in changes if (now := change.cells.get("replaces"))}
    if not linked:
        return
    there = load_chain(tx)
    if set(linked.values()) - there.keys() - linked.keys():
        raise NotFound(_NO_PREDECESSOR)
    chain = {**there, **linked}
    if any(_is_circular(chain, key) for key in linked):
        raise Refused(_CIRCLE)


def _is_circular(chain: Mapping[str, str | None], start: str) -> bool:
    met: set[str] = set()
    key: str | None = start
    while key is not None and key not in met:
        met.add(key)
        key = chain.get(key)
    return key == start


def refuse_overtaken(store: TenantStore, entry: ImportEntry) -> None:
    """Give a change by hand up that no longer fits what is there, and raise why.

    For the one who has the turn of the imports: what fits now fits until she has published.
    """
    if entry.origin != Origin.HAND:
        return
    (file,) = entry.files
    kind = FileKind(str(file.kind))
    changes = read_changes(archive_of(store, entry.import_id).original(FILE_NO, FILE_NAME), kind)
    try:
        with store.read() as tx:
            check_seen(tx, kind, changes)
            check_chain(tx, changes)
    except (Refused, NotFound):
        set_state(store, entry.import_id, DISCARDED)
        raise


def refuse_unreadable(store: TenantStore, entry: ImportEntry, works: Sequence[FileWork]) -> None:
    """Give a change by hand up of which a row cannot be loaded, and raise why."""
    is_unread = any(work.report.get("rejected") or work.report.get("held") for work in works)
    if entry.origin == Origin.HAND and is_unread:
        set_state(store, entry.import_id, DISCARDED)
        raise Refused(_UNREADABLE)
