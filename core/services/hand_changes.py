"""Changes by hand: of products, of a customer, and products that are created.

A change is entered as an import of one small file that says the changed cells (`Origin.HAND`). It
is loaded and undone like any other, all of it or nothing: history, runs as of a date and the order
of corrections are those of imports, and a file that is exported later wins by the same rule.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from core.contracts import COLUMNS, Column, ColumnType, FileKind
from core.errors import Refused
from core.i18n import N_
from core.ingest.identity import IDENTITY
from core.services.accounts import Actor, Role, require
from core.services.hand_check import check_chain, check_seen
from core.services.hand_rows import (
    EDITABLE,
    FILE_NAME,
    FILE_NO,
    Cell,
    RowChange,
    clean_change,
    mapping_of,
    write_changes,
)
from core.services.import_archive import archive_of
from core.services.import_files import today_of
from core.services.import_report import BUCKETS
from core.store.import_states import RECEIVED, store_import_state
from core.store.imports import (
    ImportFile,
    Origin,
    load_import_entry,
    load_loaded_files,
    store_import,
)
from core.store.row_versions import Row, load_seen
from core.store.tenant import TenantStore, Transaction

_SECOND = timedelta(seconds=1)
_NO_KEY = N_("A product needs a key and a name.")
_SAME = N_("Nothing is changed: every cell says what it said.")
_EMPTIED = N_("%(field)s is filled: it can be changed, not emptied. Nothing was saved.")


def change_products(
    store: TenantStore, actor: Actor, changes: Sequence[RowChange], *, change_id: str
) -> str:
    """Enter a change of products that are there; return the import to load.

    `change_id` is the id of the import to be: a form that is sent twice is one change. Raises
    `Refused` when a product was changed since it was seen, a cell cannot be used or is to be
    emptied, nothing differs or the successors would go in a circle; `NotFound` for a product that
    is not there.
    """
    require(actor, Role.ANALYST)
    return _enter(store, actor, FileKind.PRODUCTS, changes, change_id)


def create_product(
    store: TenantStore, actor: Actor, key: str, cells: Mapping[str, Cell], *, change_id: str
) -> str:
    """Enter a product that is to be created; return the import to load, raise as above."""
    require(actor, Role.ANALYST)
    change = RowChange(key=key, cells=cells, seen=None)
    return _enter(store, actor, FileKind.PRODUCTS, [change], change_id)


def change_customer(store: TenantStore, actor: Actor, change: RowChange, *, change_id: str) -> str:
    """Enter a change of a customer who is there; return the import to load, raise as above.

    What she consented to is no such cell: an opt-out is lifted by an admin alone.
    """
    require(actor, Role.ANALYST)
    return _enter(store, actor, FileKind.CLIENTS, [change], change_id)


def _enter(
    store: TenantStore,
    actor: Actor,
    kind: FileKind,
    changes: Sequence[RowChange],
    change_id: str,
) -> str:
    changes = [replace(change, key=change.key.strip()) for change in changes]
    with store.begin() as tx:
        known = load_import_entry(tx, change_id)
        if known is not None and known.origin == Origin.HAND:
            return change_id
        wanted = _differing(kind, changes, check_seen(tx, kind, changes))
        check_chain(tx, wanted)
        file = _written(store, tx, change_id, kind, wanted)
        now = store.store.now()
        store_import(
            tx, change_id, today_of(store), now, actor.username, [file], origin=Origin.HAND
        )
        kept = json.dumps(_report(kind, wanted), sort_keys=True)
        store_import_state(tx, change_id, RECEIVED, among=(RECEIVED,), report_json=kept)
    return change_id


def _differing(
    kind: FileKind, changes: Sequence[RowChange], there: Mapping[str, Row]
) -> list[RowChange]:
    """Return the changes with the cells that differ from what is `there`, none without any.

    A product always says its name: the contract of the files demands one.
    """
    wanted = []
    for change in changes:
        row = there.get(change.key, {})
        # What a file said is left alone, be it what nobody may type.
        typed = clean_change(kind, replace(change, cells=_unlike(change, row)))
        cells = _unlike(typed, row)
        _refuse_emptied(kind, cells)
        if kind is FileKind.PRODUCTS and (cells or not row):
            cells["name"] = cells.get("name") or row.get("name")
            if not typed.key or not cells["name"]:
                raise Refused(_NO_KEY)
        if cells:
            wanted.append(replace(typed, cells=cells))
    if not wanted:
        raise Refused(_SAME)
    return sorted(wanted, key=lambda change: change.key.encode())


def _unlike(change: RowChange, row: Mapping[str, Any]) -> dict[str, Cell]:
    return {name: cell for name, cell in change.cells.items() if cell != row.get(name)}


def _refuse_emptied(kind: FileKind, cells: Mapping[str, Cell]) -> None:
    """Raise for a filled cell that is to be blank: no file can say that, for blanks never erase."""
    for column in COLUMNS[kind]:
        if column.field in cells and cells[column.field] is None:
            raise Refused(_EMPTIED, field=column.name)


def _written(
    store: TenantStore,
    tx: Transaction,
    change_id: str,
    kind: FileKind,
    changes: Sequence[RowChange],
) -> ImportFile:
    path = archive_of(store, change_id).original(FILE_NO, FILE_NAME)
    write_changes(path, kind, changes)
    content = path.read_bytes()
    return ImportFile(
        file_no=FILE_NO,
        name=FILE_NAME,
        sha256=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
        exported_at=_newest(store, tx, kind),
        kind=kind.value,
        mapping_json=json.dumps(mapping_of(kind, changes), sort_keys=True),
    )


def _newest(store: TenantStore, tx: Transaction, kind: FileKind) -> datetime:
    """Return now, or a moment after everything that was seen: what is seen is what is changed."""
    loaded = [file.exported_at + _SECOND for _, file in load_loaded_files(tx, kind.value)]
    return max((store.store.now(), *loaded))


def _report(kind: FileKind, changes: Sequence[RowChange]) -> dict[str, object]:
    return {
        "status": RECEIVED,
        "files": [],
        "totals": dict.fromkeys(("rows_in", *BUCKETS), 0),
        "released": 0,
        "change": {kind.value: len(changes)},
    }


def as_seen(store: TenantStore, kind: FileKind, keys: Sequence[str]) -> dict[str, RowChange]:
    """Return what is there of these rows, by key: cells that may be changed, and their version."""
    with store.read() as tx:
        found = load_seen(tx, kind, keys)
    columns = {column.field: column for column in COLUMNS[kind]}
    seen = (
        RowChange(
            key=row[IDENTITY[kind]],
            cells={name: _cell_of(columns[name], row[name]) for name in EDITABLE[kind]},
            seen=row["written_by"],
        )
        for row in found
    )
    return {each.key: each for each in seen}


def _cell_of(column: Column, stored: Any) -> Cell:
    if stored is None:
        return None
    return bool(stored) if column.type is ColumnType.BOOLEAN else stored  # SQLite keeps a yes as 1
