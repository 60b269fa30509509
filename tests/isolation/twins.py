"""Copies of a row, cell by cell, that make the other company's canaries.

A *twin* has the same ids, addresses, files and product keys as the row it is made from, so that a
statement which forgets the tenant finds it wherever the key allows; a *stranger* has ids of its
own, so that a list which forgets the tenant grows; a *guest* has an id of its own under the same
parents, of the same day, the day before or the day after. All that is said in any of them is
marked.
"""

import json
import uuid
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

from core.store.identity_models import Uid

MARK = "canary~B"
NUMBERS = 1_000
ONLY_HERE = "gone@example.com"
"""An address that the other company does not know."""
PREPARED_HERE = "dddddddd-0000-4000-8000-00000000000e"
"""A campaign that is prepared here and unfinished there."""
ORPHAN = "dddddddd-0000-4000-8000-00000000000f"
"""A run that is known there alone; some of its rows are here."""
# What a row is found by or treated by: a twin has the same.
KEPT = frozenset(
    [
        "status",
        "action",
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
_NAMESPACE = uuid.UUID("bbbbbbbb-0000-4000-8000-0000000000b1")


def own_keys(table: Table) -> list[str]:
    """Return the last column of the key that is the row's own, its texts and ids before numbers."""
    parents = {"tenant_id"} | ({"run_id"} if table.name != "run" else set())
    own = [c for c in table.primary_key if c.name not in parents and not c.foreign_keys]
    ids = [c.name for c in own if _is_id(c) or c.name in _ID_TEXTS]
    return (ids or [c.name for c in own])[-1:]


def apart(cell: Any, place: int) -> Any:
    return cell + place * NUMBERS if isinstance(cell, int) else f"{cell}{place}"


def later(cell: Any, days: int = 1) -> Any:
    """Return the day or moment some days after that of a cell as the driver has it."""
    if not isinstance(cell, str):
        return cell + timedelta(days=days)
    if len(cell) == len("2026-03-01"):
        return (date.fromisoformat(cell) + timedelta(days=days)).isoformat()
    moved = datetime.fromisoformat(cell) + timedelta(days=days)
    return moved.isoformat(timespec="microseconds")


def twin(column: Column[Any], cell: Any) -> Any:
    """Return the cell of the row with the same ids: what is said is marked, figures differ."""
    if column.name == "template_json":
        return json.dumps({MARK: MARK})
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


def stranger(column: Column[Any], cell: Any) -> Any:
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
    return twin(column, cell)


def guest(column: Column[Any], cell: Any) -> Any:
    """Return the cell of a row with an id of its own, under the parents of what it is made from."""
    if column.name == "batch_no" and cell is not None:
        return cell + NUMBERS
    if column.name not in own_keys(column.table):
        return twin(column, cell)
    return apart(cell, 1) if isinstance(cell, int) else stranger(column, cell)


def earlier_guest(column: Column[Any], cell: Any) -> Any:
    """Return the cell of a guest of a day before, which comes first."""
    return _moved_guest(column, cell, -1)


def later_guest(column: Column[Any], cell: Any) -> Any:
    """Return the cell of a guest of a day after, which comes last."""
    return _moved_guest(column, cell, 1)


def _moved_guest(column: Column[Any], cell: Any, days: int) -> Any:
    if column.name in own_keys(column.table):
        return _own(column, cell, 60 * days)
    is_dated = isinstance(column.type, Date | DateTime) and cell is not None
    return later(cell, days) if is_dated else twin(column, cell)


def closed_guest(column: Column[Any], cell: Any) -> Any:
    """Return the cell of a guest in which nothing is left open."""
    if column.name in own_keys(column.table):
        return _own(column, cell, 61)
    return twin(column, cell) if cell is not None or _is_id(column) else _filled(column)


def _own(column: Column[Any], cell: Any, place: int) -> Any:
    own = apart(cell, place)
    return str(uuid.uuid5(_NAMESPACE, own)) if _is_id(column) else own


def newer(column: Column[Any], cell: Any) -> Any:
    """Return the cell of a later version of the row."""
    if column.name in ("from_seq", "since_review", "version"):
        return cell + 1
    return twin(column, cell)


def complete(column: Column[Any], cell: Any) -> Any:
    """Return the cell of a stranger in which nothing is left open."""
    if column.foreign_keys:
        return cell
    if cell is not None or _is_id(column):
        return stranger(column, cell)
    return _filled(column)


def _filled(column: Column[Any]) -> Any:
    if isinstance(column.type, Date):
        return "2026-02-20"
    if isinstance(column.type, DateTime):
        return "2026-02-20T09:30:00.000000+00:00"
    if isinstance(column.type, Integer | BigInteger):
        return 1 if column.name in ("released_seq", "again_seq") else NUMBERS
    is_said = isinstance(column.type, Text) and column.type is not Uid
    is_said = is_said and not column.name.endswith("_json")
    return MARK if is_said else None


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
    return json.dumps(_said(said)) if isinstance(said, dict | list) else f"{text} {MARK}"


def _said(value: Any) -> Any:
    """Return a value of JSON marked at every depth, before all that is said in it."""
    if isinstance(value, dict):
        return {f"~{MARK}": MARK, **{name: _said(cell) for name, cell in value.items()}}
    return [*map(_said, value), [MARK]] if isinstance(value, list) else value
