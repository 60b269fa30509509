"""Upload, third step: what loading would do, or did, row by row and reason by reason."""

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from core.ingest.report import Bucket
from core.services.import_report import BUCKETS
from core.store.import_states import LOADED
from ui.charts import chart_text, percent_axis, show_chart
from ui.i18n import _, format_number, format_percent, ngettext_, titled
from ui.layout import Figure, figures_row
from ui.tables import number_column, show_rows
from ui.theme import tokens
from ui.views.plain import plain
from ui.views.upload_changes import draw_changes
from ui.views.upload_issues import draw_issues
from ui.views.upload_months import draw_months
from ui.views.upload_people import draw_opt_outs
from ui.views.upload_unknown import draw_unknown
from ui.views.words import bucket_title

_ROW, _BAR = 58, 22  # pixels for a file, and of its bar
_LEGEND = 76  # pixels above the bars: two lines on a narrow screen

Files = Sequence[Mapping[str, Any]]


def draw_review(report: Mapping[str, Any]) -> None:
    """Draw the counts, their sum, the months, what changes, and the rows with a remark."""
    totals, files = report["totals"], [f for f in report["files"] if "rows_in" in f]
    if report.get("same_as"):
        st.info(
            _(
                "These files are loaded already, read the same way: loading them again changes"
                " nothing. The figures are those of the first time."
            )
        )
    _draw_figures(totals)
    _draw_buckets(files)
    _draw_counts(files, totals)
    if "months" in report:  # the reports of earlier versions have none
        draw_months(report)
        draw_changes(files, report["currency"])
    draw_opt_outs(files)
    draw_unknown(report)
    draw_issues(report["import_id"], files, is_loaded=report["status"] == LOADED)


def _draw_figures(totals: Mapping[str, int]) -> None:
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


def _draw_buckets(files: Files) -> None:
    figure = go.Figure()
    names = [chart_text(f["name"]) for f in files]
    for bucket in BUCKETS:
        _add_bars(figure, bucket, files, names)
    for name in names:  # above its bar: beside it there is no room on a narrow screen
        figure.add_annotation(
            x=0, y=name, xanchor="left", yanchor="bottom", yshift=_BAR // 2, text=name,
            showarrow=False,
        )  # fmt: skip
    figure.update_layout(
        barmode="stack",
        margin={"l": 12, "r": 28, "t": _LEGEND},
        bargap=0.6,
        xaxis={**percent_axis(_("share of the rows")), "range": [0, 100]},
        yaxis={"autorange": "reversed", "showgrid": False, "showticklabels": False},
        legend={"traceorder": "normal", "xref": "container", "yref": "container", "y": 0.98,
                "yanchor": "top", "x": 0.02},
    )  # fmt: skip
    show_chart(
        figure,
        _("What becomes of the rows of each file?"),
        key="review_buckets",
        height=_LEGEND + _ROW * len(files) + 60,
    )


def _add_bars(figure: go.Figure, bucket: str, files: Files, names: Sequence[str]) -> None:
    """Add the part of each file's bar that a bucket takes."""
    colour, shape = _bucket_looks()[bucket]
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
        hovertemplate=titled("%{y}", "%{customdata}"),
        marker={"color": colour, "pattern": {"shape": shape}},
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
