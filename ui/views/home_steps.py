"""Home: the first path, from files to a campaign, ticked from the data."""

from collections.abc import Mapping

import streamlit as st

from core.i18n import N_
from core.services.home import Home, Step
from ui.i18n import _, format_number, titled
from ui.views.plain import bold
from ui.views.upload_drop import IMPORT

_DONE, _NEXT, _TO_COME = (
    ":green[:material/check_circle:]",
    ":primary[:material/arrow_circle_right:]",
    ":gray[:material/radio_button_unchecked:]",
)
_AGAIN = (
    N_("Launch another run"),
    N_("Files were loaded after the last one, which does not know them."),
)
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


def draw_new_files() -> None:
    """Draw the primary action once the first path is walked: new files."""
    if st.button(_("Bring in files"), type="primary", key="home_next"):
        open_page("upload")


def draw_steps(home: Home, *, may_work: bool) -> None:
    """Draw the five steps with what is done; the next one has the primary action beside it."""
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
            _draw_step(home, step, number)
            if may_work and step is home.next_step:
                _draw_ways(home, step)


def _draw_step(home: Home, step: Step, number: int) -> None:
    title, sentence = _words(home, step)
    is_done = step in home.done
    is_next = step is home.next_step
    state = _("done") if is_done else _("next") if is_next else _("to come")
    icon = _DONE if is_done else _NEXT if is_next else _TO_COME
    named = f"{icon} {bold(titled(f'{format_number(number)}. {_(title)}', state))}"
    # Of what is done the title is enough: the eye is to rest on the next step.
    st.markdown(named if is_done else f"{named}  \n:gray[{_(sentence)}]")


def _words(home: Home, step: Step) -> tuple[str, str]:
    """Return the title and the sentence of a step; a run that is out of date is launched again."""
    if step is Step.RUN and step not in home.done and home.last_run is not None:
        return _AGAIN
    return _TITLES[step][:2]


def _draw_ways(home: Home, step: Step) -> None:
    """Draw the button of the next step, and past the lists a way for whoever agrees with them."""
    title, page = _words(home, step)[0], _TITLES[step][2]
    with st.container(horizontal=True):
        if st.button(_(title), type="primary", key="home_next"):
            named = step is Step.REVIEW and home.open_import
            open_page(page, **({IMPORT: str(home.open_import)} if named else {}))
        if step is Step.CHECK and st.button(
            _("They are right: go on"), key="home_step_prepare", type="tertiary"
        ):
            open_page(_TITLES[Step.PREPARE][2])


def open_page(page: str, **query: str) -> None:
    """Go to a page of the application."""
    st.switch_page(f"../pages/{page}.py", query_params=query)
