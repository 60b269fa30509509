"""Runs: from queued to done, and the rows they leave.

The rows of a run are written while its status is `running` and count for no reader until one
small transaction sets `done`; a run that was killed is executed again from the start.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from duckdb import DuckDBPyConnection

from core.contracts import RuleCode
from core.store.bulk import store_rows_in_steps
from core.store.tenant import TenantStore, Transaction, as_date, as_moment

_DELETED_CUSTOMERS = 5_000  # a step of deletion, short enough for SQLite's other writers


class RunStatus(StrEnum):
    """Where a run stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Run:
    """One execution of the recommender, as recorded; `summary_json` stands when it is done."""

    run_id: str
    status: RunStatus
    as_of: date
    policy_json: str
    created_at: datetime
    created_by: str
    finished_at: datetime | None = None
    summary_json: str | None = None
    error: str | None = None


_RUN = """
SELECT
    CAST(run_id AS TEXT) AS run_id,
    status,
    as_of,
    policy_json,
    created_at,
    created_by,
    finished_at,
    summary_json,
    error
FROM run
WHERE tenant_id = :tenant
"""

_INSERT_RUN = """
INSERT INTO run (tenant_id, run_id, status, as_of, policy_json, created_at, created_by)
VALUES (:tenant, :run_id, :status, :as_of, :policy_json, :created_at, :created_by)
"""

_FINISH_RUN = """
UPDATE run
SET status = :done, finished_at = :finished_at, summary_json = :summary_json,
    qc_json = :qc_json, error = NULL
WHERE tenant_id = :tenant AND run_id = :run_id AND status = :running
"""

# What a run stores, by table, from the tables of core.reco and core.audit; `this_run` is its row.
_OUTPUT_ROWS: Mapping[str, str] = {
    "reco_output": """
        SELECT
            this_run.run_id,
            customer,
            rank,
            scenario,
            product_key,
            score,
            explain_short,
            reasons_json
        FROM final_list
        CROSS JOIN this_run
        ORDER BY customer_no, rank
    """,
    "audit_output": """
        SELECT
            this_run.run_id,
            customer,
            row_number() OVER (
                PARTITION BY customer_no
                ORDER BY
                    list_position(this_run.rule_codes, rule_code),
                    product_no NULLS FIRST,
                    severity,
                    details_json
            )::INTEGER AS issue_no,
            severity,
            rule_code,
            product_key,
            details_json
        FROM issues
        JOIN customer_numbers USING (customer_no)
        LEFT JOIN product_numbers USING (product_no)
        CROSS JOIN this_run
        ORDER BY customer_no, issue_no
    """,
    "next_action_output": """
        SELECT
            this_run.run_id,
            customer,
            eligible,
            reason,
            scenario,
            audit_score,
            eligible AS gate_export,
            state,
            segment,
            monetary_cents AS value_cents
        FROM verdicts
        JOIN customer_facts USING (customer_no)
        CROSS JOIN this_run
        ORDER BY customer_no
    """,
}


def insert_run(tx: Transaction, run: Run) -> None:
    """Record a run that waits to be executed."""
    tx.execute(
        _INSERT_RUN,
        run_id=run.run_id,
        status=run.status.value,
        as_of=run.as_of,
        policy_json=run.policy_json,
        created_at=run.created_at,
        created_by=run.created_by,
    )


def find_run(tx: Transaction, run_id: str) -> Run | None:
    """Return the run of `run_id`, in whatever state, or None; a malformed id finds none."""
    if not is_id(run_id):
        return None
    row = tx.row(f"{_RUN} AND run_id = :run_id", run_id=run_id.lower())
    return _run(row) if row else None


def load_runs(
    tx: Transaction, *, limit: int, offset: int = 0, done_only: bool = False
) -> list[Run]:
    """Return runs, the newest first."""
    done = f"AND status = '{RunStatus.DONE.value}'" if done_only else ""
    rows = tx.rows(
        f"{_RUN} {done} ORDER BY created_at DESC, run_id DESC LIMIT :limit OFFSET :offset",
        limit=limit,
        offset=offset,
    )
    return [_run(row) for row in rows]


def count_runs(tx: Transaction) -> int:
    """Return the number of runs in whatever state."""
    return int(tx.scalar("SELECT count(*) FROM run WHERE tenant_id = :tenant"))


