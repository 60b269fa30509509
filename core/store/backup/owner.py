"""A connection as the owner, who reads and replaces every table of the instance."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection
from sqlalchemy.engine import URL
from sqlalchemy.exc import OperationalError

from core.errors import StoreUnavailable
from core.i18n import N_
from core.store.engine import make_engine

_UNANSWERED = N_("The database does not answer. Check that it runs, then try again.")


@contextmanager
def connected_as_owner(url: URL) -> Iterator[Connection]:
    """Open a connection to Postgres for the block; raise `StoreUnavailable` without an answer."""
    engine = make_engine(url, as_app_role=False)
    try:
        try:
            connection = engine.connect()
        except OperationalError as error:
            raise StoreUnavailable(_UNANSWERED) from error
        with connection:
            yield connection
    finally:
        engine.dispose()
