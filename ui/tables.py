"""Quiet tables: the row's subject first, numbers right-aligned, a click opens the row.

Streamlit makes a CSV file of any table, of the values it was given: so texts are given as our own
files have them, no formula, and shown as they are; amounts are given in the currency, not in cents.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, Protocol, TypeVar

import pandas as pd
import streamlit as st
from pandas.io.formats.style import Styler

from core.services.csv_cells import escape, unescape
from ui.i18n import NO_VALUE, _, format_money, format_number, format_percent, ngettext_

Rows = Sequence[Mapping[str, object]]
# Field to translated title, to a column of numbers, or to a column of `st.column_config`.
Titles = Mapping[str, Any]
_WHOLE_ROWS = 20  # a table of more rows scrolls
_CENTS = 100
_PAGE_NUMBER = re.compile("[0-9]{1,6}")
_TWO_LINES = 66  # pixels of a row; in one of 4 rem or less Streamlit wraps no text


@dataclass(frozen=True, kw_only=True)
class NumberColumn:
    """A column of numbers: sorted as numbers, each written by `write` for the reader.

    The table is given `unit` for each of the rows' ones: 100 for cents that are amounts there.
    Streamlit's own formats follow the browser's language, not the one chosen on the page.
    """

    title: str
    write: Callable[[Any], str]
    explanation: str | None = None
    unit: int = 1

    def kept(self, value: Any) -> Any:
        """Return a value of the rows as the table is given it."""
        return value if value is None or self.unit == 1 else value / self.unit


def number_column(title: str, *, digits: int = 0, explanation: str | None = None) -> NumberColumn:
    """Return a column of numbers with `digits` decimals."""
    write = partial(format_number, digits=digits)
    return NumberColumn(title=title, write=write, explanation=explanation)


def percent_column(title: str, *, explanation: str | None = None) -> NumberColumn:
    """Return a column of shares in [0, 1], written as percentages."""
    return NumberColumn(title=title, write=format_percent, explanation=explanation)


def money_column(title: str, currency: str) -> NumberColumn:
    """Return a column of amounts in integer cents."""

    def write(amount: float) -> str:
        return format_money(round(_CENTS * amount), currency)

    return NumberColumn(title=title, write=write, unit=_CENTS)


def show_rows(
    rows: Rows,
    titles: Titles,
    *,
    key: str | None = None,
    alt: str,
    has_long_texts: bool = False,
) -> None:
    """Draw `rows` with the columns named in `titles`, in that order.

    With `has_long_texts` every row has room for a second line.
    """
    st.dataframe(
        styled(rows, titles),
        column_config=_config(titles),
        hide_index=True,
        placeholder=NO_VALUE,
        height=_height(rows),
        row_height=_TWO_LINES if has_long_texts else None,
        key=key,
        alt=alt,
    )


def choose_row(
    rows: Rows, titles: Titles, *, key: str, alt: str, has_long_texts: bool = False
) -> int | None:
    """Draw `rows` like `show_rows` and return the place of the clicked one, or None."""
    state = st.dataframe(
        styled(rows, titles),
        column_config=_config(titles),
        hide_index=True,
        placeholder=NO_VALUE,
        height=_height(rows),
        row_height=_TWO_LINES if has_long_texts else None,
        key=key,
        on_select="rerun",
        selection_mode=["single-row", "single-cell"],
        alt=alt,
    )
    chosen = [*state.selection.rows, *(row for row, _column in state.selection.cells)]
    return chosen[0] if chosen and chosen[0] < len(rows) else None


def styled(rows: Rows, titles: Titles) -> Styler:
    """Return `rows` as a frame whose numbers carry how they are written."""
    numbers = {name: one for name, one in titles.items() if isinstance(one, NumberColumn)}
    frame = pd.DataFrame({name: [row.get(name) for row in rows] for name in titles})
    for name, column in numbers.items():
        frame[name] = [column.kept(row.get(name)) for row in rows]
    return without_formulas(frame, {name: column.write for name, column in numbers.items()})


def without_formulas(frame: pd.DataFrame, written: Mapping[str, Callable[[Any], str]]) -> Styler:
    """Return `frame` with texts that no spreadsheet takes for a formula, shown as they were.

    `written` says how the values of a column are shown.
    """
    texts = frame.select_dtypes(["object", "str"])
    kept = texts.map(lambda cell: escape(cell) if isinstance(cell, str) else cell)
    shown = {name: unescape for name in texts if not kept[name].equals(texts[name])}
    said = {**dict.fromkeys(frame, str), **shown, **written}
    return frame.assign(**kept).style.format(said, na_rep=NO_VALUE)


def _height(rows: Rows) -> Literal["content", "auto"]:
    return "content" if len(rows) <= _WHOLE_ROWS else "auto"


def _config(titles: Titles) -> dict[str, Any]:
    return {
        field: st.column_config.NumberColumn(column.title, help=column.explanation)
        if isinstance(column, NumberColumn)
        else column
        for field, column in titles.items()
    }


def choose_page(total: int, page_size: int, *, key: str, is_counted: bool = True) -> int:
    """Draw how many rows there are and the page switch; return the offset of the page's first.

    The number is left out unless `is_counted`, where it stands on the page already.
    """
    pages = max(1, -(-total // page_size))
    if is_counted:
        st.caption(ngettext_("%(count)s row", "%(count)s rows", total))
    if pages == 1:
        return 0
    number = st.pagination(pages, key=key, bind="query-params")
    return (min(number, pages) - 1) * page_size


class Paged(Protocol):
    """A page of rows that knows how many there are in all."""

    @property
    def total(self) -> int:
        """Return how many rows there are."""


P = TypeVar("P", bound=Paged)


def read_page(
    read: Callable[[int], P], page_size: int, *, key: str, is_counted: bool = True
) -> tuple[P, int]:
    """Return the page that `read` gives for the chosen offset, and the offset; draw the switch.

    The rows are read once, at what the switch stood at, unless there is no such page any more.
    """
    asked = _asked_offset(key, page_size)
    page = read(asked)
    offset = choose_page(page.total, page_size, key=key, is_counted=is_counted and page.total > 0)
    return (page if offset == asked else read(offset)), offset


def _asked_offset(key: str, page_size: int) -> int:
    asked = str(st.session_state.get(key) or st.query_params.get(key) or "")
    return (max(1, int(asked)) - 1) * page_size if _PAGE_NUMBER.fullmatch(asked) else 0


def no_rows() -> None:
    """Say that a filter leaves nothing."""
    st.caption(_("No row matches."))
