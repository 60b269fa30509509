"""The files of a finished run: CSV and JSON streamed, workbooks of text cells, the report."""

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import chain
from pathlib import Path
from typing import Any

import xlsxwriter

from core.contracts import CALL_LIST, RunVersion
from core.errors import NotFound
from core.i18n import N_
from core.services.accounts import Actor, Role, require
from core.services.audit_trail import Action, record_alone
from core.services.call_list import call_rows, number_of_calls
from core.services.csv_blocks import escaped_blocks
from core.services.csv_cells import csv_lines, escape
from core.services.qc_report import report_html
from core.services.run_reports import finished_run, summary_of
from core.store.run_outputs import OUTPUT_COLUMNS, RunAt, copy_output, count_output, stream_output
from core.store.tenant import TenantStore

SUMMARY_NAME = "run_summary.json"
CSV_NAMES = tuple(f"{table}.csv" for table in OUTPUT_COLUMNS)
XLSX_NAMES = tuple(f"{table}.xlsx" for table in OUTPUT_COLUMNS)
_CALLS = "call_list"
CALL_NAMES = (f"{_CALLS}.csv", f"{_CALLS}.xlsx")
REPORT_NAME = "qc_report.html"
EXPORT_NAMES = (*CSV_NAMES, SUMMARY_NAME, *XLSX_NAMES, *CALL_NAMES, REPORT_NAME)

_COLUMNS: Mapping[str, Sequence[str]] = {**OUTPUT_COLUMNS, _CALLS: CALL_LIST}
_READ_BYTES = 1 << 18
_SHEET_ROWS = 1_048_576  # of an Excel sheet; what is more goes on in the next sheet
_CELL_CHARS = 32_767  # of an Excel cell


@dataclass(frozen=True, kw_only=True)
class ExportCard:
    """What a page shows of a file: `rows` without the header, None for a file that is no table."""

    name: str
    rows: int | None
    bytes: int
    sha256: str


def export_file(
    store: TenantStore,
    run_id: str,
    name: str,
    version: RunVersion = RunVersion.REVIEWED,
    language: str | None = None,
) -> Iterator[bytes]:
    """Return the bytes of one of `EXPORT_NAMES`, in pieces, with constant memory.

    `language` is that of the report, the tenant's unless given; other files have one. Raises
    `NotFound` at once when the run is not finished or the name is not that of a file.
    """
    summary = summary_of(store, run_id, version)
    run = _run_at(store, run_id, version)
    table = _table(name)
    if name == SUMMARY_NAME:
        return iter([_summary_bytes(summary)])
    if name == REPORT_NAME:
        return iter([report_html(store, run_id, version, language)])
    if name.endswith(".csv") and name in EXPORT_NAMES:
        return _csv_pieces(store, run, table)
    if name.endswith(".xlsx") and name in EXPORT_NAMES:
        return _xlsx_pieces(store, run, table, date.fromisoformat(summary["as_of"]))
    raise NotFound(
        N_("There is no export of this name. The names are: %(names)s."),
        names=", ".join(EXPORT_NAMES),
    )


def download(
    store: TenantStore,
    actor: Actor,
    run_id: str,
    name: str,
    version: RunVersion = RunVersion.REVIEWED,
    language: str | None = None,
) -> Iterator[bytes]:
    """Return what `export_file` returns, and record who took it."""
    require(actor, Role.VIEWER)
    content = export_file(store, run_id, name, version, language)
    who, what = actor.user_id, Action.RUN_EXPORTED
    record_alone(store, who, what, run_id, file=name, version=version)
    return content


def file_name(name: str, version: RunVersion | None) -> str:
    """Return under which name a file is saved: with the version when one was asked for.

    >>> file_name("reco_output.csv", RunVersion.ORIGINAL)
    'reco_output_original.csv'
    """
    stem, _, ending = name.partition(".")
    return name if version is None else f"{stem}_{version.value}.{ending}"


def write_exports(
    store: TenantStore,
    actor: Actor,
    run_id: str,
    folder: Path,
    names: Sequence[str] = EXPORT_NAMES,
    version: RunVersion = RunVersion.REVIEWED,
) -> list[Path]:
    """Write the files into `folder`, each appearing only when it is complete.

    They are of one review: when another is published meanwhile, they are written again. Who
    takes them is recorded.
    """
    require(actor, Role.VIEWER)
    folder.mkdir(parents=True, exist_ok=True)
    while True:
        run = _run_at(store, run_id, version)
        paths = [_write(store, run_id, name, version, folder) for name in names]
        if _run_at(store, run_id, version) == run:
            break
    who, what = actor.user_id, Action.RUN_EXPORTED
    record_alone(store, who, what, run_id, files=len(paths), version=version)
    return paths


