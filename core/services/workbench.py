"""A DuckDB database for one piece of work of one tenant."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection

from core.store.locks import is_held
from core.store.tenant import TenantStore


@contextmanager
def workbench(store: TenantStore, purpose: str) -> Iterator[DuckDBPyConnection]:
    """Open a DuckDB database for one piece of work; what it spills stays in the tenant's folder."""
    folder = store.folder / "work" / purpose
    _empty(folder)
    con = duckdb.connect(":memory:", config={"temp_directory": str(folder)})
    try:
        yield con
    finally:
        con.close()
        _empty(folder)


def clear_spills(store: TenantStore, *, held: str) -> None:
    """Remove what killed work has spilled; `held` is the purpose whose lock the caller holds.

    Whoever works under a purpose holds the lock of its name.
    """
    for folder in (store.folder / "work").glob("*"):
        if folder.name == held or not is_held(store, folder.name):
            _empty(folder)


def _empty(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
