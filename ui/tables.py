"""Quiet tables: the row's subject first, numbers right-aligned, a click opens the row."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from ui.i18n import NO_VALUE, _, ngettext_

Rows = Sequence[Mapping[str, object]]
Titles = Mapping[str, Any]  # field to translated title, or to a column of `st.column_config`
_WHOLE_ROWS = 20  # a table of more rows scrolls


def show_rows(rows: Rows, titles: Titles, *, key: str, alt: str) -> None:
    """Draw `rows` with the columns named in `titles`, in that order."""
    st.dataframe(
        _frame(rows, titles),
        column_config=titles,
        hide_index=True,
        placeholder=NO_VALUE,
        key=key,
        alt=alt,
    )


def choose_row(rows: Rows, titles: Titles, *, key: str, alt: str) -> int | None:
    """Draw `rows` like `show_rows` and return the place of the clicked one, or None."""
    state = st.dataframe(
        _frame(rows, titles),
        column_config=titles,
        hide_index=True,
        placeholder=NO_VALUE,
        height="content" if len(rows) <= _WHOLE_ROWS else "auto",
        key=key,
        on_select="rerun",
        selection_mode=["single-row", "single-cell"],
        alt=alt,
    )
    chosen = [*state.selection.rows, *(row for row, _column in state.selection.cells)]
    return chosen[0] if chosen and chosen[0] < len(rows) else None


def number_column(title: str, *, explanation: str | None = None) -> Any:
    """Return a column of numbers written as the browser's language writes them."""
    return st.column_config.NumberColumn(title, format="localized", help=explanation)


def _frame(rows: Rows, titles: Titles) -> pd.DataFrame:
    return pd.DataFrame({field: [row.get(field) for row in rows] for field in titles})


def choose_page(total: int, page_size: int, *, key: str) -> int:
    """Draw how many rows there are and the page switch; return the offset of the page's first."""
    pages = max(1, -(-total // page_size))
    st.caption(ngettext_("%(count)s row", "%(count)s rows", total))
    if pages == 1:
        return 0
    number = st.pagination(pages, key=key, bind="query-params")
    return (min(number, pages) - 1) * page_size


def no_rows() -> None:
    """Say that a filter leaves nothing."""
    st.caption(_("No row matches."))
