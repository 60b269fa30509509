"""Quality control: which customers are shown, kept in the address."""

from dataclasses import dataclass

import streamlit as st

from core.contracts import RuleCode
from core.services.run_summary import REASONS
from ui.i18n import _
from ui.views.customer_table import CUSTOMER_PARAM
from ui.views.words import reason_title

RULE, REASON, SCORE = "rule", "reason", "score"
_FILTERS = (RULE, REASON, SCORE)
_BIN = 10
_BEST = 100


@dataclass(frozen=True, kw_only=True)
class Filters:
    """The filters in the address; `score` is where a bin of ten begins."""

    rule: str | None = None
    reason: str | None = None
    score: int | None = None

    @property
    def score_to(self) -> int | None:
        """The last score of the bin."""
        return None if self.score is None else min(self.score + _BIN - 1, _BEST)

    @property
    def key(self) -> str:
        """What tells widgets of one filter from those of another."""
        return f"{self.rule}_{self.reason}_{self.score}"


def read_filters() -> Filters:
    """Return the filters of the address; what is no rule, reason or number is left out."""
    rule, reason, score = (st.query_params.get(name, "") for name in _FILTERS)
    return Filters(
        rule=rule if rule in tuple(RuleCode) else None,
        reason=reason if reason in REASONS else None,
        score=min(int(score), _BEST) if score.isdecimal() else None,
    )


def _score_title(filters: Filters) -> str:
    if filters.score == filters.score_to:
        return _("Score: %(score)s", score=filters.score)
    return _("Score: %(low)s to %(high)s", low=filters.score, high=filters.score_to)


def set_filter(name: str, value: str) -> None:
    """Put a filter into the address, close the customer, and draw the page again."""
    st.query_params[name] = value
    st.query_params.pop(CUSTOMER_PARAM, None)
    st.rerun()


def draw_filters(filters: Filters) -> None:
    """Draw each active filter with the way to take it away."""
    active = {
        RULE: filters.rule and _("Rule: %(rule)s", rule=reason_title(filters.rule)),
        REASON: filters.reason and _("Blocked by: %(reason)s", reason=reason_title(filters.reason)),
        SCORE: filters.score is not None and _score_title(filters),
    }
    shown = {name: title for name, title in active.items() if title}
    if not shown:
        st.caption(_("Click a bar above to see only its customers."))
        return
    with st.container(horizontal=True):
        for name, title in shown.items():
            if st.button(title, icon=":material/close:", key=f"filter_{name}"):
                del st.query_params[name]
                st.rerun()
