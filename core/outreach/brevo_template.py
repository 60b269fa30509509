"""A message that is written at Brevo: which template, in which version, and roughly how it looks.

Brevo renders it. Ours is only an approximation for the eye: simple placeholders are filled,
loops, conditions and filters stay as they are written.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from core.outreach.brevo_records import Template
from core.outreach.outcomes import PauseReason
from core.outreach.template_params import NOTICE, PRODUCTS, UNSUBSCRIBE_URL

_NAME = re.compile(r"brevo:([1-9][0-9]{0,9})")
_SIMPLE = re.compile(r"\{\{\s*params\.(\w+(?:\.\w+)*)\s*\}\}")
_MARKUP = re.compile(r"\{[{%]")


@dataclass(frozen=True, kw_only=True)
class BrevoTemplate:
    """A template that was chosen; version and texts are blank where Brevo was not asked."""

    template_id: int
    version: str = ""
    subject: str = ""
    html: str = ""

    @property
    def name(self) -> str:
        """The name of the template among those of campaigns."""
        return template_name(self.template_id)


def template_name(template_id: int) -> str:
    """Return how a campaign names a template of Brevo."""
    return f"brevo:{template_id}"


def parse_template_name(name: str) -> int | None:
    """Return the id in the name of a template of Brevo, None for any other name.

    >>> parse_template_name("brevo:12"), parse_template_name("discovery")
    (12, None)
    """
    found = _NAME.fullmatch(name)
    return int(found[1]) if found else None


def as_asked(found: Template) -> BrevoTemplate:
    """Return a template as Brevo has it now."""
    return BrevoTemplate(
        template_id=found.template_id,
        version=template_version(found),
        subject=found.subject,
        html=found.html,
    )


def template_version(found: Template) -> str:
    """Return the hexadecimal sha256 of what a recipient gets of a template.

    The moment of its last change is left out: what was put back as it was is the same again.
    """
    parts = [found.subject, found.html, found.reply_to]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def fault_of(found: Template | None, version: str) -> PauseReason | None:
    """Return why a campaign prepared with `version` of a template must not go out, or None."""
    if found is None:
        return PauseReason.TEMPLATE_GONE
    if not found.is_active:
        return PauseReason.TEMPLATE_INACTIVE
    return None if template_version(found) == version else PauseReason.TEMPLATE_CHANGED


def fill(text: str, params: Mapping[str, Any], *, is_html: bool) -> str:
    """Return `text` with its simple placeholders filled, those of unknown params with nothing.

    >>> fill("{{ params.a }} {{ params.b.0.c }}", {"a": "x", "b": [{"c": "y"}]}, is_html=False)
    'x y'
    """

    def value(found: re.Match[str]) -> str:
        given = _param(params, found[1])
        if isinstance(given, list | Mapping):
            return found[0]
        return escape(str(given)) if is_html else str(given)

    return _SIMPLE.sub(value, text)


def _param(params: Any, path: str) -> Any:
    for part in path.split("."):
        try:
            params = params[int(part)] if isinstance(params, list) else params[part]
        except (LookupError, TypeError, ValueError):
            return ""
    return params


def has_placeholders(text: str) -> bool:
    """Tell whether something is left in a filled text that only Brevo can render."""
    return _MARKUP.search(text) is not None


def missing_params(html: str, params: Mapping[str, Any]) -> list[str]:
    """Return which params a template does not use though every message needs them."""
    needed = [UNSUBSCRIBE_URL, PRODUCTS, *([NOTICE] if params.get(NOTICE) else [])]
    return [name for name in needed if not re.search(rf"\bparams\.{name}\b", html)]
