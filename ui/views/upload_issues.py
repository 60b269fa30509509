"""Upload, third step: the rows with a remark, by reason, with what to do and examples."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.ingest.issues import ISSUES, Effect, RowIssue
from core.ingest.report import Bucket
from ui.i18n import _
from ui.tables import choose_row, number_column, show_rows
from ui.views.column_titles import column_title
from ui.views.upload_corrections import draw_rejects
from ui.views.words import bucket_title

_BUCKET_OF = {
    Effect.REJECT: Bucket.REJECTED,
    Effect.HOLD: Bucket.HELD,
    Effect.WARN: Bucket.LOADED,
}


@dataclass(frozen=True, kw_only=True)
class Remark:
    """A reason over all files; an example has `file`, `line`, `column` and `value`."""

    known: RowIssue
    rows: int
    examples: tuple[Mapping[str, Any], ...]


def draw_issues(
    import_id: str, files: Sequence[Mapping[str, Any]], *, is_loaded: bool = False
) -> None:
    """Draw the reasons, those that reject first; a click shows examples, links give them all."""
    remarks = remarks_of(files)
    if not remarks:
        return
    st.header(_("Rows with a remark, by reason"), anchor=False)
    st.caption(_("Click a row to see examples."))
    rows = [
        {
            "reason": _(remark.known.sentence),
            "rows": remark.rows,
            "bucket": bucket_title(_BUCKET_OF[remark.known.effect]),
            "remedy": _(remark.known.remedy),
        }
        for remark in remarks
    ]
    titles = {
        "reason": st.column_config.TextColumn(_("Reason"), width=300),
        "rows": number_column(_("Rows")),
        "bucket": _("Then"),
        "remedy": st.column_config.TextColumn(_("What to do"), width="large"),
    }
    chosen = choose_row(
        rows,
        titles,
        key="review_issues",
        alt=_("Reasons with what to do"),
        has_long_texts=True,
    )
    if chosen is not None:
        _draw_examples(remarks[chosen])
    st.link_button(_("Download every remark"), f"/export/imports/{import_id}/issues.csv")
    draw_rejects(import_id, files, is_loaded=is_loaded)


def remarks_of(files: Sequence[Mapping[str, Any]]) -> list[Remark]:
    """Return one remark per code over all files: those that reject first, then by rows."""
    rows: dict[str, int] = {}
    examples: dict[str, list[Mapping[str, Any]]] = {}
    for file in files:
        for issue in file["issues"]:
            code = issue["code"]
            rows[code] = rows.get(code, 0) + issue["rows"]
            found = [{**example, "file": file["name"]} for example in issue["examples"]]
            examples.setdefault(code, []).extend(found)
    remarks = [
        Remark(known=ISSUES[code], rows=count, examples=tuple(examples[code]))
        for code, count in rows.items()
    ]
    effects = list(_BUCKET_OF)
    return sorted(remarks, key=lambda r: (effects.index(r.known.effect), -r.rows, r.known.code))


def _draw_examples(remark: Remark) -> None:
    st.text(f"{_(remark.known.sentence)} {_(remark.known.remedy)}")
    rows = [{**example, "column": column_title(example["column"])} for example in remark.examples]
    titles = {
        "file": _("File"),
        "line": number_column(_("Line of the file")),
        "column": _("Column"),
        "value": st.column_config.TextColumn(_("Value"), width="large"),
    }
    show_rows(rows, titles, key="review_examples", alt=_("Examples of rows with this remark"))
