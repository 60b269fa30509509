"""The anatomy every page shares: header, figures, empty state, errors in sentences."""

import logging
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import streamlit as st

from core.errors import CrmError, frames_of
from core.store.identity import worker_alive
from ui.i18n import _, current_language
from ui.session import UiSession
from ui.views.plain import plain

logger = logging.getLogger(__name__)
LINE_PIXELS = 24
"""Height of a skeleton where a line of text is to come."""

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One figure of a page: already formatted value, change since the last one, one-line help."""

    label: str
    value: str
    change: str | None = None
    explanation: str | None = None


def page_header(title: str, sentence: str, action: Callable[[], T] | None = None) -> T | None:
    """Draw the title, what the page answers, and the one primary action at the top right.

    `action` draws its button and its result is returned:
    `page_header(..., action=lambda: st.button(_("Launch a run"), type="primary"))`.
    """
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    with left:
        st.title(title, anchor=False)
        st.caption(sentence)
    if action is None:
        return None
    with right, st.container(horizontal=True, horizontal_alignment="right"):
        return action()


def figures_row(figures: Sequence[Figure]) -> None:
    """Draw at most four figures side by side; on a narrow screen two by two, where they fit."""
    pairs = [figures[start : start + 2] for start in range(0, len(figures), 2)]
    columns = st.columns([len(pair) for pair in pairs])
    for column, pair in zip(columns, pairs, strict=True):
        with column, st.container(horizontal=True):
            for figure in pair:
                _draw_figure(figure)


def _draw_figure(figure: Figure) -> None:
    st.metric(
        figure.label,
        figure.value,
        delta=figure.change,
        delta_color="off",
        delta_arrow="auto" if (figure.change or "").startswith(("+", "-")) else "off",
        help=figure.explanation,
        border=True,
        height="stretch",
    )


def empty_state(
    sentence: str, button: str | None = None, *, page: str | None = None, key: str = "empty_state"
) -> bool:
    """Say what will be here and draw the button that brings it; return whether it was clicked.

    With `page` (`"upload"`) the button leads to that page.
    """
    with st.container(border=True, horizontal_alignment="center"):
        st.markdown(sentence, text_alignment="center")
        is_clicked = button is not None and st.button(button, type="primary", key=key)
    if is_clicked and page is not None:
        st.switch_page(f"../pages/{page}.py")
    return is_clicked


@contextmanager
def error_boundary() -> Iterator[None]:
    """Show an error of the block as a sentence: ours as it is, any other with a reference."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - the last place before the browser
        show_error(error)


def show_error(error: BaseException) -> bool:
    """Show one error as a sentence; return True, which tells Streamlit that it was shown."""
    if isinstance(error, CrmError):
        st.error(error.sentence(current_language(), plain))
        return True
    reference = secrets.token_hex(4).upper()
    logger.error("page failed, reference %s: %s", reference, frames_of(error))
    st.error(
        _(
            "Something went wrong on this page; nothing was lost. Try again, and if it comes back,"
            " give the reference %(reference)s to whoever runs this instance.",
            reference=reference,
        )
    )
    return True


def worker_notice(session: UiSession) -> None:
    """Say in a sentence when nothing works through the jobs."""
    if not worker_alive(session.store.store):
        st.warning(
            _(
                "No worker is running, so imports, runs and sends wait in the queue. Start one with"
                " `python -m core worker`."
            )
        )
