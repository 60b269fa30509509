"""What a sound database never has: files, keys, schema and loads are looked at."""

from collections.abc import Iterator

from sqlalchemy import text

from core.store.backup.owner import connected_as_owner
from core.store.backup.parts import Part, on_postgres, on_sqlite
from core.store.backup.sqlite_copies import damage_of_file
from core.store.tenant import TenantStore
from core.store.versions import STORED

_INVALID = text("""
SELECT cl.relname AS name FROM pg_index AS ix
JOIN pg_class AS cl ON cl.oid = ix.indexrelid
WHERE NOT ix.indisvalid
UNION ALL
SELECT con.conname FROM pg_constraint AS con WHERE NOT con.convalidated
ORDER BY name
""")
_HEAD = "SELECT seq, staged_seq FROM tenant_head WHERE tenant_id = :tenant"
_ABOVE = "SELECT 1 FROM {table} WHERE tenant_id = :tenant AND from_seq > :head LIMIT 1"
_FAR = 9_223_372_036_854_775_807


def damaged_parts(parts: tuple[Part, ...]) -> Iterator[tuple[str, str]]:
    """Yield part and damage: of SQLite's files, of keys and indexes that Postgres holds for bad.

    Raises `StoreUnavailable` when Postgres does not answer.
    """
    for part in on_sqlite(parts):
        if part.path.exists() and (damage := damage_of_file(part.path)):
            yield part.name, damage
    for url in on_postgres(parts):
        with connected_as_owner(url) as connection:
            for row in connection.execute(_INVALID):
                yield "data", f"{row.name} is not valid"


def half_published(store: TenantStore) -> tuple[list[str], bool]:
    """Return the tables with rows that nobody will publish or remove, and whether a load is open.

    A load that was killed is open: the next one removes its rows.
    """
    with store.read() as tx:
        head = tx.row(_HEAD) or {"seq": _FAR, "staged_seq": None}
        if head["staged_seq"] is not None:
            return [], True
        tables = sorted(stored.table for stored in STORED.values())
        return [t for t in tables if tx.scalar(_ABOVE.format(table=t), head=head["seq"])], False
