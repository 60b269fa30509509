"""Upload, third step: what loading would do, or did, row by row and reason by reason."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from core.ingest.report import Bucket
from core.services.import_report import BUCKETS
from ui.charts import percent_axis, show_chart
from ui.i18n import _, format_number, format_percent, ngettext_
from ui.layout import Figure, figures_row
from ui.tables import number_column, show_rows
from ui.theme import tokens
from ui.views.plain import plain
from ui.views.upload_issues import draw_issues
from ui.views.words import bucket_title

Files = Sequence[Mapping[str, Any]]


def draw_review(report: Mapping[str, Any]) -> None:
    """Draw the counts, their sum, the rows with a remark, and the months."""
    totals, files = report["totals"], [f for f in report["files"] if "rows_in" in f]
    figures_row(
        [
            Figure(label=_("Rows read"), value=format_number(totals["rows_in"])),
            Figure(
                label=bucket_title(Bucket.LOADED),
                value=format_number(totals[Bucket.LOADED]),
                explanation=_("New rows, and rows whose content changed."),
            ),
            Figure(
                label=bucket_title(Bucket.HELD),
                value=format_number(totals[Bucket.HELD]),
                explanation=_("They wait for a decision, or for the sale they return."),
            ),
            Figure(
                label=bucket_title(Bucket.REJECTED),
                value=format_number(totals[Bucket.REJECTED]),
                explanation=_("They cannot be used as they are; the reasons are below."),
            ),
        ]
    )
    _draw_warnings(files)
    _draw_buckets(files)
    _draw_counts(files, totals)
    draw_issues(report["import_id"], files)
    _draw_months(files)


def _draw_warnings(files: Files) -> None:
    leaving = sum(f["opt_outs_added"] for f in files)
    if leaving:
        st.warning(
            ngettext_(
                "%(count)s customer is opted out of e-mail by these files.",
                "%(count)s customers are opted out of e-mail by these files.",
                leaving,
            )
        )


def _draw_buckets(files: Files) -> None:
    figure, looks = go.Figure(), _bucket_looks()
    names = [str(f["name"]).replace("<", "&lt;") for f in files]
    for bucket in BUCKETS:
        colour, shape = looks[bucket]
        shares = [f[bucket] / f["rows_in"] if f["rows_in"] else 0.0 for f in files]
        figure.add_bar(
            orientation="h",
            name=bucket_title(bucket),
            y=names,
            x=[100 * share for share in shares],
            customdata=[
                f"{format_number(f[bucket])} ({format_percent(share)})"
                for f, share in zip(files, shares, strict=True)
            ],
            hovertemplate="%{y}: %{customdata}",
            marker={"color": colour, "pattern": {"shape": shape}},
        )
    figure.update_layout(
        barmode="stack",
        margin={"r": 40},
        xaxis={**percent_axis(_("share of the rows")), "range": [0, 100]},
        yaxis={"autorange": "reversed", "showgrid": False},
        legend={"traceorder": "normal"},
    )
    show_chart(
        figure,
        _("What becomes of the rows of each file?"),
        key="review_buckets",
        height=140 + 34 * len(files),
    )


def _bucket_looks() -> dict[str, tuple[str, str]]:
    """Return colour and pattern of each bucket, told apart without colour too."""
    colours = tokens()
    return {
        Bucket.LOADED: (colours.good, ""),
        Bucket.UNCHANGED: (colours.line, ""),
        Bucket.MERGED: (colours.muted, "/"),
        Bucket.DUPLICATE: (colours.muted, "x"),
        Bucket.HELD: (colours.warn, "."),
        Bucket.REJECTED: (colours.bad, ""),
    }


def _draw_counts(files: Files, totals: Mapping[str, int]) -> None:
    rows = [*files, {**totals, "name": _("Together")}]
    titles = {"name": _("File"), "rows_in": number_column(_("Rows"))}
    titles |= {bucket: number_column(bucket_title(bucket)) for bucket in BUCKETS}
    show_rows(rows, titles, key="review_counts", alt=_("Rows of each file by what becomes of them"))
    parts = " + ".join(format_number(totals[bucket]) for bucket in BUCKETS)
    st.caption(
        plain(
            _(
                "%(rows)s = %(parts)s: every row is accounted for.",
                rows=format_number(totals["rows_in"]),
                parts=parts,
            )
        )
    )
    if totals["anonymous"]:
        st.caption(
            ngettext_(
                "%(count)s sale line has no customer: it counts for popularity and baskets.",
                "%(count)s sale lines have no customer: they count for popularity and baskets.",
                totals["anonymous"],
            )
        )


def _draw_months(files: Files) -> None:
    lines: Counter[str] = Counter()
    for file in files:
        if file["kind"] == "sales":
            lines.update({month["month"]: month["rows"] for month in file["months"]})
    if not lines:
        return
    months = sorted(lines)
    figure = go.Figure(
        go.Bar(
            x=months,
            y=[lines[month] for month in months],
            marker={"color": tokens().primary},
            hovertemplate="%{x|%m/%Y}: %{y:,}<extra></extra>",
        )
    )
    figure.update_layout(xaxis={"tickformat": "%m/%Y"}, yaxis={"title": {"text": _("sale lines")}})
    show_chart(
        figure,
        _("How many sale lines does each month have?"),
        key="review_months",
        height=280,
    )
