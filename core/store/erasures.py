"""Requests to erase people: what was asked, how far it is, what it did."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.store.subjects import CUSTOMER, EMAIL, Subject
from core.store.tenant import Transaction, as_moment

QUEUED, RUNNING, WAITING, DONE = "queued", "running", "waiting", "done"
_COLUMNS = (
    "CAST(request_id AS TEXT) AS request_id, reason, state, step, people, counts_json, salt,"
    " created_at, created_by, finished_at"
)


@dataclass(frozen=True, kw_only=True)
class ErasureRequest:
    """One request; `step` is where its work is, `counts` what was done by table and sort of file.

    `salt` makes its opaque codes, None once the work is done.
    """

    request_id: str
    reason: str
    state: str
    step: str
    people: int
    counts: Mapping[str, int]
    salt: str | None
    created_at: datetime
    created_by: str
    finished_at: datetime | None


def store_request(tx: Transaction, request: ErasureRequest, subject: Subject) -> None:
    """Enter a request with whom it erases."""
    tx.execute(
        """
        INSERT INTO erasure_request (
            tenant_id, request_id, reason, state, step, people, counts_json, salt, created_at,
            created_by
        )
        VALUES (
            :tenant, :request_id, :reason, :state, :step, :people, :counts_json, :salt,
            :created_at, :created_by
        )
        """,
        counts_json=json.dumps(dict(request.counts)),
        **{
            name: value
            for name, value in vars(request).items()
            if name not in ("counts", "finished_at")
        },
    )
    named = [(CUSTOMER, value) for value in subject.customers]
    named += [(EMAIL, value) for value in subject.addresses]
    tx.execute_many(
        "INSERT INTO erasure_subject (tenant_id, request_id, kind, value)"
        " VALUES (:tenant, :request_id, :kind, :value)",
        [{"request_id": request.request_id, "kind": k, "value": v} for k, v in named],
    )


def load_subject(tx: Transaction, request_id: str) -> Subject:
    """Return whom a request erases; nobody once it is done."""
    rows = tx.rows(
        "SELECT kind, value FROM erasure_subject"
        " WHERE tenant_id = :tenant AND request_id = :request_id",
        request_id=request_id,
    )
    return Subject(
        frozenset(row["value"] for row in rows if row["kind"] == CUSTOMER),
        frozenset(row["value"] for row in rows if row["kind"] == EMAIL),
    )


def find_request(tx: Transaction, request_id: str) -> ErasureRequest | None:
    """Return a request, or None."""
    row = tx.row(
        f"SELECT {_COLUMNS} FROM erasure_request"
        " WHERE tenant_id = :tenant AND request_id = :request_id",
        request_id=request_id,
    )
    return None if row is None else _request(row)


def load_requests(tx: Transaction, *, limit: int, offset: int) -> list[ErasureRequest]:
    """Return a page of the requests, the newest first."""
    rows = tx.rows(
        f"SELECT {_COLUMNS} FROM erasure_request WHERE tenant_id = :tenant"
        " ORDER BY created_at DESC, request_id LIMIT :limit OFFSET :offset",
        limit=limit,
        offset=offset,
    )
    return [_request(row) for row in rows]


def count_requests(tx: Transaction) -> int:
    """Return how many requests there are."""
    return int(tx.scalar("SELECT count(*) FROM erasure_request WHERE tenant_id = :tenant"))


def open_requests(tx: Transaction) -> list[str]:
    """Return the ids of the requests that are not done, the oldest first."""
    rows = tx.rows(
        "SELECT request_id FROM erasure_request WHERE tenant_id = :tenant AND state <> :done"
        " ORDER BY created_at, request_id",
        done=DONE,
    )
    return [str(row["request_id"]) for row in rows]


def move_request(
    tx: Transaction, request_id: str, state: str, step: str, counts: Mapping[str, int]
) -> None:
    """Tell how far a request is."""
    tx.execute(
        "UPDATE erasure_request SET state = :state, step = :step, counts_json = :counts"
        " WHERE tenant_id = :tenant AND request_id = :request_id",
        request_id=request_id,
        state=state,
        step=step,
        counts=json.dumps(dict(sorted(counts.items()))),
    )


def forget_subject(tx: Transaction, request_id: str) -> None:
    """Remove whom a request erased, and what its codes were made with."""
    for sql in (
        "DELETE FROM erasure_subject WHERE tenant_id = :tenant AND request_id = :request_id",
        "UPDATE erasure_request SET salt = NULL"
        " WHERE tenant_id = :tenant AND request_id = :request_id",
    ):
        tx.execute(sql, request_id=request_id)


def finish_request(tx: Transaction, request_id: str, now: datetime) -> None:
    """Close a request."""
    tx.execute(
        "UPDATE erasure_request SET state = :done, step = '', finished_at = :now"
        " WHERE tenant_id = :tenant AND request_id = :request_id",
        request_id=request_id,
        done=DONE,
        now=now,
    )


def _request(row: Mapping[str, Any]) -> ErasureRequest:
    created_at = as_moment(row["created_at"])
    assert created_at is not None
    told = {name: value for name, value in row.items() if name != "counts_json"}
    told |= {"created_at": created_at, "finished_at": as_moment(row["finished_at"])}
    return ErasureRequest(**told, counts=json.loads(row["counts_json"]))
