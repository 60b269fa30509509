"""The questions a file leaves open, in words, with values of the file beside them."""

from collections.abc import Mapping
from typing import Any

from core.contracts import COLUMNS, ColumnType, FileKind
from core.i18n import N_
from core.ingest.derive import derivation_headers
from ui.i18n import _, format_percent
from ui.views.plain import plain
from ui.views.words import kind_title

_EXAMPLES = 4
_QUESTIONS: Mapping[str, str] = {
    "kind": N_("What does this file hold?"),
    "date_order": N_("In which order are its dates written?"),
    "decimal": N_("How are its decimals written?"),
    "tax_rate": N_("The amounts in %(header)s are before tax. Which rate is to be added?"),
}
_ANSWERS: Mapping[tuple[str, str], str] = {
    ("date_order", "dmy"): N_("Day first: 03/04/2026 is 3 April 2026"),
    ("date_order", "mdy"): N_("Month first: 03/04/2026 is 4 March 2026"),
    ("decimal", "."): N_("With a point: 1.500 is one and a half"),
    ("decimal", ","): N_("With a comma: 1,500 is one and a half"),
}
_COLUMN_TYPES: Mapping[str, frozenset[ColumnType]] = {
    "date_order": frozenset({ColumnType.DATE}),
    "decimal": frozenset({ColumnType.MONEY, ColumnType.QUANTITY, ColumnType.DECIMAL}),
}


def question_title(question: str, waiting: Mapping[str, Any]) -> str:
    """Return the question as a sentence, the file's own words shown letter by letter."""
    values = {name: plain(value) for name, value in waiting["values"].items()}
    message = _QUESTIONS.get(question, waiting["message"])
    return _(message, **values)


def answer_title(question: str, option: str) -> str:
    """Return an answer in words."""
    if question == "kind":
        return kind_title(option)
    if question == "tax_rate":
        return rate_title(option)
    return _(_ANSWERS.get((question, option), option))


def rate_title(rate: str) -> str:
    """Return a tax rate such as `0.055` as a percentage."""
    share = float(rate)
    return format_percent(share, digits=0 if (100 * share).is_integer() else 1)


def examples_for(
    question: str, recognition: Mapping[str, Any], values: Mapping[str, str]
) -> list[str]:
    """Return a few cells of the file that the question is about."""
    headers = recognition["headers"]
    if question == "tax_rate":
        wanted = {values.get("header")}
    else:
        wanted = _headers_of(recognition, _COLUMN_TYPES.get(question, frozenset()))
    cells = [cell for header in headers if header["header"] in wanted for cell in header["samples"]]
    return list(dict.fromkeys(cells))[:_EXAMPLES]


def _headers_of(recognition: Mapping[str, Any], types: frozenset[ColumnType]) -> set[str]:
    mapping = recognition["mapping"]
    if not mapping:
        return set()
    names = {column.name for column in COLUMNS[FileKind(mapping["kind"])] if column.type in types}
    direct = [header for name, header in mapping["columns"].items() if name in names]
    derived = [
        header
        for name, rule in mapping.get("derive", {}).items()
        if name in names
        for header in derivation_headers(rule)
    ]
    return {*direct, *derived}
