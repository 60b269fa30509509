"""Settings: what is changed, and the steps from there: preview, take back, save."""

import streamlit as st

from core.jobs import PREVIEW, enqueue
from core.services.policies import save_policy
from core.services.policy_fields import Change, change_line
from core.services.policy_preview import ask_preview
from ui.i18n import _, format_moment, ngettext_
from ui.layout import error_boundary
from ui.session import UiSession
from ui.views.plain import bold, plain
from ui.views.settings_draft import BASE_PARAM, PREVIEW_PARAM, Draft, leave_preview, take_back

_MOST_NOTE_CHARS = 500


def draw_save_button(session: UiSession, draft: Draft) -> None:
    """Draw the page's primary action, which opens the last look at what will be saved."""
    if not session.may_work:
        return
    is_ready = bool(draft.changes) and not draft.problems
    if st.button(_("Save"), type="primary", key="settings_save", disabled=not is_ready):
        _open_save(session, draft)


def draw_state(session: UiSession, draft: Draft) -> None:
    """Say which version is in force and what differs from it, with the ways on."""
    st.caption(_version_sentence(session, draft))
    if not draft.changes:
        return
    with st.container(border=True):
        changed = ngettext_(
            "%(count)s value changed", "%(count)s values changed", len(draft.changes)
        )
        st.markdown(bold(changed))
        for line in change_lines(session, draft):
            st.markdown(f"- {plain(line)}")
        for problem in draft.problems:
            st.error(problem.line(session.language))
        with st.container(horizontal=True):
            is_asked = st.button(
                _("Preview the effect on the last run"),
                key="settings_preview",
                disabled=bool(draft.problems),
            )
            st.button(
                _("Take the changes back"),
                key="settings_take_back",
                on_click=take_back,
                args=(draft,),
            )
        if is_asked:
            with error_boundary():
                _ask_preview(session, draft)


def change_lines(session: UiSession, draft: Draft) -> list[str]:
    """Return each change in words."""
    return [
        change_line(Change(field=name, before=draft.saved[name], after=value), session.language)
        for name, value in draft.changes.items()
    ]


def _version_sentence(session: UiSession, draft: Draft) -> str:
    current = draft.current
    if current.created_at is None:
        return _("The defaults are in force: nothing was saved yet.")
    sentence = _(
        "Version %(version)s is in force, saved %(when)s by %(who)s.",
        version=current.version,
        when=format_moment(current.created_at, session.tenant.time_zone),
        who=plain(current.created_by),
    )
    return f"{sentence} {plain(current.note)}" if current.note else sentence


def _ask_preview(session: UiSession, draft: Draft) -> None:
    preview_id = ask_preview(session.store, session.actor, draft.changes)
    enqueue(session.store, session.actor, PREVIEW, preview_id)
    st.query_params[PREVIEW_PARAM] = preview_id
    st.query_params[BASE_PARAM] = str(draft.current.version)
    st.rerun()


def _open_save(session: UiSession, draft: Draft) -> None:
    @st.dialog(_("Save version %(version)s", version=draft.current.version + 1))
    def form() -> None:
        for line in change_lines(session, draft):
            st.markdown(f"- {plain(line)}")
        st.caption(_("It counts for the runs launched from now on; earlier runs stay as they are."))
        note = st.text_input(
            _("Why, in a few words"), max_chars=_MOST_NOTE_CHARS, key="settings_note"
        )
        if st.button(_("Save this version"), type="primary", key="settings_send", width="stretch"):
            with error_boundary():
                save_policy(
                    session.store,
                    session.actor,
                    draft.changes,
                    note=note,
                    based_on=draft.current.version,
                )
                leave_preview()
                st.rerun()

    form()
