"""The store and its tenants: who opens transactions on which database."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import Engine

from core.settings import Settings
from core.store.engine import is_sqlite, make_engine, normalise_url, sibling_file
from core.store.patience import AT_ONCE, Patience
from core.store.transaction import Transaction, open_transaction

__all__ = ["Store", "Tenant", "TenantStore", "Transaction", "as_date", "as_moment", "utc_now"]


@dataclass(frozen=True, kw_only=True)
class Tenant:
    """A company using the instance."""

    tenant_id: str
    key: str
    name: str
    language: str = "fr"
    currency: str = "EUR"
    time_zone: str = "Europe/Paris"
    demo_as_of: date | None = None


class TenantStore:
    """Access to the rows and files of one tenant, and to nothing else."""

    def __init__(self, store: "Store", tenant: Tenant) -> None:
        self.store = store
        self.tenant = tenant

    @property
    def tenant_id(self) -> str:
        """The tenant's opaque id, part of every key and cache key."""
        return self.tenant.tenant_id

    @property
    def folder(self) -> Path:
        """The tenant's folder under the data directory."""
        return self.store.settings.data_dir / self.tenant.key

    @contextmanager
    def begin(self) -> Iterator[Transaction]:
        """Open a writing transaction; commit at the end, roll back on any exception."""
        with self.store.transaction(self.store.data_engine, self.tenant_id, write=True) as tx:
            yield tx

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """Open a transaction that sees one state of the database and writes nothing."""
        with self.store.transaction(self.store.data_engine, self.tenant_id, write=False) as tx:
            yield tx


class Store:
    """Both databases of an instance: the tenants' data and the identity tables."""

    def __init__(
        self, settings: Settings, now: Callable[[], datetime], patience: Patience = AT_ONCE
    ) -> None:
        self.settings = settings
        self.now = now
        self.patience = patience
        url = normalise_url(settings.database_url)
        self.data_engine = make_engine(url)
        self.identity_engine = (
            make_engine(sibling_file(url, "control")) if is_sqlite(url) else self.data_engine
        )

    def tenant_store(self, tenant: Tenant) -> TenantStore:
        """Return the access to one tenant's rows."""
        return TenantStore(self, tenant)

    @contextmanager
    def identity(self, *, write: bool = False) -> Iterator[Transaction]:
        """Open a transaction on the identity tables, named `identity.<table>` in statements."""
        with self.transaction(self.identity_engine, None, write=write) as tx:
            yield tx

    @contextmanager
    def transaction(
        self, engine: Engine, tenant_id: str | None, *, write: bool
    ) -> Iterator[Transaction]:
        """Open one transaction on `engine`, under row-level security where there is a tenant."""
        with open_transaction(engine, tenant_id, write=write) as tx:
            yield tx

    def dispose(self) -> None:
        """Close every pooled connection."""
        self.data_engine.dispose()
        self.identity_engine.dispose()


def utc_now() -> datetime:
    """Return the present moment in UTC: the clock that is handed to a `Store`."""
    return datetime.now(UTC)


def as_moment(value: object) -> datetime | None:
    """Return a stored moment as an aware datetime (SQLite gives text)."""
    if isinstance(value, str):
        return datetime.fromisoformat(value)
    return value if isinstance(value, datetime) else None


def as_date(value: object) -> date | None:
    """Return a stored date as a date (SQLite gives text)."""
    if isinstance(value, str):
        return date.fromisoformat(value[:10])
    return value if isinstance(value, date) else None
