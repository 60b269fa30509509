"""Quality control."""

from ui import guard
from ui.i18n import _
from ui.layout import page_header

session = guard.require_session()
page_header(_("Quality control"), _("What did the audit find, and who must not be written to?"))
