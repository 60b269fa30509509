"""Runs."""

from ui import guard
from ui.i18n import _
from ui.layout import page_header

session = guard.require_session()
page_header(_("Runs"), _("Whom to write to, about which bottle, and why?"))
