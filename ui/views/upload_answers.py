"""The questions a file leaves open, in words, with rows of the file read in every way."""

from collections.abc import Mapping, Sequence
from typing import Any

from core.i18n import N_
from core.services.file_findings import read_as
from ui.i18n import NO_VALUE, _, current_language, format_number, format_percent
from ui.views.plain import plain
from ui.views.words import kind_title

_QUESTIONS: Mapping[str, str] = {
    "kind": N_("What does this file hold?"),
    "sheet": N_("Which sheet holds the table?"),
    "date_order": N_("In which order are its dates written?"),
    "decimal": N_("How are its decimals written?"),
    "tax_rate": N_("The amounts in %(header)s are before tax. Which rate is to be added?"),
}
_ANSWERS: Mapping[tuple[str, str], str] = {
    ("date_order", "dmy"): N_("Day first"),
    ("date_order", "mdy"): N_("Month first"),
    ("decimal", "."): N_("With a point"),
    ("decimal", ","): N_("With a comma"),
}
LINE, COLUMN, CELL = "line", "column", "cell"


def question_title(question: str, waiting: Mapping[str, Any]) -> str:
    """Return the question as a sentence, the file's own words shown letter by letter."""
    values = {name: plain(value) for name, value in waiting["values"].items()}
    message = _QUESTIONS.get(question, waiting["message"])
    return _(message, **values)


def answer_title(question: str, option: str, examples: Sequence[Mapping[str, Any]] = ()) -> str:
    """Return an answer in words, with what the first example says under it."""
    if question == "kind":
        return kind_title(option)
    if question == "tax_rate":
        return rate_title(option)
    if (question, option) not in _ANSWERS:
        return plain(option)
    title = _(_ANSWERS[question, option])
    cell = examples[0]["cell"] if examples else ""
    said = read_as(question, option, cell, current_language()) if cell else None
    if said is None:
        return title
    return _("%(title)s: %(cell)s is %(said)s", title=title, cell=plain(cell), said=said)


def cells_asked_about(
    recognition: Mapping[str, Any], waiting: Mapping[str, Any]
) -> tuple[str, ...]:
    """Return cells of the column that a question names, none when it names no column."""
    named = waiting["values"].get("header")
    return tuple(
        cell
        for header in recognition["headers"]
        if header["header"] == named
        for cell in header["samples"]
    )


def rate_title(rate: str) -> str:
    """Return a tax rate such as `0.055` as a percentage."""
    share = float(rate)
    return format_percent(share, digits=0 if (100 * share).is_integer() else 1)


def example_rows(waiting: Mapping[str, Any]) -> tuple[list[dict[str, str]], dict[str, str]]:
    """Return rows the question is about, read under every answer, and the titles of the columns."""
    question, options = waiting["question"], waiting["options"]
    rows = [
        {
            LINE: format_number(example["line"]),
            COLUMN: example["header"],
            CELL: example["cell"],
            **{
                option: read_as(question, option, example["cell"], current_language()) or NO_VALUE
                for option in options
            },
        }
        for example in waiting.get("examples", ())
    ]
    titles = {
        LINE: _("Line"),
        COLUMN: _("Their column"),
        CELL: _("In the file"),
        **{option: answer_title(question, option) for option in options},
    }
    return rows, titles
