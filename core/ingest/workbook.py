"""Excel and OpenDocument workbooks as rows of text, typed as a person would type them."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TypeVar

from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from core.errors import FileRefused
from core.i18n import N_
from core.ingest.source import ReadLimits
from core.ingest.workbook_size import check_size

Cell = str | float | int | bool | date | datetime | time | timedelta | None
Rows = list[list[str]]
NUMBER_MARK = "\ue0fe"  # a private-use character: the decimal sign of a cell that is a number
_T = TypeVar("_T")


def sample_sheets(path: Path, limits: ReadLimits, rows: int) -> dict[str, Rows]:
    """Return the first `rows` rows of every sheet that is shown and not empty, by its name.

    Raises `FileRefused` when the workbook is too large, damaged, protected or empty.
    """
    check_size(path, limits)

    def sampled(workbook: CalamineWorkbook) -> dict[str, Rows]:
        return {
            name: texts
            for name in _shown_sheets(workbook)
            if any(map(any, texts := _texts(workbook, name, rows, ".")))
        }

    samples = _opened(path, sampled)
    if not samples:
        raise FileRefused(N_("%(name)s is empty: export it again."), name=path.name)
    return samples


def read_sheet(path: Path, limits: ReadLimits, name: str) -> Rows:
    """Return the rows of the sheet `name`, from row 1 on; raises as `sample_sheets` does.

    Cells that are numbers have `NUMBER_MARK` as their decimal sign: no other cell says how they
    are read.
    """
    check_size(path, limits)
    return _opened(path, lambda workbook: _texts(workbook, name, None, NUMBER_MARK))


def _shown_sheets(workbook: CalamineWorkbook) -> list[str]:
    sheets = [s for s in workbook.sheets_metadata if s.typ == SheetTypeEnum.WorkSheet]
    shown = [s for s in sheets if s.visible == SheetVisibleEnum.Visible]
    return [sheet.name for sheet in shown or sheets]


def _texts(workbook: CalamineWorkbook, name: str, rows: int | None, point: str) -> Rows:
    sheet = workbook.get_sheet_by_name(name)
    cells = sheet.to_python(skip_empty_area=False, nrows=rows)
    return [[write_cell(cell, point) for cell in row] for row in cells]


def _opened(path: Path, read: Callable[[CalamineWorkbook], _T]) -> _T:
    try:
        with CalamineWorkbook.from_path(str(path)) as workbook:
            return read(workbook)
    except (CalamineError, OSError, ValueError) as error:
        raise FileRefused(
            N_(
                "%(name)s cannot be opened as a workbook (damaged or protected by a password): "
                "save it as a CSV file, then import it again."
            ),
            name=path.name,
        ) from error


def write_cell(cell: Cell, point: str = ".") -> str:
    """Return a cell's text: dates as ISO, whole numbers without `point`, their decimal sign.

    >>> write_cell(12.0), write_cell(True), write_cell(date(2024, 3, 1))
    ('12', 'true', '2024-03-01')
    """
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float):
        plain = format(int(cell), "d") if cell.is_integer() else format(cell, ".15g")
        return plain.replace(".", point)
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    return cell.isoformat() if isinstance(cell, (date, time)) else str(cell)
