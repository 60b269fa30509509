"""Exports: one card per file of a run, with its address."""

from collections.abc import Mapping

import streamlit as st

from core.i18n import N_
from core.services.export_run import CSV_NAMES, SUMMARY_NAME, ExportCard, export_card
from core.services.sign_in import SESSION_COOKIE
from core.store.tenant import TenantStore
from ui.i18n import _, format_number, ngettext_
from ui.session import UiSession

FILES = (*CSV_NAMES, SUMMARY_NAME)
_CONTENTS: Mapping[str, str] = dict(
    zip(
        FILES,
        (
            N_("What is proposed to each customer, and why: one row per product."),
            N_("What the audit found: one row per issue."),
            N_("The verdict and the best scenario: one row per customer."),
            N_("The run in figures: policy, counts, timings and the hash of the data."),
        ),
        strict=True,
    )
)
_KIB, _MIB = 1024, 1024**2


def draw_cards(session: UiSession, run_id: str) -> None:
    """Draw a card for each standard file of a finished run."""
    with st.grid(2, min_column_width=360):
        for name in FILES:
            with st.container(border=True, height="stretch", key=f"card_{name}"):
                _draw_card(session, run_id, name)


def _draw_card(session: UiSession, run_id: str, name: str) -> None:
    card = _card(session.tenant.tenant_id, run_id, name, _store=session.store)
    st.markdown(f"**{name}**")
    st.caption(_(_CONTENTS[name]))
    st.text(_facts(card))
    with st.container(horizontal=True):
        label = _("Download JSON") if name == SUMMARY_NAME else _("Download CSV")
        st.link_button(label, _path(run_id, name), key=f"link_{name}")
        if name in CSV_NAMES:
            workbook = name.replace(".csv", ".xlsx")
            st.link_button(_("Download Excel"), _path(run_id, workbook), key=f"link_{workbook}")
    with st.expander(_("Its address")):
        base = session.store.store.settings.public_base_url.rstrip("/")
        st.code(f"{base}{_path(run_id, name)}", language=None, wrap_lines=True)
        st.caption(_("With the cookie of your session, from a command line:"))
        st.code(
            f'curl -fO -b "{SESSION_COOKIE}=…" {base}{_path(run_id, name)}',
            language=None,
            wrap_lines=True,
        )
        st.caption(_("sha256 of the file: the same bytes give the same hash."))
        st.code(card.sha256, language=None, wrap_lines=True)


def _path(run_id: str, name: str) -> str:
    return f"/export/runs/{run_id}/{name}"


def _facts(card: ExportCard) -> str:
    parts = []
    if card.rows is not None:
        parts.append(ngettext_("%(count)s row", "%(count)s rows", card.rows))
    parts.append(_size(card.bytes))
    parts.append(_("sha256 %(start)s…", start=card.sha256[:12]))
    return " · ".join(parts)


def _size(size: int) -> str:
    if size < _MIB:
        return _("%(size)s KB", size=format_number(size / _KIB, 1))
    return _("%(size)s MB", size=format_number(size / _MIB, 1))


@st.cache_data(max_entries=400, show_spinner=False)
def _card(tenant_id: str, run_id: str, name: str, _store: TenantStore) -> ExportCard:  # noqa: ARG001
    """Return the card of a file; a finished run never changes, so it is made once."""
    return export_card(_store, run_id, name)
