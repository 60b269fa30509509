"""Staging of a checked import: rows, suppressions and held rows, invisible until published."""

from collections.abc import Sequence

from duckdb import DuckDBPyConnection

from core.contracts import FileKind
from core.errors import QuestionOpen
from core.i18n import N_
from core.services.import_state import staged_select, state_table, suppression_select
from core.services.import_work import ORDER, FileWork
from core.store.dataset import head_of
from core.store.imports import ImportEntry
from core.store.tenant import TenantStore
from core.store.versions import fetch_suppression_ids, stage_held, stage_rows, stage_suppressions

_OPT_OUT_ALARM = 0.2


def stage_all(
    store: TenantStore,
    con: DuckDBPyConnection,
    entry: ImportEntry,
    works: Sequence[FileWork],
    *,
    confirm_opt_outs: bool,
) -> int:
    """Stage everything the import changes; return the sequence number to publish.

    Raises `QuestionOpen` when it would opt out more than a fifth of the customers and that was
    not confirmed.
    """
    with store.read() as tx:
        seq = head_of(tx) + 1
        fetch_suppression_ids(tx, con, "known_suppressions")
    _collect_suppressions(con, entry)
    if not confirm_opt_outs:
        _check_opt_outs(con, is_first=seq == 1)
    for kind in ORDER:
        con.execute(f"CREATE OR REPLACE TABLE staged AS {staged_select(kind)}")
        stage_rows(store, con, kind, "staged", seq)
    stage_suppressions(store, con, "new_suppressions", entry.import_id)
    for work in works:
        assert work.mapping is not None
        stage_held(
            store,
            con,
            f"{work.prefix}_held",
            work.mapping.kind,
            entry.import_id,
            work.file.file_no,
        )
    return seq


def _collect_suppressions(con: DuckDBPyConnection, entry: ImportEntry) -> None:
    con.execute(
        f"""
        CREATE OR REPLACE TABLE new_suppressions AS
        SELECT * REPLACE (coalesce(since, DATE '{entry.as_of.isoformat()}') AS since)
        FROM ({suppression_select()})
        WHERE suppression_id NOT IN (SELECT suppression_id FROM known_suppressions)
        """
    )


def _check_opt_outs(con: DuckDBPyConnection, *, is_first: bool) -> None:
    found = con.execute(
        f"""
        SELECT
            (SELECT count(DISTINCT customer) FROM new_suppressions WHERE reason = 'opt_out'),
            (SELECT count(*) FROM {state_table(FileKind.CLIENTS)})
        """
    ).fetchone()
    assert found is not None
    leaving, customers = found
    if not is_first and leaving > _OPT_OUT_ALARM * customers:
        raise QuestionOpen(
            N_(
                "This import would opt %(leaving)s of %(customers)s customers out of e-mail."
                " Check the opt-out column; if it is right, confirm (--confirm-opt-outs)."
            ),
            question="confirm_opt_outs",
            options=("yes",),
            leaving=leaving,
            customers=customers,
        )
