"""Home: the first path, from files to a campaign, ticked from the data."""

from collections.abc import Mapping

import streamlit as st

from core.i18n import N_
from core.services.home import Home, Step
from ui.i18n import _, format_number, titled
from ui.views.plain import bold

_TITLES: Mapping[Step, tuple[str, str, str]] = {
    Step.DROP: (
        N_("Drop your files"),
        N_("Clients, products and sales, as your till or ERP exports them."),
        "upload",
    ),
    Step.REVIEW: (
        N_("Review what would change"),
        N_("See every row with its reason before anything is loaded, then load."),
        "upload",
    ),
    Step.RUN: (
        N_("Launch a first run"),
        N_("It says whom to write to, about which product, and why."),
        "runs",
    ),
    Step.CHECK: (
        N_("Check the lists"),
        N_("See who is blocked and why; reject or replace what does not fit."),
        "qc",
    ),
    Step.PREPARE: (
        N_("Prepare a first campaign"),
        N_("See exactly who would receive what. Nothing is sent before you say so."),
        "campaigns",
    ),
}


def draw_next_step(home: Home) -> None:
    """Draw the button of the next step; once all are done, of new files."""
    step = home.next_step
    title, page = (
        (_(_TITLES[step][0]), _TITLES[step][2]) if step else (_("Bring in files"), "upload")
    )
    if st.button(title, type="primary", key="home_next"):
        open_page(page)


def draw_steps(home: Home, *, may_work: bool) -> None:
    """Draw the five steps with what is done; whoever `may_work` may pass the fourth over."""
    st.header(_("From your first file to your first campaign"), anchor=False)
    st.caption(
        _(
            "%(done)s of %(steps)s steps done",
            done=format_number(len(home.done)),
            steps=format_number(len(Step)),
        )
    )
    with st.container(border=True):
        for number, step in enumerate(Step, 1):
            _draw_step(home, step, number, may_work=may_work)


def _draw_step(home: Home, step: Step, number: int, *, may_work: bool) -> None:
    title, sentence, page = _TITLES[step]
    with st.container(horizontal=True, vertical_alignment="center"):
        state = _state_title(home, step)
        named = f"{format_number(number)}. {_(title)}"
        st.markdown(f"{bold(titled(named, state))}  \n:gray[{_(sentence)}]")
        # Whoever found nothing to decide in the lists goes on from here.
        is_near = may_work and step is Step.PREPARE and home.next_step is Step.CHECK
        if is_near and st.button(_("Go there"), key=f"home_step_{step}", type="tertiary"):
            open_page(page)


def _state_title(home: Home, step: Step) -> str:
    if step in home.done:
        return _("done")
    return _("next") if step is home.next_step else _("to come")


def open_page(page: str, **query: str) -> None:
    """Go to a page of the application."""
    st.switch_page(f"../pages/{page}.py", query_params=query)
