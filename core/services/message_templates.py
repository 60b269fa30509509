"""The messages a campaign can be prepared with: built in, or kept at Brevo."""

from dataclasses import dataclass

from core.errors import NotFound, Refused
from core.i18n import N_, translate
from core.outreach.brevo_records import Template
from core.outreach.brevo_template import (
    BrevoTemplate,
    as_asked,
    parse_template_name,
    template_name,
)
from core.outreach.rendering import template_sha256
from core.outreach.wording import TEMPLATES, MessageTemplate, template_of
from core.services.brevo_account import open_brevo
from core.services.live_switch import may_ask_brevo
from core.store.tenant import TenantStore

_BREVO_TITLE = N_("Brevo template %(number)s")
_UNKNOWN = N_("Brevo has no template %(number)s. Choose one of the active templates there.")
_INACTIVE = N_("Brevo template %(number)s is not active. Activate it there, or choose another.")


@dataclass(frozen=True, kw_only=True)
class TemplateCard:
    """A message template as a page offers it."""

    name: str
    title: str
    description: str


def templates(language: str) -> list[TemplateCard]:
    """Return the built-in message templates, described in `language`."""
    return [
        TemplateCard(
            name=template.name,
            title=translate(language, template.title),
            description=translate(language, template.description),
        )
        for template in TEMPLATES
    ]


def template_title(name: str, language: str) -> str:
    """Return how the template of a campaign is called on a page."""
    template_id = parse_template_name(name)
    if template_id is not None:
        return translate(language, _BREVO_TITLE, number=template_id)
    titles = {template.name: template.title for template in TEMPLATES}
    return translate(language, titles[name]) if name in titles else name


def brevo_templates(store: TenantStore) -> list[TemplateCard]:
    """Return the active templates of the Brevo account, each with its subject, newest last.

    Raises `Refused` where Brevo may not be asked, and `BrevoError` when it does not answer.
    """
    with open_brevo(store) as brevo:
        found = brevo.active_templates()
    return [
        TemplateCard(
            name=template_name(template.template_id),
            title=template.name,
            description=template.subject,
        )
        for template in found
    ]


def chosen_template(store: TenantStore, name: str) -> MessageTemplate | BrevoTemplate:
    """Return the template `name`, one of Brevo's (`brevo:ID`) as it is there now.

    Where Brevo may not be asked it is not checked, and its version stays blank. Raises `NotFound`,
    `Refused` for one that is not active, and `BrevoError` when Brevo does not answer.
    """
    template_id = parse_template_name(name)
    if template_id is None:
        return template_of(name)
    if not may_ask_brevo(store):
        return BrevoTemplate(template_id=template_id)
    with open_brevo(store) as brevo:
        return _active(template_id, brevo.template(template_id))


def _active(template_id: int, found: Template | None) -> BrevoTemplate:
    if found is None:
        raise NotFound(_UNKNOWN, number=template_id)
    if not found.is_active:
        raise Refused(_INACTIVE, number=template_id)
    return as_asked(found)


def version_of(template: MessageTemplate | BrevoTemplate) -> str:
    """Return the hash of what messages are made from; blank for a template nobody looked at."""
    return template.version if isinstance(template, BrevoTemplate) else template_sha256(template)
