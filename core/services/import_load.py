"""Staging of a checked import: rows, suppressions and held rows, invisible until published."""

from collections.abc import Sequence

from duckdb import DuckDBPyConnection

from core.contracts import FileKind
from core.errors import QuestionOpen
from core.i18n import N_
from core.services.import_addresses import find_said_addresses
from core.services.import_archive import archive_of
from core.services.import_history import keep_said
from core.services.import_months import stage_months
from core.services.import_opt_outs import count_leaving, suppression_select
from core.services.import_state import staged_select
from core.services.import_waiting import WorkedFile, find_held_again
from core.services.import_work import ORDER, FileWork
from core.store.dataset import head_of
from core.store.held import stage_held, stage_held_again, stage_released
from core.store.imports import ImportEntry
from core.store.tenant import TenantStore
from core.store.unpublished import announce_staging
from core.store.versions import fetch_suppression_ids, stage_rows, stage_suppressions

_OPT_OUT_ALARM = 0.2
_MANY_LEAVE = N_(
    "This import would opt %(leaving)s of %(customers)s customers out of e-mail. Check the opt-out"
    " column and the statuses of the contacts; if they are right, confirm (--confirm-opt-outs)."
)


def stage_all(
    store: TenantStore, con: DuckDBPyConnection, entry: ImportEntry, works: Sequence[FileWork]
) -> int:
    """Stage everything the import changes; return the sequence number to publish.

    Raises `QuestionOpen` when it would opt out more than a fifth of the customers and nobody has
    confirmed that.
    """
    alarm = find_opt_out_alarm(store, con, entry)
    if alarm and not entry.opt_outs_confirmed_by:
        raise QuestionOpen(_MANY_LEAVE, question="confirm_opt_outs", options=("yes",), **alarm)
    with store.read() as tx:
        seq = head_of(tx) + 1
    keep_said(con, archive_of(store, entry.import_id))
    announce_staging(store, seq)
    for kind in ORDER:
        con.execute(f"CREATE OR REPLACE VIEW staged AS {staged_select(con, kind)}")
        stage_rows(store, con, kind, "staged", seq)
    stage_suppressions(store, con, "new_suppressions", entry.import_id)
    for work in works:
        _stage_held(store, con, entry.import_id, work)
    if works:
        find_held_again(con, entry.import_id, [_worked(work) for work in works])
        stage_held_again(store, con, "held_again", seq)
    stage_released(store, con, "released_rows", seq)
    stage_months(store, con, seq)
    return seq


def _stage_held(
    store: TenantStore, con: DuckDBPyConnection, import_id: str, work: FileWork
) -> None:
    assert work.mapping is not None
    kind, held = work.mapping.kind, f"{work.prefix}_held"
    norms = f"{work.prefix}_label_norms" if kind is FileKind.SALES else None
    stage_held(store, con, held, kind, import_id, work.file.file_no, norms=norms)


def _worked(work: FileWork) -> WorkedFile:
    assert work.mapping is not None
    return WorkedFile(prefix=work.prefix, kind=work.mapping.kind, file=work.file)


def find_opt_out_alarm(
    store: TenantStore, con: DuckDBPyConnection, entry: ImportEntry
) -> dict[str, int] | None:
    """Return `leaving` and `customers` when the import opts out suspiciously many, else None.

    The first import of a tenant is never suspicious. Creates `new_suppressions` in `con`.
    """
    with store.read() as tx:
        is_first = head_of(tx) == 0
        fetch_suppression_ids(tx, con, "known_suppressions")
        find_said_addresses(store, tx, con)
    con.execute(
        f"""
        CREATE OR REPLACE TABLE new_suppressions AS
        SELECT * REPLACE (coalesce(since, DATE '{entry.as_of.isoformat()}') AS since)
        FROM ({suppression_select(con)})
        WHERE suppression_id NOT IN (SELECT suppression_id FROM known_suppressions)
        """
    )
    if is_first:
        return None
    with store.read() as tx:
        counted = count_leaving(tx, con, "new_suppressions")
    if counted is None or counted[0] <= _OPT_OUT_ALARM * counted[1]:
        return None
    return {"leaving": counted[0], "customers": counted[1]}
