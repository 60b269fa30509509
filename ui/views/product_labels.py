"""Products: the labels of sales that mean a product, who decided it, and the way back."""

from collections.abc import Mapping

import streamlit as st

from core.i18n import N_
from core.services.alias_desk import decide, take_back
from core.services.audit_actions import Action
from core.services.product_labels import LabelEvent, ProductLabels, labels_of
from core.store.aliases import DecidedLabel
from ui.i18n import _, format_moment, ngettext_
from ui.layout import error_boundary
from ui.session import UiSession
from ui.tables import choose_row, read_page
from ui.views.hand_saved import start_change
from ui.views.plain import plain

_PAGE = 10
_EVENTS: Mapping[str, str] = {
    Action.LABEL_DECIDED.value: N_("%(when)s: decided by %(who)s"),
    Action.LABEL_TAKEN_BACK.value: N_("%(when)s: taken back by %(who)s"),
}


def draw_product_labels(session: UiSession, product_key: str, *, is_open: bool = False) -> None:
    """Draw the labels that mean a product, what was decided of them, and a way to add one."""
    with st.expander(_("Labels that mean this product"), expanded=is_open):
        st.caption(_("Rows of sales that carry such a label instead of a key count for it."))
        place = st.container()
        found, _offset = read_page(
            lambda offset: labels_of(session.store, product_key, limit=_PAGE, offset=offset),
            _PAGE,
            key="labels_of_page",
            is_counted=False,
        )
        with place:
            _draw_found(session, product_key, found)
        if session.may_work:
            _draw_adding(session, product_key)
        for event in found.events:
            st.caption(_event_text(session, event))


def _draw_found(session: UiSession, product_key: str, found: ProductLabels) -> None:
    if not found.labels:
        st.markdown(_("No label is decided for it; its name is known by itself."))
        return
    titles = {"label": _("Label"), "at": _("Decided"), "by": _("By")}
    rows = [
        {
            "label": label.label,
            "at": format_moment(label.decided_at, session.tenant.time_zone),
            "by": label.decided_by,
        }
        for label in found.labels
    ]
    key = f"labels_of_{product_key}_{found.total}"
    chosen = choose_row(rows, titles, key=key, alt=_("Decided labels, the newest first"))
    if chosen is not None and session.may_work:
        _draw_taking_back(session, found.labels[chosen])


def _draw_taking_back(session: UiSession, label: DecidedLabel) -> None:
    st.markdown(
        _("Later files no longer know the label %(label)s. Rows loaded by it stay.",
          label=plain(label.label))
    )  # fmt: skip
    if st.button(_("Take the decision back"), key="label_of_take_back"):
        with error_boundary():
            take_back(session.store, session.actor, label.label)
            st.rerun()


def _draw_adding(session: UiSession, product_key: str) -> None:
    with st.form("label_of_form", border=False, clear_on_submit=True):
        place, action = st.columns([3, 1], vertical_alignment="bottom")
        label = place.text_input(_("Another label of it"), key="label_of_new")
        is_sent = action.form_submit_button(_("Add this label"), key="label_of_add")
    if is_sent and label.strip():
        with error_boundary():
            release = decide(session.store, session.actor, {label.strip(): product_key})
            if release is not None:
                start_change(session, release)
            st.rerun()


def _event_text(session: UiSession, event: LabelEvent) -> str:
    when = format_moment(event.at, session.tenant.time_zone)
    said = _(_EVENTS[event.action], when=when, who=plain(event.by))
    labels = ngettext_("%(count)s label", "%(count)s labels", event.labels)
    return f"{said} ({labels})"
