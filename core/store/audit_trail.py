"""The audit trail: who did what when, appended to, each entry bound to the one before it.

An entry's hash is the SHA-256 of its own values and of the hash before it, so whoever changes,
removes or inserts an entry has to write every later one again; the head keeps the number and hash
of the last one, so that a trail cut short is seen too.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from core.store.tenant import Transaction, as_moment

_TAKE_NUMBER = """
INSERT INTO audit_trail_head (tenant_id, number, sha256) VALUES (:tenant, 1, '')
ON CONFLICT (tenant_id) DO UPDATE SET number = audit_trail_head.number + 1
RETURNING number, sha256
"""
_APPEND = """
INSERT INTO audit_trail (tenant_id, number, at, actor_id, action, subject, details_json, sha256)
VALUES (:tenant, :number, :at, :actor_id, :action, :subject, :details_json, :sha256)
"""
_SET_HEAD = """
UPDATE audit_trail_head SET number = :number, sha256 = :sha256 WHERE tenant_id = :tenant
"""
_HEAD = "SELECT number, sha256 FROM audit_trail_head WHERE tenant_id = :tenant"
_COLUMNS = "number, at, actor_id, action, subject, details_json, sha256"


@dataclass(frozen=True, kw_only=True)
class TrailEntry:
    """One entry; `number` counts from 1 without a gap, `subject` is an opaque id or a number."""

    number: int
    at: datetime
    actor_id: str
    action: str
    subject: str | None
    details_json: str
    sha256: str

    @property
    def details(self) -> Mapping[str, Any]:
        """The details as they were recorded."""
        found: dict[str, Any] = json.loads(self.details_json)
        return found

    def digest(self, tenant_id: str, before: str) -> str:
        """Return the hash that this entry has after one whose hash is `before`."""
        values = [
            before,
            tenant_id,
            self.number,
            self.at.astimezone(UTC).isoformat(timespec="microseconds"),
            self.actor_id,
            self.action,
            self.subject,
            self.details_json,
        ]
        return hashlib.sha256(json.dumps(values, separators=(",", ":")).encode()).hexdigest()


def append_entries(
    tx: Transaction,
    *,
    at: datetime,
    actor_id: str,
    action: str,
    told: Sequence[tuple[str | None, Mapping[str, object]]],
) -> None:
    """Add an entry for each subject and its details, at least one, in this order.

    The head stays locked until the transaction ends: append as its last statement.
    """
    assert tx.tenant_id is not None
    head = tx.row(_TAKE_NUMBER)
    assert head is not None
    sha256, entries = str(head["sha256"]), []
    for number, (subject, details) in enumerate(told, int(head["number"])):
        entry = TrailEntry(
            number=number,
            at=at,
            actor_id=actor_id,
            action=action,
            subject=subject,
            details_json=json.dumps(details, sort_keys=True, separators=(",", ":")),
            sha256="",
        )
        sha256 = entry.digest(tx.tenant_id, sha256)
        entries.append({**vars(entry), "sha256": sha256})
    tx.execute_many(_APPEND, entries)
    tx.execute(_SET_HEAD, number=entries[-1]["number"], sha256=sha256)


def find_head(tx: Transaction) -> tuple[int, str]:
    """Return number and hash of the last entry, (0, "") when there is none."""
    row = tx.row(_HEAD)
    return (int(row["number"]), str(row["sha256"])) if row else (0, "")


def load_after(tx: Transaction, number: int, limit: int) -> list[TrailEntry]:
    """Return the next entries after `number`, the oldest first."""
    return [
        _entry(row)
        for row in tx.rows(
            f"SELECT {_COLUMNS} FROM audit_trail WHERE tenant_id = :tenant AND number > :number"
            " ORDER BY number LIMIT :limit",
            number=number,
            limit=limit,
        )
    ]


def load_newest(
    tx: Transaction, action: str | None, *, limit: int, offset: int
) -> list[TrailEntry]:
    """Return a page of the entries, of one action or of all, the newest first."""
    rows = tx.rows(
        f"SELECT {_COLUMNS} FROM audit_trail WHERE tenant_id = :tenant {_of(action)}"
        " ORDER BY number DESC LIMIT :limit OFFSET :offset",
        action=action,
        limit=limit,
        offset=offset,
    )
    return [_entry(row) for row in rows]


def load_about(
    tx: Transaction, subject: str, actions: Sequence[str], *, limit: int
) -> list[TrailEntry]:
    """Return the newest entries of these actions about one subject, the newest first."""
    rows = tx.rows(
        f"SELECT {_COLUMNS} FROM audit_trail WHERE tenant_id = :tenant AND subject = :subject"
        f" AND action {tx.among('actions')} ORDER BY number DESC LIMIT :limit",
        subject=subject,
        actions=tx.list_of(list(actions)),
        limit=limit,
    )
    return [_entry(row) for row in rows]


def count_entries(tx: Transaction, action: str | None) -> int:
    """Return how many entries `load_newest` pages through."""
    sql = f"SELECT count(*) FROM audit_trail WHERE tenant_id = :tenant {_of(action)}"
    return int(tx.scalar(sql, action=action))


def _of(action: str | None) -> str:
    return "" if action is None else "AND action = :action"


def _entry(row: Mapping[str, Any]) -> TrailEntry:
    at = as_moment(row["at"])
    assert at is not None
    return TrailEntry(**{**row, "at": at})
