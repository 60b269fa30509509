"""The other company's canaries: each row of one company several times over, under the other's key.

Beside the copies of `tests.isolation.twins` there is one in each state that a statement may ask
for, under each parent; what waits here is known there; and there are rows about the people whom
cases ask for.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from sqlalchemy import Column, Table

from core.store.tenant import Tenant
from tests.isolation.persons import rows_of_people
from tests.isolation.rows import Row
from tests.isolation.twins import (
    ONLY_HERE,
    ORPHAN,
    PREPARED_HERE,
    apart,
    closed_guest,
    complete,
    earlier_guest,
    guest,
    later_guest,
    newer,
    own_keys,
    stranger,
    twin,
)

_COPIES = (twin, stranger, guest, earlier_guest, later_guest, closed_guest, newer)
STATES: dict[str, tuple[str, ...]] = {
    "status": ("loaded", "undone", "received", "asking", "planned", "done", "running", "sent"),
    "state": (
        *("PREPARING", "PREPARED", "SENDING", "PAUSED", "SENT", "PLANNED", "CLAIMED", "REVIEW"),
        *("queued", "waiting", "done"),
    ),
    "outcome": ("open", "done"),
    "code": ("UNKNOWN_LABEL", "UNKNOWN_CUSTOMER", "UNKNOWN_PRODUCT", "RETURN_WITHOUT_SALE"),
    "origin": ("files", "release", "correction", "hand"),
}
STATES_OF: dict[str, dict[str, tuple[str, ...]]] = {
    "import_file": {"kind": ("clients", "products", "sales", "contacts")},
    "brevo_logs": {"event": ("prepared", "claimed", "sent", "cleared")},
    "brevo_event": {"event": ("opened", "click", "delivered", "hard_bounce")},
}
# What waits in the one company because it is not known there is known in the other.
UNKNOWN_HERE: dict[str, dict[str, tuple[str, ...]]] = {
    "product": {"product_key": ("NEW", "NEWER", "P9")},
    "customer": {"customer": ("C98", "C99", "person98@example.com")},
    "sale_line": {"line_key": ("D970\x1f#1",)},
    "delivery": {"email_norm": ("left@example.com",)},
    "run": {"run_id": (ORPHAN,)},
    "product_alias": {"label_norm": ("pinot noirr",)},
}
ADDRESS_AS_CODE = "person98@example.com"
EARLIEST = "2026-01-15T08:00:00.000000+00:00"
# The state of a twin where it differs: what waits, was undone or is unfinished in the one company
# counts in the other, and the other way round.
TURNED: dict[tuple[str, ...], Row] = {
    ("imports", "files", "undone"): {"status": "loaded"},
    ("imports", "files", "loaded"): {"loaded_at": EARLIEST},
    ("imports", "release", "received"): {"status": "loaded", "seq": 2},
    ("campaign", PREPARED_HERE): {"state": "PREPARING"},
}


def canaries(
    table: Table, rows: Sequence[Row], company: Tenant, ids: Mapping[str, Sequence[str]]
) -> list[Row]:
    """Return the rows of `company` that are made from the rows of one table.

    `ids` are those of the parents that rows may have, by column.
    """
    made: dict[tuple[Any, ...], Row] = {}
    for row in _made_of(table, rows, ids):
        if ONLY_HERE in row.values():
            continue
        row["tenant_id"] = company.tenant_id
        made.setdefault(tuple(row[column.name] for column in table.primary_key), row)
    return list(made.values())


def _made_of(table: Table, rows: Sequence[Row], ids: Mapping[str, Sequence[str]]) -> Iterator[Row]:
    for copy in _COPIES:
        for row in rows:
            yield _copied(table, copy, row)
    in_force = [row for row in rows if row.get("to_seq") is None]
    for name, asked in UNKNOWN_HERE.get(table.name, {}).items():
        for key, row in product(asked, in_force):
            yield {**_copied(table, twin, row), name: key}
    parents = _one_of_each_parent(table, in_force, ids)
    for row in parents:
        for filed in _filed(table, row):
            yield _copied(table, complete, filed)
    if {"customer", "email_norm", "value"} & set(table.c.keys()):
        twins = [_copied(table, twin, row) for row in parents]
        yield from rows_of_people(table.name, own_keys(table)[0], twins)


def _copied(table: Table, copy: Callable[[Column[Any], Any], Any], row: Row) -> Row:
    made = {name: copy(table.c[name], cell) for name, cell in row.items()}
    if copy is twin:
        made |= TURNED.get(_state_of(table, row), {})
    if copy is later_guest and table.name == "imports":
        made |= {"origin": "correction", "parent_id": row["import_id"], "status": "loaded"}
    if copy is stranger and table.name == "held_row":
        named = {"customer": ADDRESS_AS_CODE, "email": ADDRESS_AS_CODE}
        made["row_json"] = json.dumps({**json.loads(row["row_json"]), **named})
    if copy is stranger and table.name == "sale_line":
        made["customer"] = ADDRESS_AS_CODE
    if row.get("event") == "cleared":
        made["detail_json"] = row["detail_json"]
    return made


def _state_of(table: Table, row: Row) -> tuple[str, ...]:
    """Return what `TURNED` knows a row by."""
    if table.name == "campaign":
        return ("campaign", row["campaign_id"])
    return (table.name, str(row.get("origin")), str(row.get("status")))


def _one_of_each_parent(
    table: Table, rows: Sequence[Row], ids: Mapping[str, Sequence[str]]
) -> list[Row]:
    """Return a row under each parent, also under those that have none here."""
    found = rows[-1:]
    for name in sorted(ids.keys() & set(table.c.keys())):
        is_parent = name == own_keys(table)[0]
        if rows[-1][name] is None or is_parent or not (table.c[name].primary_key):
            continue
        last = {row[name]: row for row in rows}
        found = [last.get(key, {**rows[-1], name: key}) for key in ids[name]]
    return list(found)


def _filed(table: Table, row: Row) -> Iterator[Row]:
    """Yield the row in each state that a statement asks for, under an id for each."""
    asked = {**STATES, **STATES_OF.get(table.name, {})}
    for column, states in asked.items():
        for place, state in enumerate(states if column in row else (), 2):
            own = {name: apart(row[name], place) for name in own_keys(table)}
            yield {**row, column: state, **own}
    if not asked.keys() & row.keys():
        yield {**row, **{name: apart(row[name], 2) for name in own_keys(table)}}
