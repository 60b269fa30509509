"""The remarks on the rows of an import as one CSV file, from which the rows are corrected."""

import csv
import io
from collections.abc import Iterator, Sequence

import duckdb

from core.i18n import translate
from core.ingest.issues import ISSUES
from core.services.csv_cells import escape
from core.services.import_ledger import entry_of
from core.services.import_sources import issues_path
from core.store.tenant import TenantStore

ISSUE_COLUMNS = ("file", "line", "column", "value", "code", "sentence", "remedy")
_ROWS_AT_ONCE = 5_000
_FOUND = """
SELECT line, column_name, value, code FROM read_parquet(?) ORDER BY record, column_name, code
"""


def issues_csv(store: TenantStore, import_id: str, language: str) -> Iterator[bytes]:
    """Yield a CSV file of `ISSUE_COLUMNS`, one row per remark, sentences in `language`.

    `line` is the physical line of the received file. What was corrected since is left out.
    Raises `NotFound` before the first bytes.
    """
    entry = entry_of(store, import_id)
    files = [(file.name, issues_path(store, entry, file.file_no)) for file in entry.files]
    return _lines([(name, str(path)) for name, path in files if path.exists()], language)


def _lines(files: Sequence[tuple[str, str]], language: str) -> Iterator[bytes]:
    yield _text([ISSUE_COLUMNS])
    with duckdb.connect() as con:
        for name, path in files:
            found = con.execute(_FOUND, [path])
            while rows := found.fetchmany(_ROWS_AT_ONCE):
                yield _text([_told(name, row, language) for row in rows])


def _told(name: str, row: Sequence[object], language: str) -> tuple[object, ...]:
    issue = ISSUES[str(row[3])]
    sentences = (translate(language, issue.sentence), translate(language, issue.remedy))
    return (name, *row, *sentences)


def _text(rows: Sequence[Sequence[object]]) -> bytes:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerows([["" if c is None else escape(str(c)) for c in row] for row in rows])
    return stream.getvalue().encode()
