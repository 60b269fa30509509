"""Waiting rows: unknown labels, what each may mean, and the decision about one."""

from typing import Any

import streamlit as st

from core.ingest.alias_suggest import SURE, Suggestion
from core.services.alias_desk import create_for_label, decide, ignore
from core.services.import_decisions import NewProduct
from core.services.waiting_rows import LABELS, WaitingLabel, propose_product
from ui.i18n import _, format_money, ngettext_
from ui.layout import error_boundary
from ui.session import UiSession
from ui.tables import choose_page, choose_row, money_column, number_column
from ui.views.plain import plain
from ui.views.waiting_reads import key_under, labels_of, product_names_of, sums_of, sure_of
from ui.views.waiting_release import start_release

_PAGE = 20
_LIKELY = 80  # below it nothing is chosen beforehand
_ANOTHER = "another"


def draw_sure_button(session: UiSession) -> None:
    """Draw the button that accepts every suggestion nobody need look at, naming their number."""
    if not session.may_work:
        return
    sure = sure_of(session)
    if not sure:
        return
    label = ngettext_(
        "Accept %(count)s sure suggestion", "Accept %(count)s sure suggestions", len(sure)
    )
    explained = _("Those with a score of %(score)s or more, and no second one like it.", score=SURE)
    if st.button(label, type="primary", key="waiting_sure", help=explained):
        with error_boundary():
            products = {name: suggestion.product_key for name, suggestion in sure.items()}
            start_release(session, decide(session.store, session.actor, products))


def draw_labels(session: UiSession) -> None:
    """Draw the unknown labels, the largest amount first; a click opens the decision about one."""
    total = sums_of(session)[LABELS].subjects
    place = st.container()
    offset = choose_page(total, _PAGE, key="labels_page", is_counted=False)
    labels = labels_of(session, limit=_PAGE, offset=offset)
    titles = {
        "label": _("Label"),
        "rows": number_column(_("Rows")),
        "amount": money_column(_("Revenue"), session.tenant.currency),
        "product": _("Suggested product"),
        "score": number_column(
            _("Likeness"),
            explanation=_("How alike the texts are, out of 100. Numbers count apart."),
        ),
    }
    with place:
        chosen = choose_row(
            [_row(label) for label in labels],
            titles,
            key=key_under(session, f"labels_{offset}"),
            alt=_("Unknown labels, the largest revenue first"),
        )
    if not session.may_work:
        return
    if chosen is None:
        st.caption(_("Click a label to decide what it means."))
    else:
        _draw_decision(session, labels[chosen])


def _row(label: WaitingLabel) -> dict[str, Any]:
    best = label.suggestions[0] if label.suggestions else None
    return {
        "label": label.name,
        "rows": label.rows,
        "amount": label.amount_cents or 0,
        "product": best.name if best else None,
        "score": best.score if best else None,
    }


def _draw_decision(session: UiSession, label: WaitingLabel) -> None:
    name = label.name or label.subject
    with st.container(border=True):
        st.header(plain(name), anchor=False)
        st.caption(
            ngettext_(
                "%(count)s row waits, revenue %(amount)s.",
                "%(count)s rows wait, revenue %(amount)s.",
                label.rows,
                amount=format_money(label.amount_cents or 0, session.tenant.currency),
            )
        )
        key = _choose_product(session, label)
        with st.container(horizontal=True):
            accept = ngettext_("Accept for %(count)s row", "Accept for %(count)s rows", label.rows)
            if st.button(accept, type="primary", disabled=key is None, key="label_accept"):
                with error_boundary():
                    start_release(session, decide(session.store, session.actor, {name: str(key)}))
            if st.button(_("Ignore this label"), key="label_ignore"):
                with error_boundary():
                    ignore(session.store, session.actor, [name])
                    st.rerun()
        with st.expander(_("None of these: create the product")):
            _draw_creation(session, name)


def _choose_product(session: UiSession, label: WaitingLabel) -> str | None:
    """Draw the suggestions and the search; return the chosen product's key, None for none."""
    suggested = {s.product_key: s for s in label.suggestions}
    is_likely = bool(label.suggestions) and label.suggestions[0].score >= _LIKELY
    choice = st.radio(
        _("Which product is it?"),
        [*suggested, _ANOTHER],
        index=0 if is_likely or not suggested else None,
        format_func=lambda key: _suggestion_text(suggested.get(key)),
        key=f"label_choice_{label.subject}",
    )
    if choice != _ANOTHER:
        return choice
    products = product_names_of(session)
    return st.selectbox(
        _("Product"),
        list(products),
        index=None,
        format_func=lambda key: f"{products[key]} ({key})",
        placeholder=_("Type a part of the name or the key"),
        key=f"label_product_{label.subject}",
    )


def _suggestion_text(suggestion: Suggestion | None) -> str:
    if suggestion is None:
        return _("Another product")
    return _(
        "%(name)s (%(key)s), likeness %(score)s",
        name=plain(suggestion.name),
        key=plain(suggestion.product_key),
        score=suggestion.score,
    )


def _draw_creation(session: UiSession, name: str) -> None:
    proposed = propose_product(session.store, name)
    with st.form(f"label_create_{name}", border=False):
        left, right = st.columns(2)
        key = left.text_input(_("Key"), proposed.product_key)
        title = right.text_input(_("Name"), proposed.name)
        family = left.text_input(_("Family"))
        price = right.number_input(_("Price"), min_value=0.0, value=None, step=0.5, format="%.2f")
        recommendable = st.checkbox(
            _("It may be recommended"),
            proposed.is_recommendable,
            help=_("Not for carriage, deposits, discounts and vouchers."),
        )
        if st.form_submit_button(_("Create this product")):
            product = NewProduct(
                product_key=key,
                name=title,
                family=family.strip() or None,
                price_cents=None if price is None else round(price * 100),
                is_recommendable=recommendable,
            )
            with error_boundary():
                start_release(
                    session, create_for_label(session.store, session.actor, name, product)
                )
