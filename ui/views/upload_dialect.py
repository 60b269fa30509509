"""How a file is written, in words, with a cell of it as evidence."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from core.i18n import N_
from ui.i18n import _, format_date, format_number
from ui.views.upload_answers import examples_for

_DELIMITERS: Mapping[str, str] = {
    ";": N_("semicolons"),
    ",": N_("commas"),
    "\t": N_("tabs"),
    "|": N_("vertical bars"),
}
_ENCODINGS: Mapping[str, str] = {
    "utf-8": "UTF-8",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "cp1252": "Windows-1252",
}
_DATE_ORDERS: Mapping[str, str] = {
    "iso": N_("dates as year, month, day"),
    "dmy": N_("dates as day, month, year"),
    "mdy": N_("dates as month, day, year"),
}
_DECIMALS: Mapping[str, str] = {
    ".": N_("decimals with a point"),
    ",": N_("decimals with a comma"),
}


def period_sentence(file: Mapping[str, Any]) -> list[str]:
    """Return from when to when the rows are, nothing for a file without dates of its own."""
    if not file.get("period"):
        return []
    first, last = (format_date(date.fromisoformat(day)) for day in file["period"])
    return [_("From %(first)s to %(last)s.", first=first, last=last)]


def dialect_sentences(file: Mapping[str, Any]) -> list[str]:
    """Return how the file is written; nothing before it was read as a whole."""
    if "dialect" not in file:
        return []
    dialect, settled = file["dialect"], file["dialect"]["settled"]
    if dialect["container"] == "workbook":
        written = _("Workbook, sheet %(sheet)s", sheet=dialect["sheet"])
    else:
        written = _(
            "Text in %(encoding)s, %(columns)s columns separated by %(delimiter)s",
            encoding=_ENCODINGS.get(dialect["encoding"], dialect["encoding"]),
            columns=format_number(len(dialect["headers"])),
            delimiter=_(_DELIMITERS.get(dialect["delimiter"], dialect["delimiter"])),
        )
    parts = [
        written,
        _with_example(file, "decimal", _DECIMALS.get(settled["decimal"]), settled["decimal"]),
        _with_example(file, "date_order", _DATE_ORDERS.get(settled["date_order"]), ""),
    ]
    aside = file.get("unknown_columns") or []
    sentences = ["; ".join(part for part in parts if part) + "."]
    if aside:
        sentences.append(_("Kept aside, not used: %(columns)s.", columns=", ".join(aside)))
    return sentences


def _with_example(
    file: Mapping[str, Any], question: str, title: str | None, sign: str
) -> str | None:
    cells = [c for c in examples_for(question, file["recognition"], {}) if sign in c]
    if title is None or not cells:
        return None
    return _("%(finding)s, as in %(cell)s", finding=_(title), cell=cells[0])
