"""Worlds for the kill tests: a database and a data folder before a use case, and copies of them."""

import csv
import io
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, make_url, text

from core.services.accounts import SYSTEM
from core.services.alias_desk import create_products
from core.services.import_files import load, plan, receive
from core.services.import_ledger import list_imports
from core.services.import_rejects import rejects_file
from core.services.inbox import inbox_of
from core.settings import Settings
from core.store.engine import normalise_url
from core.store.schema import migrate
from tests.contract.killable import open_tenant

AS_OF = date(2026, 10, 31)

_SALES = "document_id,line_no,product_key,client_code,quantity,amount,sale_date\n"
FIRST = {
    "clients_20260101.csv": (
        "client_code,email,name,email_opt_out\n"
        + "".join(f"C{n},c{n}@example.com,Name {n},no\n" for n in range(1, 8))
        + "C8,c8@example.com,Huit,yes\n"
    ),
    "products_20260101.csv": "product_key,name,price_ttc\nP1,Riesling,9.50\nP2,Sylvaner,7.00\n",
    "sales_20260101.csv": (
        _SALES
        + "".join(f"D{n},1,P1,C{n},6,57.00,2025-12-0{n}\n" for n in range(1, 6))
        + "D6,1,P9,C1,1,5.00,2025-12-06\nD7,1,P2,C1,-1,-7.00,2025-12-07\n"
        + "D8,1,P1,,2,19.00,2025-12-08\n"
    ),
    "contacts_20260101.csv": (
        "client_code,contact_date,status\nC1,2025-12-10,sent\nC2,2025-12-10,hard_bounce\n"
    ),
}
DELTA = {
    "clients_20260201.csv": (
        "client_code,email,name,email_opt_out\nC1,new1@example.com,,yes\nC2,,Autre,no\nC8,,,no\n"
        "C9,c9@example.com,Neuf,no\nC10,c10@example.com,Dix,no\n"
    ),
    "products_20260201.csv": "product_key,name,price_ttc\nP9,Muscat,5.00\nP1,Riesling,9.90\n",
    "sales_20260201.csv": (
        _SALES
        + "D0,1,P2,C1,2,14.00,2025-12-01\nD1,1,P1,C1,12,114.00,2025-12-01\n"
        + "D9,1,P1,C2,-2,-19.00,2026-01-09\nD10,1,P7,C9,1,3.00,2026-01-10\n"
        + "D11,1,P1,C9,4,38.00,2026-01-11\nD12,1,P1,C10,4,38.00,2026-01-12\n"
    ),
    "sales_20250601.csv": (
        _SALES + "D2,1,P1,C2,99,990.00,2025-05-02\nD13,1,P1,C3,1,9.50,2025-05-03\n"
    ),
    "contacts_20260201.csv": "client_code,contact_date,status\nC3,2026-01-10,unsubscribe\n",
}
# What an inbox adds to a load is the taking in of files: two are enough.
INTO_THE_INBOX = {name: DELTA[name] for name in ("clients_20260201.csv", "sales_20260201.csv")}
WITH_BAD_ROWS = {
    "sales_20260115.csv": (
        _SALES + "D20,1,P1,C1,2,19.00,2026-01-02\nD21,1,P1,C2,x,9.50,2026-01-03\n"
        "D22,1,P2,C3,1,7.00,2026-13-04\nD23,1,P9,C4,many,5.00,2026-01-05\n"
    ),
}
_MENDED = {"x": "1", "2026-13-04": "2026-01-04", "many": "4"}
AFTERWARDS = {"products_20260301.csv": "product_key,name\nP3,Pinot\n"}


@dataclass(frozen=True, kw_only=True)
class World:
    """A database and a data folder before a use case, and what the use case is asked.

    The ids of the imports that are `known` are compared, those of new ones are not.
    """

    database_url: str
    data_dir: Path
    asked: Mapping[str, Any]
    known: frozenset[str] = frozenset()

    @property
    def is_sqlite(self) -> bool:
        return self.database_url.startswith("sqlite")

    @property
    def database(self) -> str:
        """The name of the Postgres database, the path of SQLite's."""
        return str(make_url(self.database_url).database)

    def copy(self, database_url: str, data_dir: Path) -> "World":
        """Copy database and folder; nobody may be connected to the original."""
        copied = replace(self, database_url=database_url, data_dir=data_dir)
        if self.is_sqlite:
            source, target = Path(self.database), Path(copied.database)
            for path in source.parent.glob(f"{source.stem}.*"):
                shutil.copy2(path, target.parent / path.name.replace(source.stem, target.stem))
        else:
            administer(database_url, f"CREATE DATABASE {copied.database} TEMPLATE {self.database}")
        shutil.copytree(self.data_dir, data_dir)
        return copied

    def remove(self) -> None:
        shutil.rmtree(self.data_dir)
        if self.is_sqlite:
            shutil.rmtree(Path(self.database).parent)
        else:
            administer(self.database_url, f"DROP DATABASE {self.database} (FORCE)")


