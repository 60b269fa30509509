"""One recipient's message as subject, HTML and plain text.

Whatever comes from a file is escaped in the HTML part and brought to one line in both.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

from babel.numbers import format_currency
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from core.i18n import LANGUAGES, translate
from core.outreach.wording import (
    EVIN_NOTICE,
    GREETING,
    GREETING_UNKNOWN,
    SCENARIO_SENTENCES,
    UNSUBSCRIBE,
    UNTOLD,
    WHY_WRITTEN,
    MessageTemplate,
)

_FOLDER = Path(__file__).parent / "templates"
_LAYOUTS = ("message.html", "message.txt")
_NO_BREAK_SPACES = "\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}"
_BLANKS = re.compile(f"[^\\S{_NO_BREAK_SPACES}]+")
_MAX_CHARS = 300
_ELLIPSIS = "…"


@dataclass(frozen=True, kw_only=True)
class ListedItem:
    """One product of a recipient's list; `sentence` is in the tenant's language."""

    product_key: str
    name: str
    scenario: str
    sentence: str
    price_cents: int | None


@dataclass(frozen=True, kw_only=True)
class Recipient:
    """Whom a message is for."""

    customer: str
    email_norm: str
    first_name: str | None
    language: str
    items: Sequence[ListedItem]


@dataclass(frozen=True, kw_only=True)
class Letterhead:
    """What the messages of one campaign have in common."""

    tenant_name: str
    tenant_language: str
    currency: str
    shows_evin_notice: bool


@dataclass(frozen=True, kw_only=True)
class Message:
    """A rendered message."""

    subject: str
    html: str
    text: str


def render_message(
    template: MessageTemplate, letterhead: Letterhead, recipient: Recipient, unsubscribe_url: str
) -> Message:
    """Return the message of `template` for `recipient`, in the recipient's language."""
    words = {
        **_common_words(template, letterhead, recipient.language),
        "greeting": greeting_of(recipient),
        "cards": [card_of(item, letterhead, recipient.language) for item in recipient.items],
        "unsubscribe_url": unsubscribe_url,
    }
    html, text = (_layouts().get_template(name).render(words) for name in _LAYOUTS)
    return Message(subject=str(words["subject"]), html=html, text=text)


@lru_cache(maxsize=64)
def _common_words(
    template: MessageTemplate, letterhead: Letterhead, language: str
) -> Mapping[str, str]:
    tenant = one_line(letterhead.tenant_name)
    return {
        "language": language,
        "tenant": tenant,
        "subject": translate(language, template.subject, tenant=tenant),
        "opening": translate(language, template.opening),
        "closing": translate(language, template.closing),
        "why_written": translate(language, WHY_WRITTEN, tenant=tenant),
        "unsubscribe": translate(language, UNSUBSCRIBE),
        "notice": EVIN_NOTICE if letterhead.shows_evin_notice else "",
    }


def greeting_of(recipient: Recipient) -> str:
    """Return the first line of a message, without a name where none is known."""
    first_name = one_line(recipient.first_name or "")
    if not first_name:
        return translate(recipient.language, GREETING_UNKNOWN)
    return translate(recipient.language, GREETING, first_name=first_name)


def card_of(item: ListedItem, letterhead: Letterhead, language: str) -> dict[str, str]:
    """Return `name`, `sentence` and `price` of a product as a message in `language` shows them."""
    sentence = item.sentence
    if language != letterhead.tenant_language or item.scenario in UNTOLD:
        sentence = translate(language, SCENARIO_SENTENCES.get(item.scenario, ""))
    return {
        "name": one_line(item.name),
        "sentence": one_line(sentence),
        "price": _price(item.price_cents, letterhead.currency, language),
    }


@lru_cache(maxsize=10_000)
def _price(cents: int | None, currency: str, language: str) -> str:
    if cents is None:
        return ""
    return format_currency(Decimal(cents).scaleb(-2), currency, locale=language)


def one_line(text: str) -> str:
    """Return `text` on one line, without control characters, cut at 300 characters.

    The no-break spaces of French typography stay.

    >>> one_line("Clos  du\\r\\nMoulin")
    'Clos du Moulin'
    """
    spaced = "".join(c if c.isprintable() or c in _NO_BREAK_SPACES else " " for c in text)
    line = _BLANKS.sub(" ", spaced).strip()
    return line if len(line) <= _MAX_CHARS else line[: _MAX_CHARS - 1] + _ELLIPSIS


def template_sha256(template: MessageTemplate) -> str:
    """Return the hash of everything a message is made from, the translations included."""
    texts = [(_FOLDER / name).read_text(encoding="utf-8") for name in _LAYOUTS]
    sources = [
        *asdict(template).values(),
        *(GREETING, GREETING_UNKNOWN, UNSUBSCRIBE, WHY_WRITTEN),
        *SCENARIO_SENTENCES.values(),
    ]
    texts += [translate(language, source) for language in LANGUAGES for source in sources]
    return hashlib.sha256(json.dumps([*texts, EVIN_NOTICE]).encode()).hexdigest()


@lru_cache(maxsize=1)
def _layouts() -> Environment:
    return Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=select_autoescape(enabled_extensions=("html",), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
