"""A person with rows in every table and file of a company, and the search for what is left."""

import gzip
import zipfile
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

import duckdb
import xlsxwriter
from sqlalchemy import Boolean, Column, Date, DateTime, LargeBinary, Table, Text

from core.services.accounts import SYSTEM
from core.services.import_files import load, receive
from core.store.models import FOUND_BY, data_metadata
from core.store.personal_columns import DATA, Fate
from core.store.tenant import Store, TenantStore

CODE, ADDRESS, NAME, PHONE = "QZ7001", "qz.canary@nowhere.example", "Quizarelle", "0655443322"
DOCUMENT = "QZ7001-2024-77"
NEEDLES = tuple(text.encode() for text in (CODE, ADDRESS, NAME, PHONE))
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
_CLIENTS = (
    "client_code;email;name;phone;consent_source;consent_date;consent_wording;notes\n"
    f"{CODE};{ADDRESS.upper()};Mme {NAME};{PHONE};shop;2024-02-01;I agree {{n}};knows {NAME}\n"
    f"C2;other@nowhere.example;Other;0600000000;;;;sent by {ADDRESS}\n"
)
_SALES = (
    "document_id;product_key;client_code;quantity;amount;sale_date;seller note\n"
    f"{DOCUMENT};P1;{CODE};1;10;2024-02-01;for {NAME}\n"
    f"{DOCUMENT};P2;{CODE};2;30;2024-02-01;\n"
    f"D2;P1;C2;1;10;2024-02-13;\nD3;PX;{CODE};1;10;2024-02-13;\nD4;P1;{CODE};1;10;2024-02-33;\n"
)
_CONTACTS = (
    "client_code;email;contact_date;status\n"
    f"{CODE};{ADDRESS};2024-02-13;click\n;{ADDRESS};2024-02-14;unsubscribe\n"
)
_PRODUCTS = "product_key;name;price_ttc\nP1;Vin;10\nP2;Rouge;15\n"
# Each table has the person's rows under a run, an import and a campaign of these ids.
_IDS = {name: str(uuid5(NAMESPACE_URL, name)) for name in ("run_id", "import_id", "campaign_id")}


def write_files(folder: Path, *, extra: str = "") -> list[Path]:
    """Write the company's four files into `folder`; `extra` makes their bytes others."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {"clients": _CLIENTS.replace("{n}", extra), "products": _PRODUCTS}
    texts |= {"sales": _SALES, "contacts": _CONTACTS}
    for name, text in texts.items():
        (folder / f"{name}{extra}.csv").write_text(text)
    return sorted(folder.glob(f"*{extra}.csv"))


def write_workbook(path: Path) -> Path:
    """Write a workbook of clients with the person in it."""
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("Clients")
        for line, row in enumerate(
            (
                ("client_code", "email", "name"),
                (CODE, ADDRESS, NAME),
                ("C5", "c5@x.example", "Five"),
            )
        ):
            sheet.write_row(line, 0, row)
    return path


def import_all(store: TenantStore, files: list[Path]) -> dict[str, Any]:
    """Import files as a person would; return the report."""
    import_id = receive(
        store, SYSTEM, [(path.name, path) for path in files], as_of=date(2026, 3, 1)
    )
    return load(store, import_id)


def fill_every_table(store: TenantStore) -> None:
    """Put a row that names the person into every table that may name one."""
    with store.begin() as tx:
        for name, fates in DATA.items():
            if {column.fate for column in fates.values()} == {Fate.KEPT}:
                continue
            if name in ("erasure_request", "erasure_subject"):
                continue
            row = _row(data_metadata.tables[name])
            names = [f'"{column}"' for column in row]
            marks = [f":{column}" if column != "tenant_id" else ":tenant" for column in row]
            tx.execute(
                f"INSERT INTO {name} ({', '.join(names)}) VALUES ({', '.join(marks)})"
                " ON CONFLICT DO NOTHING",
                **{column: value for column, value in row.items() if column != "tenant_id"},
            )


def _row(table: Table) -> Mapping[str, object]:
    stored = (column for column in table.columns if column.name not in FOUND_BY)
    return {column.name: _cell(table.name, column) for column in stored}


def _cell(table: str, column: Column[Any]) -> object:
    fate = DATA[table][column.name].fate
    if column.name in _IDS:
        return _IDS[column.name]
    if "postgresql" in column.type._variant_mapping:
        return str(uuid4())
    if isinstance(column.type, DateTime):
        return NOW
    if isinstance(column.type, Date):
        return NOW.date()
    if isinstance(column.type, Boolean):
        return False
    if isinstance(column.type, LargeBinary):
        return _text(column.name, fate).encode()
    if not isinstance(column.type, Text):
        return None if column.nullable and column.name != "delivery_no" else 1
    return _text(column.name, fate)


def _text(name: str, fate: Fate) -> str:
    known = {"customer": CODE, "email_norm": ADDRESS, "email": ADDRESS, "state": "SENT"}
    if name in known:
        return known[name]
    if name == "mode":
        return "live"
    if fate is Fate.KEPT:
        return "{}" if name.endswith("_json") else "kept"
    if name.endswith("_json"):
        return f'{{"who": "{CODE}", "list": ["{ADDRESS}"], "customer": "{CODE}"}}'
    return f"of {CODE} {ADDRESS}"


def found_in_files(folder: Path) -> list[str]:
    """Return the files that hold a needle, packed ones unpacked."""
    return [
        str(path.relative_to(folder))
        for path in sorted(folder.rglob("*"))
        if path.is_file() and any(needle in _content(path) for needle in NEEDLES)
    ]


def _content(path: Path) -> bytes:
    data = path.read_bytes()
    if path.suffix == ".parquet":
        rows = duckdb.sql(f"FROM read_parquet('{path}')").fetchall()
        return data + repr(rows).encode()
    if path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as book:
            return b"".join(book.read(name) for name in book.namelist())
    return gzip.decompress(data) if path.suffix == ".gz" else data


def found_in_tables(store: Store) -> Iterator[str]:
    """Yield the tables of Postgres in which a row holds a needle, whoever's it is."""
    for table in data_metadata.tables:
        with store.data_engine.connect() as connection:
            connection.exec_driver_sql("RESET ROLE")
            rows = connection.exec_driver_sql(f"SELECT CAST(t AS TEXT) FROM {table} AS t").scalars()
            text = "\n".join(rows).encode()
            connection.rollback()
        if any(needle in text for needle in NEEDLES):
            yield table
