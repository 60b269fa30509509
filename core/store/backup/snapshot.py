"""Every part of an instance's database copied as it was at one moment."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection, create_engine, text

from core.store.archived_originals import KeptOriginal, load_originals
from core.store.backup.parts import (
    DATA,
    IDENTITY,
    Part,
    SequenceDump,
    TableDump,
    on_postgres,
    on_sqlite,
)
from core.store.backup.postgres_copies import copy_postgres, open_snapshot, sequences_of
from core.store.backup.sqlite_copies import copy_sqlite
from core.store.identity import load_tenants
from core.store.transaction import Transaction

_REVISION = text("SELECT version_num FROM alembic_version")
_SET_TENANT = text("SELECT set_config('app.tenant', :tenant, true)")


@dataclass(kw_only=True)
class Snapshot:
    """What was copied; `originals` are the files that the rows name, by company key."""

    tables: list[TableDump] = field(default_factory=list)
    sequences: list[SequenceDump] = field(default_factory=list)
    revision: str = ""
    originals: Mapping[str, list[KeptOriginal]] = field(default_factory=dict)


def take_snapshot(parts: tuple[Part, ...], folder: Path) -> Snapshot:
    """Copy the rows of `parts` into files of `folder`; whoever works goes on meanwhile.

    The job tables are of the same moment as the others unless they live in another database.
    Raises `Busy` on SQLite when there is not a moment without a writer.
    """
    taken, files = Snapshot(), on_sqlite(parts)
    if files:
        taken.tables += copy_sqlite(files, folder)
        if any(part.name == DATA for part in files):
            _tell_files(taken, folder)
    for url, group in on_postgres(parts).items():
        with open_snapshot(url) as connection:
            taken.tables += copy_postgres(connection, group, folder)
            taken.sequences += sequences_of(connection, group)
            if any(part.name == DATA for part in group):
                _tell(taken, connection, connection)
    return taken


def _tell_files(taken: Snapshot, folder: Path) -> None:
    with _reading(folder / f"{DATA}.db") as data, _reading(folder / f"{IDENTITY}.db") as identity:
        _tell(taken, data, identity)


@contextmanager
def _reading(path: Path) -> Iterator[Connection]:
    engine = create_engine(f"sqlite:///file:{path}?mode=ro&uri=true")
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _tell(taken: Snapshot, data: Connection, identity: Connection) -> None:
    taken.revision = str(data.execute(_REVISION).scalar())
    found = {}
    for tenant in load_tenants(Transaction(identity, None)):
        if data.dialect.name == "postgresql":
            data.execute(_SET_TENANT, {"tenant": tenant.tenant_id})
        found[tenant.key] = load_originals(Transaction(data, tenant.tenant_id))
    taken.originals = found
