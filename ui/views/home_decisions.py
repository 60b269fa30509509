"""Home: what needs a decision, each a sentence with the way to it."""

import streamlit as st

from core.services.home import MOST_COUNTED, Decision, Home, Matter
from ui.i18n import _, format_number, format_percent, ngettext_
from ui.session import UiSession
from ui.views.campaigns_list import campaign_names
from ui.views.campaigns_prepare import CAMPAIGN_PARAM
from ui.views.home_steps import open_page
from ui.views.plain import plain
from ui.views.runs_launch import RUN_PARAM
from ui.views.upload_drop import IMPORT

_PAGES = {
    Matter.ASKING: "upload",
    Matter.PLANNED: "upload",
    Matter.WAITING: "waiting",
    Matter.TO_REVIEW: "campaigns",
    Matter.PAUSED: "campaigns",
    Matter.RUN_FAILED: "runs",
    Matter.BLOCKED_RISES: "qc",
}
_PARAMS = {"upload": IMPORT, "campaigns": CAMPAIGN_PARAM, "runs": RUN_PARAM, "qc": RUN_PARAM}


def draw_decisions(session: UiSession, home: Home) -> None:
    """Draw what waits for somebody, or say that nothing does."""
    if not home.decisions:
        if home.has_campaign:
            st.caption(_("Nothing waits for a decision."))
        return
    st.header(_("What needs a decision"), anchor=False)
    subjects = [d.subject for d in home.decisions if d.subject and _PAGES[d.matter] == "campaigns"]
    names = campaign_names(session, subjects) if subjects else {}
    with st.container(border=True):
        for place, decision in enumerate(home.decisions):
            _draw(decision, names.get(decision.subject or "", ""), place)


def _draw(decision: Decision, campaign: str, place: int) -> None:
    page = _PAGES[decision.matter]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(plain(_sentence(decision, campaign)))
        if st.button(_("Go there"), key=f"home_decide_{place}", type="tertiary"):
            named = page in _PARAMS and decision.subject
            open_page(page, **({_PARAMS[page]: str(decision.subject)} if named else {}))


def _sentence(decision: Decision, campaign: str) -> str:
    count = decision.count
    if decision.matter is Matter.ASKING:
        return ngettext_(
            "%(count)s import asks something before it can be loaded.",
            "%(count)s imports ask something before they can be loaded.",
            count,
        )
    if decision.matter is Matter.PLANNED:
        return ngettext_(
            "%(count)s import is ready to be reviewed and loaded.",
            "%(count)s imports are ready to be reviewed and loaded.",
            count,
        )
    if decision.matter is Matter.WAITING:
        return _waiting(count)
    if decision.matter is Matter.RUN_FAILED:
        return _("The last run failed; what it was computed for is not there.")
    if decision.matter is Matter.BLOCKED_RISES:
        return _(
            "More customers are blocked: %(now)s in the last run, %(before)s in the one before.",
            now=format_percent(decision.now),
            before=format_percent(decision.before),
        )
    return _of_campaign(decision, campaign)


def _waiting(count: int) -> str:
    if count > MOST_COUNTED:
        return _(
            "More than %(count)s rows wait for a decision about what they name.",
            count=format_number(MOST_COUNTED),
        )
    return ngettext_(
        "%(count)s row waits for a decision about what it names.",
        "%(count)s rows wait for a decision about what they name.",
        count,
    )


def _of_campaign(decision: Decision, campaign: str) -> str:
    if decision.matter is Matter.PAUSED:
        return _("The campaign %(campaign)s is paused.", campaign=campaign)
    return ngettext_(
        "%(count)s message of the campaign %(campaign)s is to be reviewed: whether it arrived is"
        " not known.",
        "%(count)s messages of the campaign %(campaign)s are to be reviewed: whether they arrived"
        " is not known.",
        decision.count,
        campaign=campaign,
    )
