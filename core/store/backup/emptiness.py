"""Whether a database holds anything yet, and whether somebody works on it."""

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import text

from core.store.backup.owner import connected_as_owner
from core.store.backup.parts import IDENTITY, Part, on_postgres
from core.store.backup.postgres_restore import count_others

_TENANTS, _USERS = "tenant", "app_user"
_THERE = text("SELECT to_regclass(:name) IS NOT NULL")


def is_empty(parts: tuple[Part, ...]) -> bool:
    """Tell whether there is neither a company nor a user; a schema alone is nothing."""
    part = next(part for part in parts if part.name == IDENTITY)
    if part.kind == "sqlite":
        return _is_empty_file(part.path)
    with connected_as_owner(part.url) as connection:
        return not any(
            connection.execute(_THERE, {"name": f"identity.{table}"}).scalar()
            and connection.execute(text(f"SELECT 1 FROM identity.{table} LIMIT 1")).scalar()
            for table in (_TENANTS, _USERS)
        )


def _is_empty_file(path: Path) -> bool:
    if not path.exists():
        return True
    with closing(sqlite3.connect(path)) as connection:
        for table in (_TENANTS, _USERS):
            try:
                if connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone():
                    return False
            except sqlite3.OperationalError:  # no such table yet
                continue
            except sqlite3.DatabaseError:  # it is damaged, so there was something
                return False
    return True


def connections_beside(parts: tuple[Part, ...]) -> int:
    """Return how many connections Postgres has from others; SQLite cannot tell."""
    return sum(count_others(url) for url in on_postgres(parts))
