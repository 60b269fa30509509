"""Upload, third step: what loading does, in a few words beside the button."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import streamlit as st

from ui.i18n import _, format_number
from ui.views.words import kind_title


def draw_effect(report: Mapping[str, Any]) -> None:
    """Say what is new, what changes, what waits and what stays out."""
    st.caption(" · ".join(_parts(report)))


def _count_retold(file: Mapping[str, Any]) -> int:
    return sum(change["rows"] for change in file.get("retold", ()))


def _parts(report: Mapping[str, Any]) -> Iterator[str]:
    files = [f for f in report["files"] if "rows_in" in f]
    new, changed = Counter[str](), Counter[str]()
    for f in files:
        new[f["kind"]] += f["new"]
        changed[f["kind"]] += f["changed"]
    for kind in sorted(new):
        if new[kind] or changed[kind]:
            yield _(
                "%(kind)s: %(new)s new, %(changed)s changed",
                kind=kind_title(kind),
                new=format_number(new[kind]),
                changed=format_number(changed[kind]),
            )
    counts = (
        (_("Products created from sales"), sum(f["new_products"] for f in files)),
        (_("Customers created from sales"), sum(f["new_customers"] for f in files)),
        (_("Cells changed by sales"), sum(_count_retold(f) for f in files)),
        (_("Opt-outs added"), sum(f["opt_outs_added"] for f in files)),
        (_("Opt-outs kept"), sum(f["opt_outs_kept"] for f in files)),
        (_("Waiting rows released"), report["released"]),
        (_("Rows that would wait"), report["totals"]["held"]),
        (_("Rejected rows left out"), report["totals"]["rejected"]),
    )
    for title, count in counts:
        if count:
            yield _("%(title)s: %(count)s", title=title, count=format_number(count))
