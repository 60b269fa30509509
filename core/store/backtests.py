"""Backtests of a tenant: asked for, worked on, done with a report or failed with a sentence."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from core.store.runs import RunStatus, is_id
from core.store.tenant import Transaction, as_moment


@dataclass(frozen=True, kw_only=True)
class Backtest:
    """One backtest as recorded: done with `report_json`, or failed with `error`, which is JSON."""

    backtest_id: str
    status: RunStatus
    options_json: str
    created_at: datetime
    created_by: str
    finished_at: datetime | None = None
    report_json: str | None = None
    error: str | None = None


_BACKTEST = """
SELECT
    CAST(backtest_id AS TEXT) AS backtest_id,
    status,
    options_json,
    created_at,
    created_by,
    finished_at,
    report_json,
    error
FROM backtest
WHERE tenant_id = :tenant
"""

_INSERT = """
INSERT INTO backtest (tenant_id, backtest_id, status, options_json, created_at, created_by)
VALUES (:tenant, :backtest_id, :status, :options_json, :created_at, :created_by)
"""

_SETTLE = """
UPDATE backtest
SET status = :status, finished_at = :finished_at, report_json = :report_json, error = :error
WHERE tenant_id = :tenant AND backtest_id = :backtest_id AND status <> :done
"""


def insert_backtest(tx: Transaction, backtest: Backtest) -> None:
    """Record a backtest that waits to be worked on."""
    tx.execute(
        _INSERT,
        backtest_id=backtest.backtest_id,
        status=backtest.status.value,
        options_json=backtest.options_json,
        created_at=backtest.created_at,
        created_by=backtest.created_by,
    )


def find_backtest(tx: Transaction, backtest_id: str) -> Backtest | None:
    """Return a backtest in whatever state, or None; a malformed id finds none."""
    if not is_id(backtest_id):
        return None
    row = tx.row(f"{_BACKTEST} AND backtest_id = :backtest_id", backtest_id=backtest_id.lower())
    return _backtest(row) if row else None


def load_backtests(tx: Transaction, limit: int) -> list[Backtest]:
    """Return the backtests of the tenant, the newest first."""
    order = "ORDER BY created_at DESC, backtest_id DESC LIMIT :limit"
    return [_backtest(row) for row in tx.rows(f"{_BACKTEST} {order}", limit=limit)]


def settle_backtest(
    tx: Transaction,
    backtest_id: str,
    status: RunStatus,
    *,
    finished_at: datetime | None = None,
    report_json: str | None = None,
    error: str | None = None,
) -> None:
    """Set the state of a backtest that is not done yet."""
    tx.execute(
        _SETTLE,
        backtest_id=backtest_id,
        status=status.value,
        done=RunStatus.DONE.value,
        finished_at=finished_at,
        report_json=report_json,
        error=error,
    )


def _backtest(row: Mapping[str, object]) -> Backtest:
    created_at = as_moment(row["created_at"])
    assert created_at is not None
    report, error = row["report_json"], row["error"]
    return Backtest(
        backtest_id=str(row["backtest_id"]),
        status=RunStatus(str(row["status"])),
        options_json=str(row["options_json"]),
        created_at=created_at,
        created_by=str(row["created_by"]),
        finished_at=as_moment(row["finished_at"]),
        report_json=None if report is None else str(report),
        error=None if error is None else str(error),
    )
