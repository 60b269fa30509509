"""Held rows of earlier imports: loaded as soon as their product, customer or sale is there.

A held row belongs to the version of the file that brought it, so that releasing it late gives the
same state as if nothing had ever been missing.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from duckdb import DuckDBPyConnection

from core.contracts import COLUMNS, DUCKDB_TYPES, FileKind
from core.counts import count_rows
from core.ingest.changeset import FileVersion, compare
from core.ingest.clean import ParsedFile, restore_held
from core.ingest.folding import fold_file
from core.ingest.holds import Known, find_holds
from core.ingest.identity import IDENTITY
from core.ingest.mapping import ColumnMapping, parse_mapping
from core.services.import_history import version_of, versions_before
from core.services.import_known import fetch_customers, fetch_named
from core.services.import_state import (
    SOLD,
    create_labels,
    customer_keys,
    labels_for,
    move_state,
    state_table,
)
from core.services.import_waiting import find_waiting_files, supersede
from core.store.held import fetch_waiting, load_file
from core.store.imports import ImportFile
from core.store.tenant import TenantStore, Transaction

FILE_NO = 0  # released rows belong to no file of the import that releases them

_NONE_RELEASED = """
CREATE OR REPLACE TABLE released_rows (import_id VARCHAR, file_no INTEGER, line BIGINT)
"""
_SUBJECTS = """
SELECT DISTINCT subject AS customer FROM waiting_rows
WHERE code = 'UNKNOWN_CUSTOMER' AND subject NOT IN (SELECT customer FROM {customers})
ORDER BY subject
"""
# Rows whose obstacle is gone may have another one; that is judged afterwards. A return that found
# no sale before can find one only among the lines of this import.
_HOPEFUL = """
CREATE OR REPLACE TABLE hopeful_rows AS
WITH hopeful AS (
    SELECT import_id, file_no, kind, identity FROM waiting_rows
    WHERE CASE code
        WHEN 'UNKNOWN_PRODUCT' THEN subject IN (SELECT product_key FROM {products})
        WHEN 'UNKNOWN_LABEL' THEN subject_norm IN (SELECT label_norm FROM product_labels)
        WHEN 'UNKNOWN_CUSTOMER' THEN subject IN (SELECT customer FROM {customers})
        WHEN 'RETURN_WITHOUT_SALE' THEN (row_json ->> 'customer', row_json ->> 'product_key')
            IN (
                SELECT (customer, product_key) FROM {sales} WHERE file_no IS NOT NULL
                UNION ALL SELECT (customer, product_key) FROM {sold}
            )
        ELSE true END
)
SELECT waiting_rows.* FROM waiting_rows
SEMI JOIN hopeful USING (import_id, file_no, kind, identity)
ANTI JOIN released_rows USING (import_id, file_no, line)
"""
_IDENTIFIED = """
CREATE OR REPLACE TABLE waiting_rows AS
SELECT *, row_json ->> (CASE kind {keys} END) AS identity FROM fetched_rows
"""
_RESTORED = """
CREATE OR REPLACE TABLE {p}_in AS
SELECT unnest(json_transform(row_json::JSON, ?)) FROM hopeful_rows
WHERE import_id = ? AND file_no = ? AND kind = ? ORDER BY line
"""
_RELEASED = """
INSERT INTO released_rows
SELECT '{import_id}', {file_no}, line FROM {p}_buckets
WHERE record NOT IN (SELECT record FROM {p}_held) ORDER BY line
"""


@dataclass(frozen=True, kw_only=True)
class _Group:
    """The rows of one file that may be released, as `{prefix}_in`."""

    import_id: str
    kind: FileKind
    file: ImportFile
    prefix: str


def release_held(
    store: TenantStore,
    tx: Transaction,
    con: DuckDBPyConnection,
    read_anew: Sequence[str] = (),
    take_over: Callable[[], None] = lambda: None,
) -> None:
    """Move the state by every held row that need not wait any longer; list it in `released_rows`.

    `released_rows(import_id, file_no, line)` names the rows by the import that held them; those
    that `take_over` enters first wait no longer either, nor do those of earlier readings of the
    files `read_anew`, by sha256. What is released may be the sale that an older return waits for,
    so this ends with a round that releases nothing.
    """
    con.execute(_NONE_RELEASED)
    _fetch_waiting(tx, con)
    find_waiting_files(tx, con)
    supersede(con, read_anew)
    take_over()
    if count_rows(con, "waiting_rows") == 0:
        return
    number = 0
    while True:
        before = count_rows(con, "released_rows")
        for group in _hopeful_groups(tx, con, number):
            number += 1
            _judge(store, tx, con, group)
        if count_rows(con, "released_rows") == before:
            return


def _fetch_waiting(tx: Transaction, con: DuckDBPyConnection) -> None:
    fetch_waiting(tx, con, "fetched_rows")
    keys = " ".join(f"WHEN '{kind}' THEN '{key}'" for kind, key in IDENTITY.items())
    con.execute(_IDENTIFIED.format(keys=keys))
    fetch_customers(tx, con, _SUBJECTS.format(customers=customer_keys()))


def _hopeful_groups(tx: Transaction, con: DuckDBPyConnection, number: int) -> Iterator[_Group]:
    """Yield the files with rows that may be released, in the order of their versions."""
    create_labels(con)
    con.execute(
        _HOPEFUL.format(
            products=state_table(FileKind.PRODUCTS),
            customers=customer_keys(),
            sales=state_table(FileKind.SALES),
            sold=SOLD,
        )
    )
    found = con.execute("SELECT DISTINCT kind, import_id, file_no FROM hopeful_rows").fetchall()
    files = [(kind, load_file(tx, import_id, no), import_id) for kind, import_id, no in found]
    files.sort(key=lambda file: (file[0], version_of(file[1]).key(), file[2], file[1].file_no))
    for place, (kind, file, import_id) in enumerate(files, number):
        yield _Group(import_id=import_id, kind=FileKind(kind), file=file, prefix=f"held{place}")


def _judge(store: TenantStore, tx: Transaction, con: DuckDBPyConnection, group: _Group) -> None:
    mapping = parse_mapping(json.loads(group.file.mapping_json or "{}"))
    kind, prefix, version = group.kind, group.prefix, version_of(group.file)
    parsed = _restore(con, group)
    labels = labels_for(con, prefix) if kind is FileKind.SALES else None
    fold_file(con, parsed, mapping, labels=labels)
    fetch_named(tx, con, kind, prefix)
    find_holds(con, parsed, mapping, known_state(kind, None))
    if count_rows(con, f"{prefix}_holds") == count_rows(con, f"{prefix}_folded"):
        return
    versions = versions_before(store, tx, con, kind, prefix, version, is_late=True)
    compare_with_state(con, parsed, mapping, versions, version)
    con.execute(_RELEASED.format(p=prefix, import_id=group.import_id, file_no=group.file.file_no))
    move_state(con, kind, prefix, version, FILE_NO)


def compare_with_state(
    con: DuckDBPyConnection,
    parsed: ParsedFile,
    mapping: ColumnMapping,
    versions: str | None,
    version: FileVersion,
) -> None:
    """Compare a folded file with all there is by now, and with `versions` where it is late."""
    compare(con, parsed, mapping, known_state(parsed.kind, versions), version)


def known_state(kind: FileKind, versions: str | None) -> Known:
    """Return the names of the tables of what is there by now, and of `versions`."""
    return Known(
        existing=state_table(kind),
        versions=versions,
        products=state_table(FileKind.PRODUCTS),
        customers=customer_keys(),
        sold=SOLD,
    )


def _restore(con: DuckDBPyConnection, group: _Group) -> ParsedFile:
    place = [group.import_id, group.file.file_no, group.kind.value]
    first = con.execute(
        "SELECT json_keys(row_json::JSON) FROM hopeful_rows"
        " WHERE import_id = ? AND file_no = ? AND kind = ? LIMIT 1",
        place,
    ).fetchone()
    assert first is not None
    types = {
        **dict.fromkeys(first[0], "VARCHAR"),
        **{column.field: DUCKDB_TYPES[column.type] for column in COLUMNS[group.kind]},
        "record": "BIGINT",
        "line": "BIGINT",
        IDENTITY[group.kind]: "VARCHAR",
    }
    con.execute(_RESTORED.format(p=group.prefix), [json.dumps(types), *place])
    return restore_held(con, f"{group.prefix}_in", group.kind, group.prefix)
