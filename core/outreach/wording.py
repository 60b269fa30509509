"""The built-in messages: what each is for and what it says, in English source strings."""

from collections.abc import Mapping
from dataclasses import dataclass

from core.contracts import Scenario, fold
from core.errors import NotFound
from core.i18n import LANGUAGES, N_


@dataclass(frozen=True, kw_only=True)
class MessageTemplate:
    """One message an analyst can choose; every text is a gettext source string."""

    name: str
    title: str
    description: str
    subject: str
    opening: str
    closing: str


TEMPLATES: tuple[MessageTemplate, ...] = (
    MessageTemplate(
        name="discovery",
        title=N_("Discovery"),
        description=N_("For everybody: a selection made for each customer."),
        subject=N_("A selection made for you by %(tenant)s"),
        opening=N_("We have chosen a few products that should please you."),
        closing=N_("Reply to this message if you have a question: we will be glad to help."),
    ),
    MessageTemplate(
        name="rebuy",
        title=N_("Time to restock"),
        description=N_("For regular customers: what they like and may be running out of."),
        subject=N_("Is it time to restock? %(tenant)s has thought of you"),
        opening=N_("Your favourites may be running out. Here is what we suggest."),
        closing=N_("Reply to this message to order or to ask us a question."),
    ),
    MessageTemplate(
        name="winback",
        title=N_("Come back"),
        description=N_("For customers who have not ordered for a long time."),
        subject=N_("It has been a while: news from %(tenant)s"),
        opening=N_(
            "We have not seen you for some time. Here is what might make you want to come back."
        ),
        closing=N_("We would be delighted to see you again."),
    ),
)

# Said when the recommender's own sentence is in another language than the message.
SCENARIO_SENTENCES: Mapping[str, str] = {
    Scenario.REBUY: N_("You have bought it before: perhaps it is time again."),
    Scenario.CROSS_SELL: N_("New for you, and close to what you usually choose."),
    Scenario.UPSELL: N_("A step up from what you usually choose."),
    Scenario.WINBACK: N_("Chosen from your past orders, to find the way back to us."),
    Scenario.NURTURE: N_("Often chosen by customers who start like you."),
}

# What the run says of these is for the analyst: nobody is told how much dearer a product is.
UNTOLD = frozenset({Scenario.UPSELL})

GREETING = N_("Hello %(first_name)s,")
GREETING_UNKNOWN = N_("Hello,")
UNSUBSCRIBE = N_("Unsubscribe")
WHY_WRITTEN = N_("You receive this message because you are a customer of %(tenant)s.")

EVIN_NOTICE = "L’abus d’alcool est dangereux pour la santé, à consommer avec modération."
"""Notice that French law (code de la santé publique, L. 3323-4) wants, in French, in any message
that advertises alcohol; it is therefore not a string to translate."""

_LANGUAGE_NAMES: Mapping[str, str] = {
    "francais": "fr",
    "french": "fr",
    "anglais": "en",
    "english": "en",
}
_FRENCH_TIME_ZONES = frozenset(
    {
        "Europe/Paris",
        "America/Cayenne",
        "America/Guadeloupe",
        "America/Martinique",
        "America/Miquelon",
        "Indian/Mayotte",
        "Indian/Reunion",
        "Pacific/Noumea",
        "Pacific/Tahiti",
    }
)
_ALCOHOL_FAMILIES = frozenset(
    fold(family)
    for family in (
        *("rouge", "blanc", "rosé", "bulles", "effervescent", "crémant", "champagne", "vin"),
        *("vins", "red", "white", "rose", "sparkling", "wine", "wines", "bière", "beer"),
        *("spiritueux", "spirits", "liqueur", "whisky", "rhum", "cidre", "cider", "alcool"),
    )
)


def template_of(name: str) -> MessageTemplate:
    """Return the template `name`; raise `NotFound`."""
    found = next((template for template in TEMPLATES if template.name == name), None)
    if found is None:
        known = ", ".join([*(template.name for template in TEMPLATES), "brevo:ID"])
        raise NotFound(
            N_("There is no message template %(name)s. Choose one of: %(known)s."),
            name=name,
            known=known,
        )
    return found


def language_of(stated: str | None, tenant_language: str) -> str:
    """Return the language to write in: the customer's when we have it, else the tenant's.

    >>> language_of("EN-gb", "fr"), language_of("Anglais", "fr"), language_of("de", "fr")
    ('en', 'en', 'fr')
    """
    folded = fold(stated or "")
    code = _LANGUAGE_NAMES.get(folded, folded[:2] if len(folded) in (2, 4) else "")
    return code if code in LANGUAGES else tenant_language


def is_in_france(time_zone: str) -> bool:
    """Tell whether a tenant of this time zone is under French law."""
    return time_zone in _FRENCH_TIME_ZONES


def is_alcohol(*, family: str | None, grape: str | None, sweetness: str | None) -> bool:
    """Tell whether what the catalogue says of a product makes it an alcoholic drink."""
    return bool(grape or sweetness) or fold(family or "") in _ALCOHOL_FAMILIES
