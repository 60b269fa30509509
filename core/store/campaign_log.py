"""The journal of a campaign (`brevo_logs`): appended to, never changed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.store.senders import hold_campaign
from core.store.tenant import Transaction, as_moment

_LAST = """
SELECT max(log_no) FROM brevo_logs WHERE tenant_id = :tenant AND campaign_id = :campaign_id
"""
_APPEND = """
INSERT INTO brevo_logs (
    tenant_id, campaign_id, log_no, delivery_no, batch_no, mode, event, detail_json, created_at
)
VALUES (:tenant, :campaign_id, :log_no, :delivery_no, :batch_no, :mode, :event, :detail, :now)
"""


@dataclass(frozen=True, kw_only=True)
class LogEntry:
    """One line of the journal, payload redacted."""

    log_no: int
    delivery_no: int | None
    batch_no: int | None
    mode: str
    event: str
    detail: Mapping[str, Any]
    created_at: datetime


def append_logs(
    tx: Transaction,
    campaign_id: str,
    mode: str,
    now: datetime,
    entries: Sequence[Mapping[str, Any]],
) -> int:
    """Add lines to a campaign's journal; each has `event` and may have `delivery_no`,
    `batch_no`, `detail` (JSON-ready, redacted). Returns the number of the last line.

    The campaign's row is locked first, so that two writers number their lines one after another.
    """
    hold_campaign(tx, campaign_id)
    last = last_log(tx, campaign_id)
    said = {"campaign_id": campaign_id, "mode": mode, "now": now}
    tx.execute_many(
        _APPEND,
        [{**said, "log_no": last + number, **_line(e)} for number, e in enumerate(entries, 1)],
    )
    return last + len(entries)


def last_log(tx: Transaction, campaign_id: str) -> int:
    """Return the number of the last line of a campaign's journal, 0 when there is none."""
    return int(tx.scalar(_LAST, campaign_id=campaign_id) or 0)


def _line(entry: Mapping[str, Any]) -> dict[str, object]:
    return {
        "delivery_no": entry.get("delivery_no"),
        "batch_no": entry.get("batch_no"),
        "event": entry["event"],
        "detail": json.dumps(entry.get("detail", {}), sort_keys=True),
    }


def load_logs(tx: Transaction, campaign_id: str, *, limit: int, offset: int) -> list[LogEntry]:
    """Return the journal of a campaign, newest line first."""
    rows = tx.rows(
        """
        SELECT log_no, delivery_no, batch_no, mode, event, detail_json, created_at
        FROM brevo_logs
        WHERE tenant_id = :tenant AND campaign_id = :campaign_id
        ORDER BY log_no DESC LIMIT :limit OFFSET :offset
        """,
        campaign_id=campaign_id,
        limit=limit,
        offset=offset,
    )
    return [_log_entry(row) for row in rows]


def load_delivery_logs(tx: Transaction, campaign_id: str, delivery_no: int) -> list[LogEntry]:
    """Return the lines of the journal about one delivery, oldest first."""
    rows = tx.rows(
        """
        SELECT log_no, delivery_no, batch_no, mode, event, detail_json, created_at
        FROM brevo_logs
        WHERE tenant_id = :tenant AND campaign_id = :campaign_id AND delivery_no = :delivery_no
        ORDER BY log_no
        """,
        campaign_id=campaign_id,
        delivery_no=delivery_no,
    )
    return [_log_entry(row) for row in rows]


def find_last_log(tx: Transaction, campaign_id: str, event: str) -> LogEntry | None:
    """Return the newest line of an event that is of the whole campaign, or None."""
    row = tx.row(
        """
        SELECT log_no, delivery_no, batch_no, mode, event, detail_json, created_at
        FROM brevo_logs
        WHERE tenant_id = :tenant AND campaign_id = :campaign_id AND event = :event
            AND delivery_no IS NULL
        ORDER BY log_no DESC LIMIT 1
        """,
        campaign_id=campaign_id,
        event=event,
    )
    return None if row is None else _log_entry(row)


def count_logs(tx: Transaction, campaign_id: str) -> int:
    """Return the number of lines in a campaign's journal."""
    found = tx.scalar(
        "SELECT count(*) FROM brevo_logs WHERE tenant_id = :tenant AND campaign_id = :campaign_id",
        campaign_id=campaign_id,
    )
    return int(found)


_OF_RUN = """
    FROM brevo_logs AS line
    JOIN campaign ON campaign.tenant_id = line.tenant_id
        AND campaign.campaign_id = line.campaign_id
    WHERE line.tenant_id = :tenant AND campaign.run_id = :run_id
"""


def load_run_logs(
    tx: Transaction, run_id: str, *, limit: int, offset: int
) -> list[tuple[str, LogEntry]]:
    """Return the journals of all campaigns of a run as (campaign, line), newest line first."""
    rows = tx.rows(
        f"""
        SELECT line.campaign_id, line.log_no, line.delivery_no, line.batch_no, line.mode,
            line.event, line.detail_json, line.created_at
        {_OF_RUN}
        ORDER BY line.created_at DESC, line.campaign_id, line.log_no DESC
        LIMIT :limit OFFSET :offset
        """,
        run_id=run_id,
        limit=limit,
        offset=offset,
    )
    return [(str(row.pop("campaign_id")), _log_entry(row)) for row in map(dict, rows)]


def count_run_logs(tx: Transaction, run_id: str) -> int:
    """Return the number of lines in the journals of a run's campaigns."""
    return int(tx.scalar(f"SELECT count(*) {_OF_RUN}", run_id=run_id))


def _log_entry(row: Mapping[str, Any]) -> LogEntry:
    created_at = as_moment(row["created_at"])
    assert created_at is not None
    fields = {name: value for name, value in row.items() if name != "detail_json"}
    return LogEntry(
        **{**fields, "created_at": created_at, "detail": json.loads(row["detail_json"])}
    )
