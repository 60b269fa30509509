"""Upload, third step: opt-outs that the files add, and those they would have removed."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from ui.i18n import _, ngettext_
from ui.tables import choose_page, number_column, show_rows
from ui.views.plain import plain

_NAMED = 5
_PAGE = 20

Files = Sequence[Mapping[str, Any]]


def draw_opt_outs(files: Files) -> None:
    """Say how many are opted out, and name those who stay so although a file says otherwise."""
    added = sum(f["opt_outs_added"] for f in files)
    kept = sum(f["opt_outs_kept"] for f in files)
    if not added and not kept:
        return
    st.header(_("Opt-outs"), anchor=False)
    if added:
        st.text(
            ngettext_(
                "%(count)s customer is opted out of e-mail by these files.",
                "%(count)s customers are opted out of e-mail by these files.",
                added,
            )
        )
    if kept:
        _draw_kept(files, kept)


def _draw_kept(files: Files, kept: int) -> None:
    rows = [{**row, "file": f["name"]} for f in files for row in f.get("kept_opt_outs", ())]
    named = ", ".join(str(row["customer"]) for row in rows[:_NAMED])
    listed = named if kept <= _NAMED else _("%(names)s and others", names=named)
    st.markdown(
        plain(
            ngettext_(
                "%(count)s opt-out kept: %(names)s. The files say that this customer may be"
                " written to; an import never takes an opt-out back.",
                "%(count)s opt-outs kept: %(names)s. The files say that these customers may be"
                " written to; an import never takes an opt-out back.",
                kept,
                names=listed,
            )
        )
    )
    with st.expander(_("Who they are")):
        start = choose_page(len(rows), _PAGE, key="review_kept_page")
        titles = {
            "customer": _("Customer code"),
            "file": _("File"),
            "line": number_column(_("Line of the file")),
        }
        show_rows(
            rows[start : start + _PAGE],
            titles,
            key="review_kept",
            alt=_("Customers whose opt-out is kept"),
        )
        if kept > len(rows):
            st.caption(_("These are the first; the file with every remark names them all."))
