"""Runs: from queued to done, and the rows they leave.

The rows of a run are written while its status is `running` and count for no reader until one
small transaction sets `done`; a run that was killed is executed again from the start.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from core.contracts import RunVersion
from core.store.run_outputs import RunAt
from core.store.run_rows import delete_outputs
from core.store.tenant import TenantStore, Transaction, as_date, as_moment


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
    policy_version: int | None = None
    basis_json: str | None = None
    review_no: int = 0
    review_summary_json: str | None = None

    def at(self, version: RunVersion) -> RunAt:
        """Return the run at the review in which the rows of `version` count."""
        review = 0 if version is RunVersion.ORIGINAL else self.review_no
        return RunAt(run_id=self.run_id, review=review)

    def summary_of(self, version: RunVersion) -> str | None:
        """Return the summary of `version` as JSON, None until the run is done."""
        return self.review_summary_json if self.at(version).review else self.summary_json


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
    error,
    policy_version,
    basis_json,
    review_no,
    review_summary_json
FROM run
WHERE tenant_id = :tenant
"""

_UP_TO = """
AND (created_at < :created_at OR (created_at = :created_at AND run_id <= :run_id))
"""

_INSERT_RUN = """
INSERT INTO run
    (tenant_id, run_id, status, as_of, policy_json, policy_version, created_at, created_by)
VALUES
    (:tenant, :run_id, :status, :as_of, :policy_json, :policy_version, :created_at, :created_by)
"""

_FINISH_RUN = """
UPDATE run
SET status = :done, finished_at = :finished_at, summary_json = :summary_json,
    qc_json = :qc_json, basis_json = :basis_json, error = NULL
WHERE tenant_id = :tenant AND run_id = :run_id AND status = :running
"""


def insert_run(tx: Transaction, run: Run) -> None:
    """Record a run that waits to be executed."""
    tx.execute(
        _INSERT_RUN,
        run_id=run.run_id,
        status=run.status.value,
        as_of=run.as_of,
        policy_json=run.policy_json,
        policy_version=run.policy_version,
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
    tx: Transaction,
    *,
    limit: int,
    offset: int = 0,
    done_only: bool = False,
    up_to: Run | None = None,
) -> list[Run]:
    """Return runs, the newest first; with `up_to` that run and those launched before it."""
    done = f"AND status = '{RunStatus.DONE.value}'" if done_only else ""
    earlier = "" if up_to is None else _UP_TO
    values = {} if up_to is None else {"created_at": up_to.created_at, "run_id": up_to.run_id}
    rows = tx.rows(
        f"{_RUN} {done} {earlier}"
        " ORDER BY created_at DESC, run_id DESC LIMIT :limit OFFSET :offset",
        limit=limit,
        offset=offset,
        **values,
    )
    return [_run(row) for row in rows]


def count_runs(tx: Transaction) -> int:
    """Return the number of runs in whatever state."""
    return int(tx.scalar("SELECT count(*) FROM run WHERE tenant_id = :tenant"))


def load_qc_json(tx: Transaction, run: RunAt) -> str:
    """Return the stored quality figures of a finished run at its original or present review."""
    column = "review_qc_json" if run.review else "qc_json"
    sql = f"SELECT {column} FROM run WHERE tenant_id = :tenant AND run_id = :run_id"
    return str(tx.scalar(sql, run_id=run.run_id))


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


def finish_run(
    store: TenantStore,
    run_id: str,
    *,
    finished_at: datetime,
    summary_json: str,
    qc_json: str,
    basis_json: str,
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
            basis_json=basis_json,
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


def is_id(text: str) -> bool:
    """Tell whether `text` is an id as the database gives them."""
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False


def _run(row: Mapping[str, object]) -> Run:
    as_of, created_at = as_date(row["as_of"]), as_moment(row["created_at"])
    assert as_of is not None
    assert created_at is not None
    version = row["policy_version"]
    return Run(
        run_id=str(row["run_id"]),
        status=RunStatus(str(row["status"])),
        as_of=as_of,
        policy_json=str(row["policy_json"]),
        created_at=created_at,
        created_by=str(row["created_by"]),
        finished_at=as_moment(row["finished_at"]),
        summary_json=_text(row["summary_json"]),
        error=_text(row["error"]),
        policy_version=None if version is None else int(str(version)),
        basis_json=_text(row["basis_json"]),
        review_no=int(str(row["review_no"])),
        review_summary_json=_text(row["review_summary_json"]),
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)
