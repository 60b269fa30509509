"""Campaigns."""

from ui import guard
from ui.i18n import _
from ui.layout import page_header

session = guard.require_session()
page_header(_("Campaigns"), _("Who would receive what, and did it go out?"))
