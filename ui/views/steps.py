"""The steps of a longer piece of work, in a row, the present one marked."""

from collections.abc import Sequence

import streamlit as st

from ui.i18n import _


def show_steps(titles: Sequence[str], current: int) -> None:
    """Draw the steps; those before `current` (from 0) are done, those after it to come."""
    with st.container(horizontal=True, gap="small"):
        for number, title in enumerate(titles):
            color = "primary" if number == current else "gray"
            icon = ":material/check:" if number < current else None
            st.badge(
                f"{number + 1}. {title}",
                color=color,
                icon=icon,
                help=_("Done") if number < current else None,
            )
