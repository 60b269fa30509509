"""Exports: the files of a run, by button and by address."""

from ui.guard import require_session
from ui.i18n import _
from ui.layout import error_boundary, page_header
from ui.views.export_cards import draw_cards
from ui.views.export_people import draw_people_cards
from ui.views.review_state import draw_waiting
from ui.views.review_version import choose_version
from ui.views.runs_list import choose_run

session = require_session()
page_header(_("Exports"), _("Which files does a run give, and where are they?"))
with error_boundary():
    run = choose_run(session, page="exports")
    if run is not None:
        version = choose_version(run)
        draw_waiting(session, run.run_id, key="exports")
        draw_cards(session, run, version)
        draw_people_cards(session, run.run_id, version)