def administer(database_url: str, statement: str) -> None:
    """Run a statement on the server of `database_url`, outside of that database."""
    server = normalise_url(database_url).set(database="postgres")
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


def end_connections(database_url: str) -> None:
    """End every connection to the database from the server's side."""
    name = make_url(database_url).database
    administer(
        database_url,
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",
    )


class Worlds(dict[str, World]):
    """One world per use case, made when it is first asked for.

    `new_url` names a database that is not there yet.
    """

    def __init__(self, new_url: Callable[[], str], folder: Path) -> None:
        super().__init__()
        self._new_url, self._folder = new_url, folder
        self._files = folder / "files"

    def __missing__(self, name: str) -> World:
        world = self._make(name)
        self[name] = replace(world, known=_ids_in(world))
        return self[name]

    def _make(self, name: str) -> World:
        match name:
            case "empty":
                return self._empty()
            case "loaded":
                return self._prepared(name, "empty", "undo", FIRST)
            case "first load":
                return self._prepared(name, "empty", "load", FIRST)
            case "delta load":
                return self._prepared(name, "loaded", "load", DELTA)
            case "undo" | "plan":
                return self._prepared(name, "loaded", name, DELTA)
            case "command" | "receive":
                return replace(self["loaded"], asked=ask_for(name, self._files, DELTA))
            case "correction":
                return self._corrected()
            case "inbox":
                return self._with_inbox()
            case "release":
                return self._released()
        raise KeyError(name)

    def _empty(self) -> World:
        world = World(database_url=self._new_url(), data_dir=self._folder / "empty", asked={})
        if not world.is_sqlite:
            administer(world.database_url, f"CREATE DATABASE {world.database}")
        world.data_dir.mkdir()
        migrate(Settings(database_url=world.database_url, data_dir=world.data_dir))
        return world

    def _prepared(self, name: str, base: str, use_case: str, files: Mapping[str, str]) -> World:
        def prepare(tenant: Any) -> str:
            return _prepare(tenant, use_case, written(self._files, files))

        return self._changed(self[base], name, use_case, prepare)

    def _corrected(self) -> World:
        def prepare(tenant: Any) -> str:
            import_id = _prepare(tenant, "undo", written(self._files, WITH_BAD_ROWS))
            return _prepare(tenant, "load", [_corrected_rows(tenant, import_id, self._files)])

        return self._changed(self["loaded"], "correction", "load", prepare)

    def _released(self) -> World:
        def prepare(tenant: Any) -> str:
            return str(create_products(tenant, SYSTEM))

        return self._changed(self["loaded"], "release", "load", prepare)

    def _with_inbox(self) -> World:
        world = self["loaded"].copy(self._new_url(), self._folder / "inbox")
        tenant = open_tenant(world.database_url, world.data_dir)
        written(inbox_of(tenant), INTO_THE_INBOX)
        tenant.store.dispose()
        return replace(world, asked={"use_case": "inbox"})

    def _changed(
        self, base: World, name: str, use_case: str, prepare: Callable[[Any], str]
    ) -> World:
        """Return a copy of `base` in which `prepare` made the import that the use case is of."""
        world = base.copy(self._new_url(), self._folder / name.replace(" ", "_"))
        tenant = open_tenant(world.database_url, world.data_dir)
        import_id = prepare(tenant)
        tenant.store.dispose()
        return replace(world, asked={"use_case": use_case, "import_id": import_id})


def _ids_in(world: World) -> frozenset[str]:
    tenant = open_tenant(world.database_url, world.data_dir)
    found = frozenset(entry.import_id for entry in list_imports(tenant))
    tenant.store.dispose()
    return found


def _corrected_rows(tenant: Any, import_id: str, folder: Path) -> Path:
    """Write the rejected rows of the import, mended, as a file; return its path."""
    content = b"".join(rejects_file(tenant, import_id, 1, "en").content).decode("utf-8-sig")
    path = folder / "corrected.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        rows = csv.reader(io.StringIO(content, newline=""))
        csv.writer(stream).writerows([_MENDED.get(c, c) for c in row] for row in rows)
    return path


def _prepare(tenant: Any, use_case: str, paths: list[Path]) -> str:
    import_id = receive(tenant, SYSTEM, [(path.name, path) for path in paths], as_of=AS_OF)
    if use_case != "plan":
        plan(tenant, import_id)
    if use_case == "undo":
        load(tenant, import_id)
    return import_id


def ask_for(use_case: str, folder: Path, files: Mapping[str, str]) -> Mapping[str, Any]:
    """Return what a process is asked that takes `files`, written into `folder`."""
    paths = [str(path) for path in written(folder, files)]
    return {"use_case": use_case, "paths": paths, "as_of": AS_OF.isoformat()}


def written(folder: Path, files: Mapping[str, str]) -> list[Path]:
    """Write the files into `folder`; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")
    return [folder / name for name in files]


def received_in(world: World) -> str:
    """Return the id of the one import that was received and not worked on."""
    tenant = open_tenant(world.database_url, world.data_dir)
    [import_id] = (e.import_id for e in list_imports(tenant) if e.status == "received")
    tenant.store.dispose()
    return import_id
