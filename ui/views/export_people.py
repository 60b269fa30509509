"""Exports: the files that people read, the call list for the staff and the report on paper."""

import streamlit as st

from core.contracts import RunVersion
from core.services.call_list import number_of_calls
from core.services.export_run import CALL_NAMES, REPORT_NAME
from core.services.sign_in import cookie_name
from core.store.tenant import TenantStore
from ui.i18n import _, ngettext_
from ui.layout import LINE_PIXELS, error_boundary
from ui.session import UiSession

_CALLS_KEPT_SECONDS = 60  # consent and contacts are those of today


def draw_people_cards(
    session: UiSession, run_id: str, version: RunVersion = RunVersion.REVIEWED
) -> None:
    """Draw a card for each file of a finished run that is meant for people."""
    grid = st.grid(2, min_column_width=360)
    with grid.container(border=True, height="stretch", key="card_calls"):
        _draw_calls(session, run_id, version)
    with grid.container(border=True, height="stretch", key="card_report"):
        _draw_report(session, run_id, version)


@st.fragment(parallel=True)
def _draw_calls(session: UiSession, run_id: str, version: RunVersion) -> None:
    table, workbook = (_path(run_id, name, version) for name in CALL_NAMES)
    st.markdown(f"**{CALL_NAMES[0]}**")
    st.caption(
        _(
            "Customers whom nothing but e-mail stands against and who may be telephoned, the best"
            " first: number, proposal, reason. Consent and numbers are those of today."
        )
    )
    number = st.skeleton(height=LINE_PIXELS)
    with st.container(horizontal=True):
        st.link_button(_("Download CSV"), table, key="link_calls_csv")
        st.link_button(_("Download Excel"), workbook, key="link_calls_xlsx")
    _draw_address(session, table)
    with error_boundary():
        calls = _number_of_calls(session.tenant.tenant_id, run_id, version, _store=session.store)
        number.text(ngettext_("%(count)s customer to call", "%(count)s customers to call", calls))


def _draw_report(session: UiSession, run_id: str, version: RunVersion) -> None:
    st.markdown(f"**{REPORT_NAME}**")
    st.caption(
        _(
            "The quality of the run on a few pages, for the file and for whoever never signs in:"
            " figures and what changed, charts, rules, the lowest scores, decisions."
        )
    )
    st.text(_("Opens in a new window; print it, or save it as PDF."))
    with st.container(horizontal=True):
        draw_report_button(session, run_id, version, key="link_report")
    _draw_address(session, _path(run_id, REPORT_NAME, version))


def draw_report_button(
    session: UiSession, run_id: str, version: RunVersion = RunVersion.REVIEWED, *, key: str
) -> None:
    """Draw the button that opens the quality report in the reader's language."""
    path = _path(run_id, REPORT_NAME, version)
    address = f"{path}{'&' if '?' in path else '?'}lang={session.language}"
    st.link_button(_("Open the report"), address, key=key)


def _draw_address(session: UiSession, path: str) -> None:
    with st.expander(_("Its address")):
        settings = session.store.store.settings
        address = settings.public_base_url.rstrip("/") + path
        st.code(address, language=None, wrap_lines=True)
        st.caption(_("With the cookie of your session, from a command line:"))
        cookie = f'-b "{cookie_name(settings)}=…"'
        st.code(f'curl -fO {cookie} "{address}"', language=None, wrap_lines=True)


def _path(run_id: str, name: str, version: RunVersion) -> str:
    query = "" if version is RunVersion.REVIEWED else f"?version={version.value}"
    return f"/export/runs/{run_id}/{name}{query}"


@st.cache_data(max_entries=200, ttl=_CALLS_KEPT_SECONDS, show_spinner=False)
def _number_of_calls(
    tenant_id: str,  # noqa: ARG001
    run_id: str,
    version: RunVersion,
    _store: TenantStore,
) -> int:
    return number_of_calls(_store, run_id, version)
