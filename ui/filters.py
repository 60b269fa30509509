"""A choice that filters what a page lists."""

from collections.abc import Mapping

import streamlit as st

_EVERY = ""


def choose_filter(
    label: str,
    titles: Mapping[str, str],
    chosen: str | None,
    *,
    every: str,
    key: str,
    width: int,
    explanation: str | None = None,
) -> str | None:
    """Draw a choice among the codes in `titles`; the first, `every`, is None, no filter.

    Streamlit's own way to clear a choice is not there where the page begins with one, as it does
    when the address has it.
    """
    codes = [_EVERY, *titles]
    found = st.selectbox(
        label,
        codes,
        index=codes.index(chosen) if chosen in titles else 0,
        format_func=lambda code: titles[code] if code else every,
        help=explanation,
        width=width,
        key=key,
    )
    return found or None
