"""Campaigns, the message: one of the built-in ones, or a template kept at Brevo."""

import streamlit as st

from core.errors import CrmError
from core.outreach.brevo_template import template_name
from core.services.live_switch import may_ask_brevo
from core.services.message_templates import TemplateCard, brevo_templates, templates
from core.store.tenant import TenantStore
from ui.i18n import _, current_language
from ui.session import UiSession

_AT_BREVO = "brevo"
_KEPT_SECONDS = 60


def choose_template(session: UiSession) -> str | None:
    """Draw the choice; return the name of the template, None while none is chosen."""
    cards = {card.name: card for card in templates(session.language)}
    titles = {name: card.title for name, card in cards.items()}
    chosen = st.radio(
        _("Message"),
        [*cards, _AT_BREVO],
        format_func=lambda name: titles.get(name) or _("A template kept at Brevo"),
        captions=[
            *(card.description for card in cards.values()),
            _(
                "Written and laid out there; it is given name, products, reasons and the"
                " unsubscribe link."
            ),
        ],
        key="campaign_template",
    )
    if chosen != _AT_BREVO:
        return chosen
    return _choose_active(session) if may_ask_brevo(session.store) else _type_number()


def _type_number() -> str | None:
    number = st.number_input(
        _("Number of the template at Brevo"),
        min_value=1,
        max_value=9_999_999_999,
        value=None,
        step=1,
        key="campaign_brevo_number",
    )
    st.caption(
        _(
            "Brevo is not asked while BREVO_DRY_RUN is not 0: whether there is such a template, and"
            " whether it is active, is not checked. Preparing it live does."
        )
    )
    return None if number is None else template_name(int(number))


def _choose_active(session: UiSession) -> str | None:
    found, trouble = _active_templates(session.tenant.tenant_id, current_language(), session.store)
    if trouble:
        st.warning(trouble)
        return None
    if not found:
        st.caption(_("There is no active template at Brevo. Make or activate one there."))
        return None
    cards = {card.name: card for card in found}
    return st.selectbox(
        _("Active template at Brevo"),
        list(cards),
        index=None,
        format_func=lambda name: _card_title(cards[name]),
        key="campaign_brevo_template",
    )


def _card_title(card: TemplateCard) -> str:
    return _("%(name)s: %(subject)s", name=card.title, subject=card.description)


@st.cache_data(max_entries=100, ttl=_KEPT_SECONDS, show_spinner=False)
def _active_templates(
    tenant_id: str,  # noqa: ARG001
    language: str,
    _store: TenantStore,
) -> tuple[list[TemplateCard], str]:
    """Return the templates, or why there are none: no click waits for a silent Brevo again."""
    try:
        return brevo_templates(_store), ""
    except CrmError as error:
        return [], error.sentence(language)
