"""Roles and states of users in words."""

from collections.abc import Mapping

from core.i18n import N_
from core.services.accounts import Role
from core.services.users import Member
from ui.i18n import _

ROLES = tuple(Role)
_TITLES: Mapping[Role, str] = {
    Role.VIEWER: N_("Viewer"),
    Role.ANALYST: N_("Analyst"),
    Role.ADMIN: N_("Administrator"),
}
_MEANINGS: Mapping[Role, str] = {
    Role.VIEWER: N_("Looks at everything, and changes nothing."),
    Role.ANALYST: N_("Imports, launches runs, reviews and sends campaigns too."),
    Role.ADMIN: N_("Manages users and webhooks, and reads the audit trail too."),
}


def role_title(role: Role) -> str:
    """Return the name of a role."""
    return _(_TITLES[role])


def role_meanings() -> str:
    """Return what each role may do, one line each."""
    return "\n".join(
        _("- **%(role)s**: %(meaning)s", role=role_title(role), meaning=_(_MEANINGS[role]))
        for role in ROLES
    )


def state_title(member: Member) -> str:
    """Return whether a user may sign in, and has done so."""
    if not member.is_active:
        return _("Deactivated")
    if member.has_initial_password:
        return _("Initial password not changed yet")
    return _("Active")
