"""Worlds for the kill tests: a database and a data folder before a use case, and copies of them."""

import json
import shutil
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
from sqlalchemy import create_engine, make_url, select, text

from core.services.accounts import SYSTEM
from core.services.alias_desk import create_products
from core.services.import_files import load, plan, receive
from core.services.import_ledger import list_imports
from core.settings import Settings
from core.store.dataset import load_dataset
from core.store.engine import normalise_url
from core.store.models import data_metadata
from core.store.schema import migrate
from tests.contract.killable import open_tenant

AS_OF = date(2026, 10, 31)
# A number may be burnt by a killed load, so rows are compared without these, but for "is it set".
_NUMBERS = frozenset({"seq", "from_seq", "to_seq", "file_id", "released_seq", "staged_seq"})
_LOCK = ".import.lock"

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
AFTERWARDS = {"products_20260301.csv": "product_key,name\nP3,Pinot\n"}


@dataclass(frozen=True, kw_only=True)
class World:
    """A database and a data folder before a use case, and what the use case is asked."""

    database_url: str
    data_dir: Path
    asked: Mapping[str, Any]

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


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What any reader sees: the dataset's hash and the status of every import."""

    dataset: str
    statuses: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What the disk holds: the rows of every table, the names of the files with their sizes."""

    rows: Mapping[str, Counter[tuple[str, ...]]]
    files: Mapping[str, int]

    def fingerprint(self) -> str:
        """Return a text that is equal for equal content."""
        rows = {name: sorted(rows.items()) for name, rows in sorted(self.rows.items())}
        return repr((rows, sorted(self.files.items())))

    def difference(self, other: "Kept") -> dict[str, object]:
        """Return, by table, the rows that only one of both holds; and the files likewise."""
        rows = {
            name: ((rows - other.rows[name]).elements(), (other.rows[name] - rows).elements())
            for name, rows in self.rows.items()
        }
        listed = {name: tuple(map(list, sides)) for name, sides in rows.items()}
        files = sorted(self.files.keys() ^ other.files.keys())
        return {
            **{name: sides for name, sides in listed.items() if any(sides)},
            **({"files": files} if files else {}),
        }


def administer(database_url: str, statement: str) -> None:
    """Run a statement on the server of `database_url`, outside of that database."""
    server = normalise_url(database_url).set(database="postgres")
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


def make_worlds(new_url: Callable[[], str], folder: Path) -> dict[str, World]:
    """Return one world per use case; `new_url` names a database that is not there yet."""
    empty = World(database_url=new_url(), data_dir=folder / "empty", asked={})
    if not empty.is_sqlite:
        administer(empty.database_url, f"CREATE DATABASE {empty.database}")
    empty.data_dir.mkdir()
    migrate(Settings(database_url=empty.database_url, data_dir=empty.data_dir))

    def made(name: str, base: World, use_case: str, files: Mapping[str, str]) -> World:
        world = base.copy(new_url(), folder / name)
        tenant = open_tenant(world.database_url, world.data_dir)
        import_id = _prepare(tenant, use_case, written(folder / "files", files))
        tenant.store.dispose()
        return replace(world, asked={"use_case": use_case, "import_id": import_id})

    def released(base: World) -> World:
        world = base.copy(new_url(), folder / "release")
        tenant = open_tenant(world.database_url, world.data_dir)
        import_id = create_products(tenant, SYSTEM)
        tenant.store.dispose()
        return replace(world, asked={"use_case": "load", "import_id": import_id})

    loaded = made("loaded", empty, "undo", FIRST)
    return {
        "release": released(loaded),
        "first load": made("first", empty, "load", FIRST),
        "delta load": made("delta", loaded, "load", DELTA),
        "undo": made("undo", loaded, "undo", DELTA),
        "plan": made("plan", loaded, "plan", DELTA),
        "receive": replace(loaded, asked=ask_to_receive(folder / "files", DELTA)),
    }


def _prepare(tenant: Any, use_case: str, paths: list[Path]) -> str:
    import_id = receive(tenant, SYSTEM, [(path.name, path) for path in paths], as_of=AS_OF)
    if use_case != "plan":
        plan(tenant, import_id)
    if use_case == "undo":
        load(tenant, import_id)
    return import_id


def ask_to_receive(folder: Path, files: Mapping[str, str]) -> Mapping[str, Any]:
    """Return what a process is asked that receives `files`, written into `folder`."""
    paths = [str(path) for path in written(folder, files)]
    return {"use_case": "receive", "paths": paths, "as_of": AS_OF.isoformat()}


def written(folder: Path, files: Mapping[str, str]) -> list[Path]:
    """Write the files into `folder`; return their paths."""
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")
    return [folder / name for name in files]


def received_in(world: World) -> str:
    """Return the id of the one import that was received and not worked on."""
    tenant = open_tenant(world.database_url, world.data_dir)
    [import_id] = (e.import_id for e in list_imports(tenant) if e.status == "received")
    tenant.store.dispose()
    return import_id


def seen_in(world: World) -> Seen:
    """Return what a reader sees now."""
    tenant = open_tenant(world.database_url, world.data_dir)
    with tenant.read() as tx, duckdb.connect() as con:
        dataset = load_dataset(tx, con)
        statuses = tx.rows("SELECT status FROM imports WHERE tenant_id = :tenant")
    tenant.store.dispose()
    return Seen(dataset=dataset, statuses=tuple(sorted(row["status"] for row in statuses)))


def kept_in(world: World) -> Kept:
    """Return what database and folder hold, without the numbers that a killed load may burn."""
    engine = create_engine(normalise_url(world.database_url))
    with engine.connect() as connection:
        rows = {
            name: Counter(
                tuple(_cell(world, column, cell) for column, cell in row._mapping.items())
                for row in connection.execute(select(table))
            )
            for name, table in data_metadata.tables.items()
        }
    engine.dispose()
    paths = [path for path in world.data_dir.rglob("*") if path.name != _LOCK]
    sizes = {p.relative_to(world.data_dir).as_posix(): _size(p) for p in paths}
    return Kept(rows=rows, files=sizes)


def _counts(report: Mapping[str, Any]) -> object:
    """Return what a report counts; how a file was recognised may be said in other words."""
    files = [
        {name: count for name, count in file.items() if isinstance(count, int)}
        for file in report["files"]
    ]
    return (report["status"], report["released"], report["totals"], files)


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _cell(world: World, column: str, cell: object) -> str:
    if column in _NUMBERS:
        return f"{column}={cell is not None}"
    if column == "report_json" and cell is not None:
        return f"{column}={_counts(json.loads(str(cell)))}"
    return f"{column}={cell}".replace(str(world.data_dir), "DATA_DIR")
