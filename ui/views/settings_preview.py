"""Settings: what the values in the fields would have made of the last run."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.jobs import PREVIEW
from core.services.policy_fields import change_line, values_of
from core.services.policy_preview import Preview, preview_of
from ui.i18n import NO_VALUE, _, format_date, format_number, format_percent
from ui.layout import Figure, figures_row
from ui.session import UiSession
from ui.tables import number_column, show_rows
from ui.views.job_progress import follow_job
from ui.views.plain import bold, plain
from ui.views.settings_draft import Draft
from ui.views.words import reason_title, scenario_title


def draw_preview(session: UiSession, draft: Draft, preview_id: str) -> None:
    """Draw one preview: its progress, or its figures; raises `NotFound`."""
    preview = preview_of(session.store, preview_id)
    st.header(_("Effect on the run as of %(day)s", day=format_date(preview.as_of)), anchor=False)
    if values_of(preview.policy) != dict(draft.values):
        st.warning(_("The fields have changed since. Ask for the preview again."))
    job = follow_job(session, PREVIEW, preview_id)
    if job is not None and not job.is_over:
        return
    if preview.figures is not None:
        _draw_figures(session, preview, preview.figures)


def _draw_figures(session: UiSession, preview: Preview, figures: Mapping[str, Any]) -> None:
    changes = [plain(change_line(change, session.language)) for change in preview.changes]
    st.caption(_("Against the policy of that run: %(changes)s", changes=" · ".join(changes) or "–"))
    for sentence in _cautions(preview, figures):
        st.caption(sentence)
    gained = figures["eligible_after"] - figures["eligible_before"]
    figures_row(
        [
            Figure(
                label=_("Lists that change"),
                value=_with_share(figures["lists_changed"], figures["sampled"]),
                explanation=_("Other products, another order or other scenarios."),
            ),
            Figure(
                label=_("Eligible"),
                value=format_number(figures["eligible_after"]),
                change=f"{gained:+d}" if gained else None,
            ),
            Figure(label=_("Newly eligible"), value=format_number(figures["newly_eligible"])),
            Figure(
                label=_("No longer eligible"), value=format_number(figures["no_longer_eligible"])
            ),
        ]
    )
    left, right = st.columns(2)
    with left:
        st.markdown(bold(_("What is proposed?")))
        _draw_counts(figures["scenarios"], "scenario", _("Scenario"), scenario_title)
    with right:
        st.markdown(bold(_("What does the audit say?")))
        _draw_counts(figures["reasons"], "reason", _("Verdict"), reason_title)
    _draw_examples(preview, figures["examples"])


def _with_share(count: int, total: int) -> str:
    share = format_percent(count / total, 0) if total else NO_VALUE
    return f"{format_number(count)} ({share})"


def _cautions(preview: Preview, figures: Mapping[str, Any]) -> list[str]:
    cautions = []
    if preview.is_sample:
        cautions.append(
            _(
                "Figures of a sample: %(sampled)s of %(customers)s customers, the same each time.",
                sampled=format_number(figures["sampled"]),
                customers=format_number(figures["customers"]),
            )
        )
    if not figures["is_same_data"]:
        cautions.append(
            _("Both sides are computed on data that are not quite those of the run any more.")
        )
    if not figures["is_same_code"]:
        cautions.append(_("Both sides are computed by the present version of the program."))
    return cautions


def _draw_counts(rows: list[dict[str, Any]], name: str, title: str, title_of: Any) -> None:
    titles = {
        "title": title,
        "before": number_column(_("Before")),
        "after": number_column(_("After")),
        "difference": number_column(_("Difference")),
    }
    shown = [
        {
            "title": title_of(row[name]),
            "before": row["before"],
            "after": row["after"],
            "difference": row["after"] - row["before"],
        }
        for row in rows
    ]
    show_rows(shown, titles, key=f"preview_{name}", alt=title)


def _draw_examples(preview: Preview, examples: list[dict[str, Any]]) -> None:
    if not examples:
        return
    st.markdown(bold(_("Some customers whose list changes")))
    for example in examples:
        reasons = [reason_title(example[f"reason_{side}"]) for side in ("before", "after")]
        title = _(
            "%(customer)s: %(verdicts)s",
            customer=plain(example["customer"]),
            verdicts=" → ".join(dict.fromkeys(reasons)),
        )
        with st.expander(title):
            ranks = max(len(example["before"]), len(example["after"]))
            rows = [
                {
                    "rank": place + 1,
                    "before": _item(preview, example["before"], place),
                    "after": _item(preview, example["after"], place),
                }
                for place in range(ranks)
            ]
            titles = {"rank": _("Rank"), "before": _("Before"), "after": _("After")}
            show_rows(rows, titles, alt=_("Lists before and after"))


def _item(preview: Preview, items: list[dict[str, Any]], place: int) -> str | None:
    if place >= len(items):
        return None
    item = items[place]
    name = preview.product_names.get(item["product_key"], item["product_key"])
    return f"{name} ({scenario_title(item['scenario'])})"
