"""The mark of a restore that is not done: nothing starts on half an instance."""

from core.errors import Refused
from core.i18n import N_
from core.settings import Settings

RESTORING, PLAN = ".restoring", "plan.json"
_UNFINISHED = N_(
    "A restore of a backup was broken off. Run `python -m core restore` with the backup again, or"
    " with --undo to have back what was there before."
)


def refuse_half_restored(settings: Settings) -> None:
    """Raise `Refused` while a restore is under way or was broken off."""
    if (settings.data_dir / RESTORING / PLAN).exists():
        raise Refused(_UNFINISHED)
