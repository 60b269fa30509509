"""One worker at a time per tenant and purpose: a lock that dies with its holder.

Postgres: a session advisory lock on a connection of its own. SQLite: a lock on a file in the
tenant's folder. Neither expires by time, so a slow holder is never overtaken.
Who waits looks again four times a second.
"""

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from time import monotonic, sleep
from typing import TextIO

from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from core.errors import Busy
from core.store.patience import AT_ONCE, Patience
from core.store.tenant import TenantStore

_LOOK_SECONDS = 0.25
_GLANCE_SECONDS = 0.05  # longer than a look of `is_held` takes
_HELD = "held"  # never said

RUN_LOCK, PREVIEW_LOCK, PUSH_LOCK = "run", "preview", "contact-sync"


def campaign_lock(campaign_id: str) -> str:
    """Return the purpose under which a campaign is prepared or sent."""
    return f"campaign-{campaign_id}"


def review_lock(run_id: str) -> str:
    """Return the purpose under which the decisions on a run are applied."""
    return f"review-{run_id.lower()}"


@contextmanager
def exclusive(
    store: TenantStore, purpose: str, busy_sentence: str, patience: Patience = AT_ONCE
) -> Iterator[None]:
    """Hold the lock of (tenant, purpose) for the block.

    Raises `Busy` when another still holds it at the end of `patience`, and a moment later: somebody
    may only have looked.
    """
    is_postgres = store.store.data_engine.dialect.name == "postgresql"
    lock = partial(_advisory_lock if is_postgres else _file_lock, store, purpose, busy_sentence)
    with ExitStack() as held:
        _wait_for(lambda: held.enter_context(lock()), patience)
        yield


def is_held(store: TenantStore, purpose: str) -> bool:
    """Tell whether somebody holds the lock of (tenant, purpose).

    It is shared, for an instant, among all who look.
    """
    is_postgres = store.store.data_engine.dialect.name == "postgresql"
    lock = _advisory_lock if is_postgres else _file_lock
    try:
        with lock(store, purpose, _HELD, is_shared=True):
            return False
    except Busy:
        return True


def _wait_for(take: Callable[[], object], patience: Patience) -> None:
    until, is_told = monotonic() + patience.seconds + _GLANCE_SECONDS, False
    while True:
        try:
            take()
        except Busy:
            if monotonic() >= until:
                raise
            if not is_told:
                patience.tell()
            is_told = True
            sleep(min(_LOOK_SECONDS, max(0, until - monotonic())))
        else:
            return


@contextmanager
def _advisory_lock(
    store: TenantStore, purpose: str, busy_sentence: str, *, is_shared: bool = False
) -> Iterator[None]:
    kind = "_shared" if is_shared else ""
    digest = hashlib.sha256(f"{store.tenant_id}/{purpose}".encode()).digest()
    number = int.from_bytes(digest[:8], "big", signed=True)
    with store.store.data_engine.connect() as plain:
        connection = plain.execution_options(isolation_level="AUTOCOMMIT")
        take = text(f"SELECT pg_try_advisory_lock{kind}(:n)")
        if not connection.execute(take, {"n": number}).scalar():
            raise Busy(busy_sentence)
        try:
            yield
        finally:
            with suppress(OperationalError):  # a connection that is gone holds nothing
                connection.execute(text(f"SELECT pg_advisory_unlock{kind}(:n)"), {"n": number})


@contextmanager
def _file_lock(
    store: TenantStore, purpose: str, busy_sentence: str, *, is_shared: bool = False
) -> Iterator[None]:
    store.folder.mkdir(parents=True, exist_ok=True)
    path = store.folder / f".{purpose}.lock"
    with _locked(path, fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX, busy_sentence):
        try:
            yield
        finally:
            if not is_shared:  # some purposes come once
                path.unlink(missing_ok=True)


def _locked(path: Path, kind: int, busy_sentence: str) -> TextIO:
    """Return the file at `path`, locked; not one that its last holder has removed meanwhile."""
    while True:
        stream = path.open("w")
        try:
            fcntl.flock(stream, kind | fcntl.LOCK_NB)
        except BlockingIOError as error:
            stream.close()
            raise Busy(busy_sentence) from error
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(stream.fileno()), path.stat()):
                return stream
        stream.close()
