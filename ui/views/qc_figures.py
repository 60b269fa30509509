"""Quality control: the figures of a run with their change since the run before it."""

from core.contracts import RunVersion
from core.services.run_changes import Change, RunChanges, changes_of
from core.services.run_records import Quality
from ui.i18n import _, format_change, format_date, format_number, format_percent
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
    since = changes and _(
        "The change is since the run before it, as of %(day)s.",
        day=format_date(changes.before.as_of),
    )
    return [
        Figure(
            label=_("Customers"),
            value=format_number(quality.customers),
            change=_change(changes, "customers"),
            explanation=since,
        ),
        Figure(
            label=_("Eligible"),
            value=format_number(quality.eligible),
            change=_change(changes, "eligible"),
            explanation=since,
        ),
        Figure(
            label=_("Gating rate"),
            value=format_percent(quality.gating_rate),
            change=_points(changes and changes.figures["gating_rate"]),
            explanation=since,
        ),
    ]


def _change(changes: RunChanges | None, name: str) -> str | None:
    by = None if changes is None else changes.figures[name].by
    return None if by is None else format_change(by)


def _points(change: Change | None) -> str | None:
    """Return the change of a share in percentage points."""
    if change is None or change.by is None:
        return None
    return _("%(points)s points", points=format_change(100 * change.by, 1))
