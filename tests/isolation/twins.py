"""The other company's canaries: each row of one company twice over, marked, under the other's key.

A *twin* has the same ids, addresses, files and product keys as the row it is made from, so that a
statement which forgets the tenant finds it wherever the key allows; a *stranger* has ids of its
own, so that a list which forgets the tenant grows; a *guest* has an id of its own under the same
parents; and of one row there is a copy in each state that a statement may ask for. All that is said
in any of them is marked.
"""

import json
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    Integer,
    Table,
    Text,
)

from core.store.tenant import Tenant
from tests.isolation.rows import Row

MARK = "canary~B"
NUMBERS = 1_000
# What a row is found by or treated by: a twin has the same.
KEPT = frozenset(
    [
        "status",
        "kind",
        "code",
        "state",
        "mode",
        "reason",
        "source",
        "channel",
        "currency",
        "severity",
        "rule_code",
        "scenario",
        "event",
        "document_status",
        "origin",
        "segment",
        "language",
        "family",
        "family_crm",
        "template",
        "proof",
        "email",
        "email_norm",
        "sha256",
        "product_key",
        "customer",
        "document_id",
        "line_key",
        "event_key",
        "label_norm",
        "subject",
        "subject_norm",
        "fingerprint",
        "month",
        "key",
        "message_id",
        "suppression_id",
        "import_id",
        "run_id",
        "campaign_id",
        "payload_sha256",
        "template_sha256",
        "replacement",
        "listed",
        "policy_json",
        "options_json",
        "digest",
        "fingerprint",
        "confirmed_user",
        "mapping_json",
        "row_json",
        "filter_json",
        "basis_json",
        "created_by",
        "phone",
        "replaces",
    ]
)
_ID_TEXTS = frozenset(
    [
        "customer",
        "product_key",
        "document_id",
        "line_key",
        "event_key",
        "label_norm",
        "label",
        "subject",
        "subject_norm",
        "fingerprint",
        "email",
        "email_norm",
        "message_id",
        "suppression_id",
        "sha256",
        "digest",
        "replacement",
    ]
)
_IDS_IN_ORDER = frozenset(
    ("version", "log_no", "read_no", "decision_no", "seq", "from_seq", "number")
)
STATES: dict[str, tuple[str, ...]] = {
    "status": ("loaded", "undone", "received", "asking", "planned", "done", "running", "sent"),
    "state": (
        *("PREPARING", "PREPARED", "SENDING", "PAUSED", "SENT", "PLANNED", "CLAIMED", "REVIEW"),
        *("queued", "waiting", "done"),
    ),
    "code": ("UNKNOWN_LABEL", "UNKNOWN_CUSTOMER", "UNKNOWN_PRODUCT", "RETURN_WITHOUT_SALE"),
    "origin": ("files", "release", "correction"),
}
# What waits in the one company because it is not known there is known in the other.
UNKNOWN_HERE: dict[str, dict[str, tuple[str, ...]]] = {
    "product": {"product_key": ("NEW", "NEWER", "P9")},
    "customer": {"customer": ("C98", "C99")},
    "product_alias": {"label_norm": ("pinot noirr",)},
}
_NAMESPACE = uuid.UUID("bbbbbbbb-0000-4000-8000-0000000000b1")


def canaries(table: Table, rows: Sequence[Row], company: Tenant) -> list[Row]:
    """Return the rows of `company` that are made from the rows of one table."""
    other = company.tenant_id
    made: dict[tuple[Any, ...], Row] = {}
    for copy in (_twin, _stranger, _guest, _newer):
        for row in rows:
            _add(made, table, _copied(table, copy, row), other)
    for name, asked in UNKNOWN_HERE.get(table.name, {}).items():
        for key in asked:
            _add(made, table, {**_copied(table, _twin, rows[0]), name: key}, other)
    for row in _one_of_each_parent(table, rows):
        for filed in _filed(table, row):
            _add(made, table, _copied(table, _complete, filed), other)
    return list(made.values())


def _copied(table: Table, copy: Callable[[Column[Any], Any], Any], row: Row) -> Row:
    made = {name: copy(table.c[name], cell) for name, cell in row.items()}
    if table.name == "imports" and copy is _twin and row["status"] not in ("loaded", "received"):
        made["status"] = "loaded"  # what waits or was undone here counts there
    if row.get("origin") == "release" and copy is _twin:
        made["status"] = "loaded"
    return made


def _one_of_each_parent(table: Table, rows: Sequence[Row]) -> list[Row]:
    parents = [c.name for c in table.columns if c.foreign_keys and c.name != "tenant_id"]
    return list({tuple(row[name] for name in parents): row for row in rows}.values())


