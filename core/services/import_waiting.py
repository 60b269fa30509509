"""What an import says of rows that wait since earlier ones: read anew, held again, loaded.

`waiting_rows` are those of `core.services.import_release`; `waiting_files(import_id, file_no,
version, sha256)` are the files that brought them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from duckdb import DuckDBPyConnection

from core.contracts import FileKind
from core.counts import count_rows
from core.ingest.identity import IDENTITY
from core.services.import_history import version_of
from core.store.held import load_file
from core.store.imports import ImportFile
from core.store.tenant import Transaction

_FILES = """
CREATE OR REPLACE TABLE waiting_files (
    import_id VARCHAR, file_no INTEGER, version VARCHAR, sha256 VARCHAR
)
"""
_SUPERSEDED = """
INSERT INTO released_rows
SELECT import_id, file_no, line FROM waiting_rows JOIN waiting_files USING (import_id, file_no)
WHERE list_contains(?::VARCHAR[], sha256)
"""
_WAIT_NO_LONGER = """
DELETE FROM waiting_rows
WHERE (import_id, file_no, line) IN (SELECT (import_id, file_no, line) FROM released_rows)
"""
# Rows of this import: those that wait, and the loaded ones that were waited for.
_HERE = """
SELECT '{kind}' AS kind, {identity} AS identity, {file_no} AS file_no, line, '{version}' AS version
FROM {p}_held
UNION ALL
SELECT '{kind}', {identity}, {file_no}, NULL, '{version}' FROM {p}_history
WHERE {identity} IN (SELECT identity FROM waiting_rows WHERE kind = '{kind}')
"""
_HELD_AGAIN = """
CREATE OR REPLACE TABLE held_again AS
WITH here AS ({here}),
said AS (
    SELECT import_id, file_no, line, kind, identity, version
    FROM waiting_rows JOIN waiting_files USING (import_id, file_no)
    WHERE (kind, identity) IN (SELECT (kind, identity) FROM here)
    UNION ALL
    SELECT '{import_id}', file_no, line, kind, identity, version FROM here
),
older AS (
    FROM said QUALIFY version < max(version) OVER (PARTITION BY kind, identity)
)
SELECT import_id, file_no, line FROM older WHERE line IS NOT NULL
"""
# Of a line that several files brought, the rows of the newest are the line.
_RELEASED_LINES = """(
FROM released_rows
JOIN waiting_rows USING (import_id, file_no, line)
JOIN waiting_files USING (import_id, file_no)
QUALIFY version = max(version) OVER (PARTITION BY kind, identity)
)"""


@dataclass(frozen=True, kw_only=True)
class WorkedFile:
    """A file of the import that was worked into the tables that begin with `prefix`."""

    prefix: str
    kind: FileKind
    file: ImportFile


def find_waiting_files(tx: Transaction, con: DuckDBPyConnection) -> None:
    """Create `waiting_files` of `waiting_rows`."""
    con.execute(_FILES)
    found = con.execute("SELECT DISTINCT import_id, file_no FROM waiting_rows").fetchall()
    for import_id, file_no in found:
        file = load_file(tx, import_id, file_no)
        values = [import_id, file_no, version_of(file).key(), file.sha256]
        con.execute("INSERT INTO waiting_files VALUES (?, ?, ?, ?)", values)


def supersede(con: DuckDBPyConnection, read_anew: Sequence[str]) -> None:
    """Move from `waiting_rows` to `released_rows` what earlier readings of files said.

    `read_anew` are the sha256 of the files that this import reads, by another mapping. To be called
    before anything else is released.
    """
    con.execute(_SUPERSEDED, [list(read_anew)])
    con.execute(_WAIT_NO_LONGER)


def find_held_again(con: DuckDBPyConnection, import_id: str, files: Sequence[WorkedFile]) -> None:
    """Create `held_again`: waiting rows whose line a newer file says, in this import or before."""
    here = " UNION ALL ".join(
        _HERE.format(
            kind=worked.kind,
            identity=IDENTITY[worked.kind],
            file_no=worked.file.file_no,
            version=version_of(worked.file).key(),
            p=worked.prefix,
        )
        for worked in files
    )
    con.execute(_HELD_AGAIN.format(here=here, import_id=import_id))


def count_released_lines(con: DuckDBPyConnection) -> int:
    """Return how many rows `release_held` released, a line of several exports once."""
    return count_rows(con, _RELEASED_LINES)
