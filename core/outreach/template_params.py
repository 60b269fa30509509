"""What a template kept at Brevo is given for one recipient: `{{ params.NAME }}` in its text.

Brevo escapes values in HTML unless the template switches that off, and says nothing of subjects.
So a value holds nothing that would need it: what could open a tag, end an attribute or begin a
placeholder is replaced by a character that looks like it, which reads the same in each place.
"""

from collections.abc import Mapping
from html import unescape
from typing import Any
from urllib.parse import quote

from core.i18n import translate
from core.outreach.rendering import (
    Letterhead,
    ListedItem,
    Recipient,
    card_of,
    greeting_of,
    one_line,
)
from core.outreach.wording import EVIN_NOTICE, UNSUBSCRIBE, WHY_WRITTEN

UNSUBSCRIBE_URL, PRODUCTS, NOTICE = "unsubscribe_url", "products", "notice"

_LOOKALIKES = str.maketrans(
    {
        "<": "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}",
        ">": "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}",
        '"': "\N{RIGHT DOUBLE QUOTATION MARK}",
        "'": "\N{RIGHT SINGLE QUOTATION MARK}",
        "`": "\N{RIGHT SINGLE QUOTATION MARK}",
        "{": "(",
        "}": ")",
    }
)


def plain_value(text: str) -> str:
    """Return `text` on one line, the same to read, and harmless in HTML, subject and template.

    An ampersand is left alone unless it would begin a character reference.

    >>> plain_value("Clos <b>{{ x }}</b> & Cie")
    'Clos ‹b›(( x ))‹/b› & Cie'
    """
    line = one_line(text).translate(_LOOKALIKES)
    return line if unescape(line) == line else line.replace("&", "\N{FULLWIDTH AMPERSAND}")


def build_params(
    letterhead: Letterhead, recipient: Recipient, unsubscribe_url: str
) -> dict[str, Any]:
    """Return the params of one message, in the recipient's language.

    `key` of a product is percent-encoded: a template may put it into an address of the shop.
    """
    language, tenant = recipient.language, letterhead.tenant_name
    words = {
        "language": language,
        "company": tenant,
        "first_name": recipient.first_name or "",
        "greeting": greeting_of(recipient),
        "why_written": translate(language, WHY_WRITTEN, tenant=tenant),
        "unsubscribe": translate(language, UNSUBSCRIBE),
        NOTICE: EVIN_NOTICE if letterhead.shows_evin_notice else "",
    }
    params: dict[str, Any] = {name: plain_value(text) for name, text in words.items()}
    params[PRODUCTS] = [_product(item, letterhead, language) for item in recipient.items]
    params[UNSUBSCRIBE_URL] = unsubscribe_url
    return params


def _product(item: ListedItem, letterhead: Letterhead, language: str) -> Mapping[str, str]:
    card = card_of(item, letterhead, language)
    return {
        "name": plain_value(card["name"]),
        "reason": plain_value(card["sentence"]),
        "price": plain_value(card["price"]),
        "scenario": plain_value(item.scenario),
        "key": quote(item.product_key, safe=""),
    }