def load_qc_json(tx: Transaction, run_id: str) -> str:
    """Return the stored quality figures of a finished run."""
    sql = "SELECT qc_json FROM run WHERE tenant_id = :tenant AND run_id = :run_id"
    return str(tx.scalar(sql, run_id=run_id))


def start_run(store: TenantStore, run_id: str) -> None:
    """Set the run running, without any row that an earlier attempt left."""
    with store.begin() as tx:
        _set_status(tx, run_id, RunStatus.RUNNING, error=None)
    delete_outputs(store, run_id)


def fail_run(store: TenantStore, run_id: str, error: str) -> None:
    """Set the run failed with the sentence `error`, and remove its rows."""
    delete_outputs(store, run_id)
    with store.begin() as tx:
        _set_status(tx, run_id, RunStatus.FAILED, error=error)


def delete_outputs(store: TenantStore, run_id: str) -> None:
    """Remove the rows of a run that is not done, in short transactions."""
    for table in _OUTPUT_ROWS:
        deleted = 1
        while deleted:
            with store.begin() as tx:
                deleted = _delete_some(tx, table, run_id)


def _delete_some(tx: Transaction, table: str, run_id: str) -> int:
    of_run = "tenant_id = :tenant AND run_id = :run_id"
    return tx.execute(
        f"DELETE FROM {table} WHERE {of_run} AND customer IN"
        f" (SELECT DISTINCT customer FROM {table} WHERE {of_run} LIMIT :customers)",
        run_id=run_id,
        customers=_DELETED_CUSTOMERS,
    )


def store_lists(store: TenantStore, con: DuckDBPyConnection, run_id: str) -> None:
    """Store the rows of `final_list` under `run_id`, still unseen; lists may come in parts."""
    _store(store, con, run_id, "reco_output")


def store_verdicts(store: TenantStore, con: DuckDBPyConnection, run_id: str) -> None:
    """Store the rows of `issues` and `verdicts` under `run_id`, still unseen."""
    _store(store, con, run_id, "audit_output")
    _store(store, con, run_id, "next_action_output")


def _store(store: TenantStore, con: DuckDBPyConnection, run_id: str, table: str) -> None:
    con.execute(
        "CREATE OR REPLACE TABLE this_run AS SELECT $run_id AS run_id, $codes AS rule_codes",
        {"run_id": run_id, "codes": [code.value for code in RuleCode]},
    )
    select = _OUTPUT_ROWS[table]
    described = con.execute(f"DESCRIBE {select}").fetchall()
    store_rows_in_steps(store, con, select, table, [row[0] for row in described])


def finish_run(
    store: TenantStore, run_id: str, *, finished_at: datetime, summary_json: str, qc_json: str
) -> None:
    """Publish the run: from here on every reader sees its rows."""
    with store.begin() as tx:
        published = tx.execute(
            _FINISH_RUN,
            run_id=run_id,
            done=RunStatus.DONE.value,
            running=RunStatus.RUNNING.value,
            finished_at=finished_at,
            summary_json=summary_json,
            qc_json=qc_json,
        )
        assert published == 1, "only a running run can be published"


def _set_status(tx: Transaction, run_id: str, status: RunStatus, *, error: str | None) -> None:
    tx.execute(
        "UPDATE run SET status = :status, error = :error"
        " WHERE tenant_id = :tenant AND run_id = :run_id AND status <> :done",
        run_id=run_id,
        status=status.value,
        error=error,
        done=RunStatus.DONE.value,
    )


def is_id(run_id: str) -> bool:
    """Tell whether a text has the form of an id."""
    try:
        return str(UUID(run_id)) == run_id.lower()
    except ValueError:
        return False


def _run(row: Mapping[str, object]) -> Run:
    as_of, created_at = as_date(row["as_of"]), as_moment(row["created_at"])
    assert as_of is not None
    assert created_at is not None
    summary, error = row["summary_json"], row["error"]
    return Run(
        run_id=str(row["run_id"]),
        status=RunStatus(str(row["status"])),
        as_of=as_of,
        policy_json=str(row["policy_json"]),
        created_at=created_at,
        created_by=str(row["created_by"]),
        finished_at=as_moment(row["finished_at"]),
        summary_json=None if summary is None else str(summary),
        error=None if error is None else str(error),
    )