def _write(store: TenantStore, run_id: str, name: str, version: RunVersion, folder: Path) -> Path:
    part = folder / f".{name}.part"
    with part.open("wb") as stream:
        stream.writelines(export_file(store, run_id, name, version))
    return part.replace(folder / name)


def export_card(
    store: TenantStore, run_id: str, name: str, version: RunVersion = RunVersion.REVIEWED
) -> ExportCard:
    """Return size, rows and sha256 of a file, which is made once for it."""
    digest, size = hashlib.sha256(), 0
    for piece in export_file(store, run_id, name, version):
        digest.update(piece)
        size += len(piece)
    return ExportCard(
        name=name, rows=_rows(store, run_id, name, version), bytes=size, sha256=digest.hexdigest()
    )


def _rows(store: TenantStore, run_id: str, name: str, version: RunVersion) -> int | None:
    if name in (SUMMARY_NAME, REPORT_NAME):
        return None
    if name in CALL_NAMES:
        return number_of_calls(store, run_id, version)
    with store.read() as tx:
        return count_output(tx, _table(name), finished_run(tx, run_id).at(version))


def _run_at(store: TenantStore, run_id: str, version: RunVersion) -> RunAt:
    with store.read() as tx:
        return finished_run(tx, run_id).at(version)


def _table(name: str) -> str:
    return name.partition(".")[0]


def _summary_bytes(summary: Mapping[str, Any]) -> bytes:
    text = json.dumps(summary, sort_keys=True, ensure_ascii=False, indent=2)
    return f"{text}\n".encode()


def _csv_pieces(store: TenantStore, run: RunAt, table: str) -> Iterator[bytes]:
    yield csv_lines([_COLUMNS[table]])
    if table in OUTPUT_COLUMNS and store.store.data_engine.dialect.name == "postgresql":
        with store.read() as tx, closing(copy_output(tx, table, run)) as copied:
            yield from escaped_blocks(copied)
        return
    for rows in _text_rows(store, run, table):
        yield csv_lines([[escape(cell) for cell in row] for row in rows])


def _text_rows(store: TenantStore, run: RunAt, table: str) -> Iterator[list[list[str]]]:
    return call_rows(store, run) if table == _CALLS else _output_rows(store, run, table)


def _output_rows(store: TenantStore, run: RunAt, table: str) -> Iterator[list[list[str]]]:
    as_text = [_AS_TEXT.get(name, _plain) for name in OUTPUT_COLUMNS[table]]
    with store.read() as tx:
        for rows in stream_output(tx, table, run):
            yield [[f(cell) for f, cell in zip(as_text, row, strict=True)] for row in rows]


def _plain(value: object) -> str:
    return "" if value is None else str(value)


def _truth(value: object) -> str:
    return "true" if value else "false"


def _score(value: float) -> str:
    return f"{value:.6f}"


_AS_TEXT: Mapping[str, Callable[[Any], str]] = {
    "eligible": _truth,
    "gate_export": _truth,
    "score": _score,
}


def _xlsx_pieces(store: TenantStore, run: RunAt, table: str, as_of: date) -> Iterator[bytes]:
    with tempfile.TemporaryDirectory(prefix="iacrm-") as folder:
        path = Path(folder) / "export.xlsx"
        with xlsxwriter.Workbook(str(path), _workbook_options(folder)) as workbook:
            workbook.set_properties({"created": datetime.combine(as_of, time())})
            _write_rows(workbook, table, _text_rows(store, run, table))
        with path.open("rb") as stream:
            while piece := stream.read(_READ_BYTES):
                yield piece


def _workbook_options(folder: str) -> dict[str, object]:
    return {"constant_memory": True, "tmpdir": folder}


def _write_rows(workbook: Any, table: str, pages: Iterable[list[list[str]]]) -> None:
    """Write text cells only: a string cell is never evaluated, so nothing is escaped."""
    sheet, line = _add_sheet(workbook, table), 1
    for row in chain.from_iterable(pages):
        if line == _SHEET_ROWS:
            sheet, line = _add_sheet(workbook, table), 1
        _write_cells(sheet, line, row)
        line += 1


def _add_sheet(workbook: Any, table: str) -> Any:
    number = len(workbook.worksheets()) + 1
    sheet = workbook.add_worksheet(table if number == 1 else f"{table}_{number}")
    _write_cells(sheet, 0, _COLUMNS[table])
    return sheet


def _write_cells(sheet: Any, line: int, cells: Sequence[str]) -> None:
    for place, cell in enumerate(cells):
        sheet.write_string(line, place, cell[:_CELL_CHARS])
