"""One import of a company is worked on at a time, by whichever process."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from core.i18n import N_, translate
from core.services.import_ledger import BUSY
from core.settings import Settings
from core.store.locks import exclusive
from core.store.patience import AT_ONCE, Patience
from core.store.tenant import TenantStore

_WAITING = N_(
    "Another import of this company is being worked on. This command waits until it ends, at most"
    " %(seconds)s seconds (IMPORT_WAIT_SECONDS)."
)


def import_turn(store: TenantStore, *, waits: bool = True) -> AbstractContextManager[None]:
    """Hold the company's imports for the block; wait for another as long as the store may.

    Raises `Busy` when it has not ended by then, without `waits` at once.
    """
    patience = store.store.patience if waits else AT_ONCE
    return exclusive(store, "import", BUSY, patience)


def patience_of_command(
    settings: Settings, language: str, say: Callable[[str], object]
) -> Patience:
    """Return how long a command waits for another import; it says what it waits for by `say`."""
    seconds = settings.import_wait_seconds
    sentence = translate(language, _WAITING, seconds=seconds)
    return Patience(seconds=seconds, tell=lambda: say(sentence))
