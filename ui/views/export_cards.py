"""Exports: one card per file of a run, with its address."""

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from core.contracts import RunVersion
from core.i18n import N_
from core.services.export_run import CSV_NAMES, SUMMARY_NAME, ExportCard, export_card, file_name
from core.services.run_records import RunCard
from core.services.sign_in import cookie_name
from core.store.tenant import TenantStore
from ui.i18n import _, format_number, ngettext_
from ui.layout import LINE_PIXELS, error_boundary
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
_KIB, _MIB, _GIB = 1024, 1024**2, 1024**3


@dataclass(frozen=True, kw_only=True)
class _Lists:
    """The lists whose files are shown; `asked` is the version that their addresses name.

    A run without review has one version, and its files keep their plain addresses.
    """

    run_id: str
    review_no: int
    version: RunVersion

    @property
    def asked(self) -> RunVersion | None:
        return self.version if self.review_no else None

    def path(self, name: str) -> str:
        """Return where a file of theirs is."""
        query = f"?version={self.asked.value}" if self.asked else ""
        return f"/export/runs/{self.run_id}/{name}{query}"

    def command(self, base: str, name: str, cookie: str) -> str:
        """Return the command line that fetches a file of theirs by the session `cookie`."""
        cookie = f'-b "{cookie}=…"'
        if self.asked is None:
            return f"curl -fO {cookie} {base}{self.path(name)}"
        return f'curl -f -o {file_name(name, self.asked)} {cookie} "{base}{self.path(name)}"'


def draw_cards(session: UiSession, run: RunCard, version: RunVersion) -> None:
    """Draw a card for each standard file of a finished run at one of its versions."""
    lists = _Lists(run_id=run.run_id, review_no=run.review_no, version=version)
    with st.grid(2, min_column_width=360):
        for name in FILES:
            with st.container(border=True, height="stretch", key=f"card_{name}"):
                _draw_card(session, lists, name)


@st.fragment(parallel=True)
def _draw_card(session: UiSession, lists: _Lists, name: str) -> None:
    """Draw the card of a file; what is only known once the file was made comes when it is."""
    st.markdown(f"**{file_name(name, lists.asked)}**")
    st.caption(_(_CONTENTS[name]))
    facts = st.skeleton(height=LINE_PIXELS)
    with st.container(horizontal=True):
        label = _("Download JSON") if name == SUMMARY_NAME else _("Download CSV")
        st.link_button(label, lists.path(name), key=f"link_{name}")
        if name in CSV_NAMES:
            workbook = name.replace(".csv", ".xlsx")
            st.link_button(_("Download Excel"), lists.path(workbook), key=f"link_{workbook}")
    with st.expander(_("Its address")):
        base = session.store.store.settings.public_base_url.rstrip("/")
        st.code(f"{base}{lists.path(name)}", language=None, wrap_lines=True)
        st.caption(_("With the cookie of your session, from a command line:"))
        cookie = cookie_name(session.store.store.settings)
        st.code(lists.command(base, name, cookie), language=None, wrap_lines=True)
        st.caption(_("sha256 of the file: the same bytes give the same hash."))
        digest = st.skeleton(height=LINE_PIXELS)
    with error_boundary():
        card = _card(
            session.tenant.tenant_id,
            lists.run_id,
            lists.review_no,
            lists.version,
            name,
            _store=session.store,
        )
        facts.text(_facts(card))
        digest.code(card.sha256, language=None, wrap_lines=True)


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
    if size < _GIB:
        return _("%(size)s MB", size=format_number(size / _MIB, 1))
    return _("%(size)s GB", size=format_number(size / _GIB, 1))


@st.cache_data(max_entries=400, show_spinner=False)
def _card(
    tenant_id: str,  # noqa: ARG001
    run_id: str,
    review_no: int,  # noqa: ARG001
    version: RunVersion,
    name: str,
    _store: TenantStore,
) -> ExportCard:
    """Return the card of a file; the lists of a review never change, so it is made once."""
    return export_card(_store, run_id, name, version)
