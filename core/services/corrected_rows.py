"""The rows of a corrected file, sorted: changed, sent back as they were, naming no such line."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pyarrow as pa
from duckdb import DuckDBPyConnection

from core.errors import Refused
from core.i18n import N_
from core.ingest.dialect import Dialect
from core.ingest.reader import RawTable
from core.ingest.received import judge_record
from core.services.csv_cells import unescape
from core.services.import_rejects import SentRow
from core.services.reject_file import find_mark, is_line_header

_JUDGED_AGAIN = frozenset({"FUTURE_DATE"})  # the day may have come since
_COUNT_DIFFERS = N_(
    "%(name)s has no column of line numbers, and %(rows)s rows where %(rejected)s are rejected:"
    " it is not clear which row corrects which. Correct the downloaded file, with its columns."
)


@dataclass(kw_only=True)
class CorrectedRows:
    """Rows of a correction by (own record, own line, line of the corrected file).

    `changed` are to be judged anew, `kept` came back as they were sent, `settled` name a line that
    an earlier correction has put right by the same cells, `unknown` a line that is not rejected;
    `said` has a fingerprint of the changed rows by line.
    """

    changed: list[tuple[int, int, int]] = field(default_factory=list)
    kept: list[tuple[int, int, int]] = field(default_factory=list)
    settled: list[tuple[int, int, int]] = field(default_factory=list)
    unknown: list[tuple[int, int, int | None]] = field(default_factory=list)
    cells: list[tuple[str, ...]] = field(default_factory=list)
    broken: list[tuple[int, int, str, str]] = field(default_factory=list)
    said: dict[int, str] = field(default_factory=dict)


def fingerprint(cells: Sequence[str]) -> str:
    """Return what tells whether a row says the same again."""
    return hashlib.sha256("\x1f".join(cells).encode()).hexdigest()


def sort_rows(
    con: DuckDBPyConnection,
    raw: RawTable,
    headers: Sequence[str],
    dialect: Dialect,
    sent: Mapping[int, SentRow],
    corrected_before: Mapping[int, str],
    name: str,
) -> CorrectedRows:
    """Sort the rows of `raw` (headers `headers`) under the headers of the original's `dialect`.

    `sent` are the rows that are rejected by now, by line. Raises `Refused` when neither numbers
    nor their count tell which row corrects which.
    """
    found, seen = CorrectedRows(), set[int]()
    places = _places(headers, dialect.headers)
    numbered = _numbered(con, raw, headers, sent, name)
    for record, own_line, line, texts in numbered:
        cells = tuple("" if place is None else texts[place] for place in places)
        if line is None or line in seen:
            found.unknown.append((record, own_line, line))
        elif line not in sent:
            is_same = corrected_before.get(line) == fingerprint(cells)
            (found.settled if is_same else found.unknown).append((record, own_line, line))
        elif cells == sent[line].cells and not _JUDGED_AGAIN & set(sent[line].codes):
            found.kept.append((record, own_line, line))
        else:
            found.said[line] = fingerprint(cells)
            _take(found, (record, own_line, line), cells, sent[line].is_record, dialect)
        if line is not None:
            seen.add(line)
    return found


def _places(headers: Sequence[str], wanted: Sequence[str]) -> list[int | None]:
    plain = [unescape(h) for h in headers] if find_mark(headers) else list(headers)
    return [plain.index(header) if header in plain else None for header in wanted]


def _numbered(
    con: DuckDBPyConnection,
    raw: RawTable,
    headers: Sequence[str],
    sent: Mapping[int, SentRow],
    name: str,
) -> Iterator[tuple[int, int, int | None, tuple[str, ...]]]:
    """Yield own record, own line, line of the corrected file, and the texts of the cells."""
    is_ours = find_mark(headers) is not None
    rows = con.execute(f"SELECT * FROM {raw.table} ORDER BY record").fetchall()
    place = next((k for k, header in enumerate(headers) if is_line_header(header)), None)
    in_order = sorted(sent)
    if place is None and len(rows) != len(in_order):
        raise Refused(_COUNT_DIFFERS, name=name, rows=len(rows), rejected=len(in_order))
    for number, (record, own_line, *cells) in enumerate(rows):
        texts = tuple(cell or "" for cell in cells)
        if is_ours:
            texts = tuple(unescape(text) for text in texts)
        line = in_order[number] if place is None else _number(texts[place])
        yield record, own_line, line, texts


def _number(text: str) -> int | None:
    """Return a line number, as a spreadsheet may have written it.

    >>> _number("12"), _number(" 12,00 "), _number("x")
    (12, 12, None)
    """
    whole = text.strip().replace(",", ".").removesuffix(".00").removesuffix(".0")
    return int(whole) if whole.isascii() and whole.isdecimal() else None


def _take(
    found: CorrectedRows,
    place: tuple[int, int, int],
    cells: tuple[str, ...],
    is_record: bool,
    dialect: Dialect,
) -> None:
    """Take a changed row; one that was no row of the table may stand whole in its first cell."""
    found.changed.append(place)
    if is_record and cells[0] and not any(cells[1:]):
        judged = judge_record(cells[0], dialect)
        if isinstance(judged, str):
            found.broken.append((place[0], place[1], judged, cells[0]))
            return
        cells = judged
    found.cells.append((str(place[0]), str(place[1]), *cells))


def create_own_raw(
    con: DuckDBPyConnection, rows: CorrectedRows, raw: RawTable, dialect: Dialect, table: str
) -> RawTable:
    """Create the raw table of the changed rows, under the headers of the original."""
    names = [f"c{k}" for k in range(len(dialect.headers))]
    columns = list(zip(*rows.cells, strict=True)) or [()] * (2 + len(names))
    con.register(
        "own_cells",
        pa.table(
            {
                name: pa.array(cells, pa.string())
                for name, cells in zip(("record", "line", *names), columns, strict=True)
            }
        ),
    )
    texts = ", ".join(f"nullif({name}, '') AS {name}" for name in names)
    con.execute(
        f"CREATE OR REPLACE TABLE {table} AS SELECT CAST(record AS BIGINT) AS record,"
        f" CAST(line AS BIGINT) AS line, {texts} FROM own_cells"
    )
    con.unregister("own_cells")
    _create_broken(con, rows, table)
    return replace(
        raw, table=table, headers=dialect.headers, bad_rows=len(rows.broken), is_open=False
    )


def _create_broken(con: DuckDBPyConnection, rows: CorrectedRows, table: str) -> None:
    con.execute(
        f"CREATE OR REPLACE TABLE {table}_bad"
        " (record BIGINT, line BIGINT, code VARCHAR, value VARCHAR)"
    )
    if rows.broken:
        columns = [pa.array(column) for column in zip(*rows.broken, strict=True)]
        con.register("own_broken", pa.table(columns, names=["record", "line", "code", "value"]))
        con.execute(f"INSERT INTO {table}_bad SELECT * FROM own_broken")
        con.unregister("own_broken")
