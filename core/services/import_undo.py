"""Undo: the last import is taken back, with its corrections; what came later is named.

What was there before is visible again at once; rows that nobody sees any more are removed after
it in short steps. Opt-outs that the import brought stay.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from core.errors import CrmError, Refused
from core.i18n import N_
from core.services.accounts import Actor, Role, require
from core.services.audit_trail import Action, record
from core.services.corrected_report import reports_with_corrections
from core.services.import_archive import archive_of
from core.services.import_ledger import BUSY, entry_of
from core.services.import_publication import complete_archive, tell_undone
from core.services.import_turn import import_turn
from core.store.import_relations import load_corrections, load_imports_after
from core.store.import_states import LOADED
from core.store.imports import ImportEntry, Origin
from core.store.tenant import TenantStore
from core.store.undo import count_touched, unpublish
from core.store.unpublished import clear_unpublished

_NAMED = 5
_LATER = N_(
    "Imports were loaded after this one. Undo each later import first, the newest first: %(later)s."
)
_ONE = N_("%(files)s, loaded on %(when)s by %(who)s, which touches %(rows)s of the same rows")
_ONE_APART = N_("%(files)s, loaded on %(when)s by %(who)s, which touches none of the same rows")
_RELEASED = N_("rows that waited")
_BY_HAND = N_("a change by hand")
_APART = {Origin.RELEASE: _RELEASED, Origin.HAND: _BY_HAND}
_AND = N_("%(first)s; %(rest)s")
_MORE = N_("and %(count)s more")


@dataclass(frozen=True, kw_only=True)
class LaterImport:
    """An import loaded later; `rows` of the import to undo it wrote again or released."""

    entry: ImportEntry
    rows: int


@dataclass(frozen=True, kw_only=True)
class UndoOutlook:
    """What undoing an import would do: `rows` loaded or released and `corrections` taken back.

    With something in `later`, newest first, it is refused.
    """

    rows: int
    corrections: tuple[ImportEntry, ...]
    later: tuple[LaterImport, ...]


def undo_outlook(store: TenantStore, import_id: str) -> UndoOutlook:
    """Return what undoing a loaded import would do; raise `Refused` when it is not loaded."""
    entry = entry_of(store, import_id)
    if entry.status != LOADED or entry.seq is None:
        raise Refused(N_("Only a loaded import can be undone."))
    with store.read() as tx:
        corrections = tuple(load_corrections(tx, [import_id]))
        taken = {correction.import_id for correction in corrections}
        others = [e for e in load_imports_after(tx, entry.seq) if e.import_id not in taken]
        touched = count_touched(tx, import_id, entry.seq) if others else {}
    report = reports_with_corrections(store, [entry])[import_id]
    rows = report.get("totals", {}).get("loaded", 0) + report.get("released", 0)
    later = [LaterImport(entry=e, rows=touched.get(e.seq or 0, 0)) for e in reversed(others)]
    return UndoOutlook(rows=rows, corrections=corrections, later=tuple(later))


def undo(store: TenantStore, actor: Actor, import_id: str, *, clears: bool = True) -> None:
    """Take the last loaded import back, corrections of it too: every row is as before it.

    With `clears` the rows that nobody sees any more are removed at once; otherwise `clear_undone`
    or the next load does it. Raises `Refused`, naming them, when other imports were loaded later.
    """
    require(actor, Role.ANALYST)
    with import_turn(store):
        tell_undone(store)
        entry, outlook = entry_of(store, import_id), undo_outlook(store, import_id)
        if outlook.later:
            raise Refused(_LATER, later=_named(store, outlook.later))
        undone = (entry, *outlook.corrections)
        seqs = [each.seq for each in undone if each.seq is not None]
        ids = [each.import_id for each in undone]
        _take_back(store, actor, ids, min(seqs), max(seqs))
        if clears:
            clear_unpublished(store)


def _take_back(
    store: TenantStore, actor: Actor, import_ids: Sequence[str], first: int, last: int
) -> None:
    """Take the imports back, without their reports: a kill in between leaves none that is untrue.

    Raises `Refused`, and the reports are there again, when others were published meanwhile.
    """
    for import_id in import_ids:
        archive_of(store, import_id).remove_report()
    try:
        with store.begin() as tx:
            if not unpublish(tx, import_ids, first, last):
                raise Refused(BUSY)
            for import_id in import_ids:
                record(store, tx, actor.user_id, Action.IMPORT_UNDONE, import_id)
    finally:
        for import_id in import_ids:
            complete_archive(store, entry_of(store, import_id))


def clear_undone(store: TenantStore) -> None:
    """Remove the rows of undone imports that nobody sees any more."""
    with import_turn(store):
        clear_unpublished(store)
        tell_undone(store)


def _named(store: TenantStore, later: Sequence[LaterImport]) -> CrmError:
    named = [_sentence(store, each) for each in later[:_NAMED]]
    if len(later) > _NAMED:
        named.append(CrmError(_MORE, count=len(later) - _NAMED))
    joined = named[-1]
    for each in reversed(named[:-1]):
        joined = CrmError(_AND, first=each, rest=joined)
    return joined


def _sentence(store: TenantStore, later: LaterImport) -> CrmError:
    entry = later.entry
    files: object = ", ".join(file.name for file in entry.files)
    if entry.origin in _APART:
        files = CrmError(_APART[Origin(entry.origin)])
    return CrmError(
        _ONE if later.rows else _ONE_APART,
        files=files,
        when=_moment(entry.loaded_at, store.tenant.time_zone),
        who=entry.created_by,
        rows=later.rows,
    )


def _moment(moment: datetime | None, time_zone: str) -> str:
    return f"{moment.astimezone(ZoneInfo(time_zone)):%Y-%m-%d %H:%M}" if moment else ""
