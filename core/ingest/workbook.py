"""Excel and OpenDocument workbooks as rows of text, typed as a person would type them."""

from datetime import date, datetime, time, timedelta
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook

from core.errors import FileRefused
from core.i18n import N_
from core.ingest.source import ReadLimits

Cell = str | float | int | bool | date | datetime | time | timedelta | None


def read_sheet(path: Path, limits: ReadLimits) -> tuple[str, list[list[str]]]:
    """Return the name and the rows of the first sheet that is not empty, from row 1 on.

    Raises `FileRefused` when the workbook is too large, damaged, protected or empty.
    """
    if path.stat().st_size > limits.max_workbook_bytes:
        raise FileRefused(
            N_("%(name)s is larger than the limit of %(megabytes)s MB: split it."),
            name=path.name,
            megabytes=limits.max_workbook_bytes >> 20,
        )
    try:
        with CalamineWorkbook.from_path(str(path)) as workbook:
            for name in workbook.sheet_names:
                rows = workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
                if any(any(cell not in ("", None) for cell in row) for row in rows):
                    return name, [[write_cell(cell) for cell in row] for row in rows]
    except (CalamineError, OSError, ValueError) as error:
        raise FileRefused(
            N_(
                "%(name)s cannot be opened as a workbook (damaged or protected by a password): "
                "save it as a CSV file, then import it again."
            ),
            name=path.name,
        ) from error
    raise FileRefused(N_("%(name)s is empty: export it again."), name=path.name)


def write_cell(cell: Cell) -> str:
    """Return a cell's text: dates as ISO, whole numbers without a point.

    >>> write_cell(12.0), write_cell(True), write_cell(date(2024, 3, 1))
    ('12', 'true', '2024-03-01')
    """
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float):
        return format(int(cell), "d") if cell.is_integer() else format(cell, ".15g")
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    return cell.isoformat() if isinstance(cell, (date, time)) else str(cell)
