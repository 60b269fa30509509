"""Exports."""

from ui import guard
from ui.i18n import _
from ui.layout import page_header

session = guard.require_session()
page_header(_("Exports"), _("Which files does a run give, and where are they?"))
