"""Quality control: the figures of a run with their change since the run before it."""

from core.contracts import RunVersion
from core.services.run_changes import change_said, changes_of
from core.services.run_records import Quality
from ui.i18n import _, format_date, format_number, format_percent
from ui.layout import Figure
from ui.session import UiSession


def quality_figures(
    session: UiSession,
    run_id: str,
    quality: Quality,
    version: RunVersion = RunVersion.REVIEWED,
) -> list[Figure]:
    """Return customers, eligible and gating rate; the help says which run they changed from."""
    changes = changes_of(session.store, run_id, version)

    def change(name: str, *, is_share: bool = False) -> str | None:
        if changes is None:
            return None
        return change_said(changes.figures[name], session.language, is_share=is_share)

    since = changes and _(
        "The change is since the run before it, as of %(day)s.",
        day=format_date(changes.before.as_of),
    )
    return [
        Figure(
            label=_("Customers"),
            value=format_number(quality.customers),
            change=change("customers"),
            explanation=since,
        ),
        Figure(
            label=_("Eligible"),
            value=format_number(quality.eligible),
            change=change("eligible"),
            explanation=since,
        ),
        Figure(
            label=_("Gating rate"),
            value=format_percent(quality.gating_rate),
            change=change("gating_rate", is_share=True),
            explanation=since,
        ),
    ]
