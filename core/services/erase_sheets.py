"""A received workbook written anew without a person: values stay, the looks of cells do not."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import xlsxwriter
from python_calamine import CalamineWorkbook

from core.ingest.rewrite import Change
from core.ingest.workbook import write_cell

_STYLES = {datetime: "yyyy-mm-dd hh:mm:ss", date: "yyyy-mm-dd", time: "hh:mm:ss"}


def rewrite_sheets(path: Path, target: Path, changes: dict[str, tuple[int, Change]]) -> list[int]:
    """Write the workbook `path` to `target`; return the lines of the changed rows.

    `changes` says by sheet from which row on its records change and how; a sheet that it does not
    name changes as the one named "" does.
    """
    lines = list[int]()
    with CalamineWorkbook.from_path(str(path)) as book, xlsxwriter.Workbook(str(target)) as written:
        styles = {
            kind: written.add_format({"num_format": style}) for kind, style in _STYLES.items()
        }
        for name in book.sheet_names:
            first, change = changes.get(name) or changes[""]
            sheet = written.add_worksheet(name)
            rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
            for line, row in enumerate(rows, 1):
                told = change([write_cell(cell) for cell in row]) if line >= first else None
                if told is not None:
                    lines.append(line)
                _write(sheet, line - 1, _merged(row, told), styles)
    return lines


def _merged(row: Sequence[Any], told: Sequence[str] | None) -> Sequence[Any]:
    """Return the changed texts, and the values where nothing changed."""
    if told is None:
        return row
    pairs = zip(row, told, strict=True)
    return [cell if write_cell(cell) == text else text for cell, text in pairs]


def _write(sheet: Any, line: int, row: Sequence[Any], styles: dict[type, Any]) -> None:
    for place, cell in enumerate(row):
        if isinstance(cell, str):
            sheet.write_string(line, place, cell)
        elif isinstance(cell, bool):
            sheet.write_boolean(line, place, cell)
        elif isinstance(cell, (int, float)):
            sheet.write_number(line, place, cell)
        elif isinstance(cell, (datetime, date, time, timedelta)):
            sheet.write_datetime(line, place, cell, styles.get(type(cell)))
