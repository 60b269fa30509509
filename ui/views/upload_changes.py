"""Upload, third step: what the files change in what is there, field by field."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import streamlit as st

from core.contracts import COLUMNS, ColumnType, FileKind
from ui.i18n import (
    NO_VALUE,
    _,
    format_money,
    format_number,
    format_quantity,
    format_short_date,
    titled,
)
from ui.tables import choose_row, number_column, show_rows
from ui.views.column_titles import column_title
from ui.views.words import kind_title

_TYPES = {(kind, c.name): c.type for kind, columns in COLUMNS.items() for c in columns}

Change = Mapping[str, Any]


def draw_changes(files: Sequence[Mapping[str, Any]], currency: str) -> None:
    """Draw one row per changed field; a click shows its first examples."""
    changes = [
        {"kind": f["kind"], **c, "file": f}
        for f in files
        for c in (*f.get("changes", ()), *f.get("retold", ()))
    ]
    if not changes:
        return
    changes.sort(key=lambda change: -change["rows"])
    st.header(_("What changes, field by field"), anchor=False)
    st.caption(_("Click a row to see examples."))
    rows = [
        {
            "field": column_title(change["column"]),
            "kind": kind_title(change["kind"]),
            "rows": change["rows"],
            "example": _example(change, currency),
        }
        for change in changes
    ]
    titles = {
        "field": _("Field"),
        "kind": _("Of"),
        "rows": number_column(_("Rows")),
        "example": st.column_config.TextColumn(_("For example"), width="large"),
    }
    chosen = choose_row(rows, titles, key="review_changes", alt=_("Changed fields with an example"))
    if chosen is not None:
        _draw_examples(changes[chosen], currency)


def _example(change: Change, currency: str) -> str:
    first = change["examples"][0]
    before, after = (written_cell(change, first[side], currency) for side in ("before", "after"))
    return titled(first["identity"], f"{before} → {after}")


def _draw_examples(change: Change, currency: str) -> None:
    rows = [
        {
            **example,
            "file": change["file"]["name"],
            "before": written_cell(change, example["before"], currency),
            "after": written_cell(change, example["after"], currency),
        }
        for example in change["examples"]
    ]
    titles = {
        "identity": kind_title(change["kind"]),
        "before": _("Before"),
        "after": _("After"),
        "file": _("File"),
        "line": number_column(_("Line of the file")),
    }
    show_rows(rows, titles, key="review_change_examples", alt=column_title(change["column"]))


def written_cell(change: Change, cell: str | None, currency: str) -> str:
    """Return a stored cell, as text, as its reader writes it; `change` has `kind` and `column`."""
    kind = _TYPES[FileKind(change["kind"]), change["column"]]
    if cell is None:
        return NO_VALUE
    if kind is ColumnType.MONEY:
        return format_money(int(cell), currency)
    if kind is ColumnType.INTEGER and change["column"] != "vintage":
        return format_number(int(cell))
    if kind is ColumnType.QUANTITY:
        return format_quantity(int(cell))
    if kind is ColumnType.VOLUME:
        return format_number(int(cell) / 10)
    if kind is ColumnType.DATE:
        return format_short_date(date.fromisoformat(cell))
    if kind is ColumnType.BOOLEAN:
        return _("yes") if cell == "true" else _("no")
    return cell
