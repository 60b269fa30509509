"""Held rows of earlier imports: loaded as soon as their product, customer or sale is there.

A held row belongs to the version of the file that brought it, so that releasing it late gives the
same state as if nothing had ever been missing.
"""

import json
from collections.abc import Sequence
from itertools import groupby

import pyarrow as pa
from duckdb import DuckDBPyConnection

from core.contracts import COLUMNS, DUCKDB_TYPES, FileKind
from core.ingest.changeset import FileVersion, compare
from core.ingest.clean import ParsedFile, restore_held
from core.ingest.folding import fold_file
from core.ingest.holds import Known
from core.ingest.identity import IDENTITY
from core.ingest.mapping import ColumnMapping, parse_mapping
from core.services.import_archive import ImportArchive
from core.services.import_history import keep_said, version_of, versions_before
from core.services.import_state import create_labels, move_state, state_table
from core.store.held import HeldRow, load_held_rows
from core.store.tenant import TenantStore, Transaction

FILE_NO = 0  # released rows belong to no file of the import that releases them

_NONE_RELEASED = """
CREATE OR REPLACE TABLE released_rows (import_id VARCHAR, file_no INTEGER, line BIGINT)
"""
_RELEASED = """
INSERT INTO released_rows
SELECT '{import_id}', {file_no}, line FROM {p}_buckets
WHERE record NOT IN (SELECT record FROM {p}_held) ORDER BY line
"""


def release_held(
    store: TenantStore, tx: Transaction, con: DuckDBPyConnection, archive: ImportArchive
) -> None:
    """Move the state by every held row that need not wait any longer; list it in `released_rows`.

    `released_rows(import_id, file_no, line)` names the rows by the import that held them.
    """
    con.execute(_NONE_RELEASED)
    held = load_held_rows(tx)
    held.sort(key=lambda row: (row.kind, version_of(row.file).key(), row.import_id))
    files = groupby(held, key=lambda row: (row.import_id, row.file.file_no))
    for number, ((import_id, file_no), rows) in enumerate(files):
        prefix = f"held{number}"
        _judge(store, tx, con, archive, prefix, list(rows))
        con.execute(_RELEASED.format(p=prefix, import_id=import_id, file_no=file_no))


def count_released(con: DuckDBPyConnection) -> int:
    """Return how many rows `release_held` released."""
    found = con.execute("SELECT count(*) FROM released_rows").fetchone()
    assert found is not None
    return int(found[0])


def _judge(
    store: TenantStore,
    tx: Transaction,
    con: DuckDBPyConnection,
    archive: ImportArchive,
    prefix: str,
    rows: Sequence[HeldRow],
) -> None:
    kind, file = FileKind(rows[0].kind), rows[0].file
    mapping, version = parse_mapping(json.loads(file.mapping_json or "{}")), version_of(file)
    parsed = _restore(con, kind, prefix, rows)
    labels = create_labels(con) if kind is FileKind.SALES else None
    fold_file(con, parsed, mapping, labels=labels)
    versions = versions_before(store, tx, con, archive, kind, prefix, version, is_late=True)
    compare_with_state(con, parsed, mapping, versions, version)
    keep_said(con, archive, kind, prefix, version)
    move_state(con, kind, prefix, version, FILE_NO)


def compare_with_state(
    con: DuckDBPyConnection,
    parsed: ParsedFile,
    mapping: ColumnMapping,
    versions: str | None,
    version: FileVersion,
) -> None:
    """Compare a folded file with all there is by now, and with `versions` where it is late."""
    known = Known(
        existing=state_table(parsed.kind),
        versions=versions,
        products=state_table(FileKind.PRODUCTS),
        customers=state_table(FileKind.CLIENTS),
    )
    compare(con, parsed, mapping, known, version)


def _restore(
    con: DuckDBPyConnection, kind: FileKind, prefix: str, rows: Sequence[HeldRow]
) -> ParsedFile:
    types = {
        **dict.fromkeys(json.loads(rows[0].row_json), "VARCHAR"),
        **{column.field: DUCKDB_TYPES[column.type] for column in COLUMNS[kind]},
        "record": "BIGINT",
        "line": "BIGINT",
        IDENTITY[kind]: "VARCHAR",
    }
    con.register("held_json", pa.table({"row_json": [row.row_json for row in rows]}))
    con.execute(
        f"CREATE OR REPLACE TABLE {prefix}_in AS "
        "SELECT unnest(json_transform(row_json::JSON, ?)) FROM held_json",
        [json.dumps(types)],
    )
    con.unregister("held_json")
    return restore_held(con, f"{prefix}_in", kind, prefix)
