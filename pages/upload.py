"""Upload."""

from ui import guard
from ui.i18n import _
from ui.layout import page_header

session = guard.require_session()
page_header(_("Upload"), _("What do the files you bring in contain, and what would they change?"))
