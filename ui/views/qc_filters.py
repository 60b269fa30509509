"""Quality control: which customers are shown, kept in the address."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from core.contracts import RuleCode
from core.services.review_desk import ListedProduct
from core.services.run_summary import REASONS
from core.store.run_reads import VerdictFilter
from ui.i18n import _, ngettext_
from ui.views.customer_table import CUSTOMER_PARAM
from ui.views.review_words import reason_filter_title, score_title
from ui.views.words import reason_title

RULE, REASON, SCORE, PRODUCT = "rule", "reason", "score", "product"
PAGE_PARAM = "qc_page"
_BARS = (RULE, REASON, SCORE)
_BIN = 10
_BEST = 100
_CHOICE_WIDTH = 340


@dataclass(frozen=True, kw_only=True)
class Filters:
    """The filters in the address; `score` is where a bin of ten begins, `product` a key."""

    rule: str | None = None
    reason: str | None = None
    score: int | None = None
    product: str | None = None

    @property
    def score_to(self) -> int | None:
        """The last score of the bin."""
        return None if self.score is None else min(self.score + _BIN - 1, _BEST)

    @property
    def key(self) -> str:
        """What tells widgets of one filter from those of another."""
        return f"{self.rule}_{self.reason}_{self.score}_{self.product}"

    @property
    def wanted(self) -> VerdictFilter:
        """The customers whom the filters leave."""
        return VerdictFilter(
            rule=self.rule,
            reason=self.reason,
            score_from=self.score,
            score_to=self.score_to,
            product=self.product,
        )


def read_filters() -> Filters:
    """Return the filters of the address; what is no rule, reason or number is left out."""
    rule, reason, score = (st.query_params.get(name, "") for name in _BARS)
    return Filters(
        rule=rule if rule in tuple(RuleCode) else None,
        reason=reason if reason in REASONS else None,
        score=min(int(score), _BEST) if score.isdecimal() else None,
        product=st.query_params.get(PRODUCT) or None,
    )


def set_filter(name: str, value: str | None) -> None:
    """Put a filter into the address or take it away, and draw the first page, nobody opened."""
    if value is None:
        st.query_params.pop(name, None)
    else:
        st.query_params[name] = value
    st.query_params.pop(CUSTOMER_PARAM, None)
    st.query_params.pop(PAGE_PARAM, None)
    st.session_state.pop(PAGE_PARAM, None)
    st.rerun()


def draw_filters(filters: Filters, products: Sequence[ListedProduct]) -> None:
    """Draw each active filter with the way to take it away, and the choice of a product."""
    active = {
        RULE: filters.rule and _("Rule: %(rule)s", rule=reason_title(filters.rule)),
        REASON: filters.reason and reason_filter_title(filters.reason),
        SCORE: filters.score is not None and score_title(filters.score, filters.score_to),
    }
    shown = {name: title for name, title in active.items() if title}
    if not shown:
        st.caption(_("Click a bar above to see only its customers."))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for name, title in shown.items():
            if st.button(title, icon=":material/close:", key=f"filter_{name}"):
                set_filter(name, None)
        _choose_product(filters, products)


def _choose_product(filters: Filters, products: Sequence[ListedProduct]) -> None:
    titles = {product.product_key: _product_title(product) for product in products}
    keys = list(titles)
    chosen = st.selectbox(
        _("Product"),
        keys,
        index=keys.index(filters.product) if filters.product in titles else None,
        format_func=lambda key: titles[key],
        placeholder=_("Lists with any product"),
        label_visibility="collapsed",
        width=_CHOICE_WIDTH,
        key=f"qc_choice_{filters.product}",
    )
    if chosen != filters.product:
        set_filter(PRODUCT, chosen)


def _product_title(product: ListedProduct) -> str:
    if product.customers is None:
        return product.name
    lists = ngettext_("%(count)s list", "%(count)s lists", product.customers)
    return f"{product.name} · {lists}"