def _add(made: dict[tuple[Any, ...], Row], table: Table, row: Row, other: str) -> None:
    row["tenant_id"] = other
    made.setdefault(tuple(row[column.name] for column in table.primary_key), row)


def _filed(table: Table, row: Row) -> Iterator[Row]:
    """Yield the row in each state that a statement asks for, under an id for each."""
    for column, states in STATES.items():
        for place, state in enumerate(states if column in row else (), 2):
            own = {name: _apart(row[name], place) for name in _own_keys(table)}
            yield {**row, column: state, **own}


def _own_keys(table: Table) -> list[str]:
    """Return the last column of the key that is the row's own, its texts and ids before numbers."""
    parents = {"tenant_id"} | ({"run_id"} if table.name != "run" else set())
    own = [c for c in table.primary_key if c.name not in parents and not c.foreign_keys]
    ids = [c.name for c in own if _is_id(c) or c.name in _ID_TEXTS]
    return (ids or [c.name for c in own])[-1:]


def _apart(cell: Any, place: int) -> Any:
    return cell + place * NUMBERS if isinstance(cell, int) else f"{cell}{place}"


def later(cell: Any) -> Any:
    """Return the day or moment a day after that of a cell as the driver has it."""
    if not isinstance(cell, str):
        return cell + timedelta(days=1)
    if len(cell) == len("2026-03-01"):
        return (date.fromisoformat(cell) + timedelta(days=1)).isoformat()
    return (datetime.fromisoformat(cell) + timedelta(days=1)).isoformat(timespec="microseconds")


def _twin(column: Column[Any], cell: Any) -> Any:
    """Return the cell of the row with the same ids: what is said is marked, figures differ."""
    if (
        cell is None
        or column.name == "tenant_id"
        or (column.primary_key and column.table.name != "tenant_head")
    ):
        return cell
    if column.name == "lifted_at":
        return later(cell)
    if isinstance(column.type, Text) and not _is_id(column):
        return cell if column.name in KEPT else _marked(cell)
    if isinstance(column.type, Integer | BigInteger) and not isinstance(cell, bool):
        return cell + NUMBERS if _is_figure(column) else cell
    return cell


def _stranger(column: Column[Any], cell: Any) -> Any:
    """Return the cell of the row with ids of its own, a day younger."""
    if cell is None:
        return None
    if _is_id(column):
        return str(uuid.uuid5(_NAMESPACE, str(cell)))
    if column.name in _ID_TEXTS:
        return f"{cell}~{MARK}"
    if column.name in _IDS_IN_ORDER and column.primary_key:
        return cell + NUMBERS
    if isinstance(column.type, Date | DateTime):
        return later(cell)
    return _twin(column, cell)


def _guest(column: Column[Any], cell: Any) -> Any:
    """Return the cell of a row with an id of its own, under the parents of what it is made from."""
    if column.name not in _own_keys(column.table):
        return _twin(column, cell)
    return _apart(cell, 1) if isinstance(cell, int) else _stranger(column, cell)


def _newer(column: Column[Any], cell: Any) -> Any:
    """Return the cell of a later version of the row."""
    if column.name in ("from_seq", "since_review"):
        return cell + 1
    return _twin(column, cell)


def _complete(column: Column[Any], cell: Any) -> Any:
    """Return the cell of a stranger in which nothing is left open."""
    if column.name in STATES or column.foreign_keys:
        return cell
    if cell is not None or _is_id(column):
        return _stranger(column, cell)
    if isinstance(column.type, Date):
        return "2026-02-20"
    if isinstance(column.type, DateTime):
        return "2026-02-20T09:30:00.000000+00:00"
    return NUMBERS if isinstance(column.type, Integer | BigInteger) else None


def _is_id(column: Column[Any]) -> bool:
    return column.name.endswith("_id") and column.name not in ("file_id", "tenant_id", *_ID_TEXTS)


def _is_figure(column: Column[Any]) -> bool:
    if column.table.name == "tenant_head":
        return True
    ends = (
        "_cents",
        "_milli",
        "_count",
        "score",
        "bytes",
        "recipients",
        "customers",
        "epoch",
        "sender_no",
    )
    return column.name.endswith(ends) or column.name in ("next_offset", "since_year")


def _marked(text: str) -> str:
    """Return the text marked; JSON stays JSON."""
    try:
        said = json.loads(text)
    except ValueError:
        return f"{text} {MARK}"
    if isinstance(said, dict):
        return json.dumps({**said, MARK: MARK})
    return json.dumps([*said, [MARK]]) if isinstance(said, list) else f"{text} {MARK}"
