"""What sales tell of the products and customers that they name, where these are to be created.

It counts as a version like any other, so that files may arrive in any order: cell by cell the
newest sales file wins, and any file of products or clients wins over all sales.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from duckdb import DuckDBPyConnection

from core.contracts import FileKind
from core.ingest.changeset import FileVersion
from core.ingest.identity import IDENTITY
from core.ingest.missing import find_contradicted, find_retold
from core.ingest.preview import find_retold_changes
from core.services.import_history import collect_versions
from core.services.import_known import fetch_identities
from core.services.import_state import add_layer, state_table
from core.store.tenant import TenantStore, Transaction

_YEARS_BELOW = 400  # a whole cycle of the calendar: every day exists


@dataclass(frozen=True, kw_only=True)
class _Told:
    what: str
    fields: tuple[str, ...]


_TOLD: Mapping[FileKind, _Told] = {
    FileKind.PRODUCTS: _Told(what="products", fields=("name", "is_recommendable")),
    FileKind.CLIENTS: _Told(what="customers", fields=("country",)),
}


def move_created(
    store: TenantStore,
    tx: Transaction,
    con: DuckDBPyConnection,
    prefix: str,
    version: FileVersion,
    file_no: int,
) -> list[dict[str, Any]]:
    """Put what the compared sales file of `prefix` tells of products and customers into the state.

    What is new is created; of what was there the cells change that this file tells newest: these
    are returned JSON-ready, field by field, each with its `kind`.
    """
    below, changes = _below_every_file(version), []
    for kind, told in _TOLD.items():
        if con.execute(f"FROM {prefix}_told_{told.what} LIMIT 1").fetchone() is None:
            continue
        is_retold = _find_retold(store, tx, con, kind, told, prefix, below)
        add_layer(con, kind, prefix, f"{prefix}_new_{told.what}", below, file_no)
        if is_retold:
            add_layer(con, kind, prefix, f"{prefix}_retold_{told.what}", below, file_no)
            found = find_retold_changes(con, prefix, told.what, kind)
            changes += [{"kind": str(kind), **asdict(change)} for change in found]
    return changes


def _below_every_file(version: FileVersion) -> FileVersion:
    """Return a version older than any file's; such versions stand to each other as the files do."""
    moment = version.exported_at
    return replace(version, exported_at=moment.replace(year=moment.year - _YEARS_BELOW))


def _find_retold(
    store: TenantStore,
    tx: Transaction,
    con: DuckDBPyConnection,
    kind: FileKind,
    told: _Told,
    prefix: str,
    version: FileVersion,
) -> bool:
    fetch_identities(tx, con, kind, f"{prefix}_told_{told.what}")
    names = (prefix, told.what, IDENTITY[kind], told.fields)
    if not find_contradicted(con, *names, state_table(kind)):
        return False
    said, named = f"{prefix}_said_{told.what}", f"{prefix}_contradicted"
    if not collect_versions(store, tx, con, kind, named, said):
        return False
    find_retold(con, *names, state=state_table(kind), said=said, version=version.key())
    return True
