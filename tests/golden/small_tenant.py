"""The hand-readable company of `small_tenant/`: its rows put into a store, its run, its files."""

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from core.contracts import COLUMNS, Column, ColumnType, FileKind
from core.services.accounts import SYSTEM
from core.services.execute_run import create_run, execute
from core.services.export_run import CSV_NAMES, SUMMARY_NAME, export_file
from core.settings import Settings
from core.store.schema import migrate
from core.store.tenant import Store, Tenant, TenantStore, Transaction

FOLDER = Path(__file__).parent / "small_tenant"
AS_OF = date(2025, 3, 1)
RUN_NAMES = (*CSV_NAMES, SUMMARY_NAME)

_TABLES = {
    FileKind.CLIENTS: "customer",
    FileKind.PRODUCTS: "product",
    FileKind.SALES: "sale_line",
    FileKind.CONTACTS: "contact_history",
}
_PARSERS: Mapping[ColumnType, Callable[[str], Any]] = {
    ColumnType.BOOLEAN: lambda cell: cell == "yes",
    ColumnType.INTEGER: int,
    ColumnType.MONEY: lambda cell: round(float(cell) * 100),
    ColumnType.QUANTITY: lambda cell: round(float(cell) * 1000),
    ColumnType.VOLUME: lambda cell: round(float(cell) * 10),
    ColumnType.DATE: date.fromisoformat,
}


def open_tenant(folder: Path) -> TenantStore:
    """Return the small tenant on a fresh SQLite in `folder`, its rows in place."""
    settings = Settings(database_url=f"sqlite:///{folder}/crm.db", data_dir=folder / "data")
    migrate(settings)
    store = Store(settings, now=lambda: datetime(2025, 3, 1, 12, tzinfo=UTC))
    tenant_id = "00000000-0000-4000-8000-00000000000a"
    tenant = store.tenant_store(
        Tenant(tenant_id=tenant_id, key="small", name="Small", language="en")
    )
    store_small_tenant(tenant)
    return tenant


def store_small_tenant(tenant: TenantStore, seq: int = 1) -> None:
    """Put the rows of the input files into the tenant's tables, visible from `seq` on."""
    with tenant.begin() as tx:
        for kind in FileKind:
            for row in _rows(kind):
                store_row(tx, _TABLES[kind], seq, row)
        tx.execute("DELETE FROM tenant_head WHERE tenant_id = :tenant")
        tx.execute("INSERT INTO tenant_head (tenant_id, seq) VALUES (:tenant, :seq)", seq=seq)


def store_row(tx: Transaction, table: str, seq: int, row: Mapping[str, Any]) -> None:
    """Insert one versioned row."""
    values = {**row, "from_seq": seq, "file_id": 1}
    names = ", ".join(values)
    marks = ", ".join(f":{name}" for name in values)
    tx.execute(f"INSERT INTO {table} (tenant_id, {names}) VALUES (:tenant, {marks})", **values)


def run_small_tenant(tenant: TenantStore) -> str:
    """Run the tenant as of `AS_OF` and return the run's id."""
    run_id = create_run(tenant, SYSTEM, as_of=AS_OF)
    execute(tenant, run_id)
    return run_id


def comparable_files(tenant: TenantStore, run_id: str) -> dict[str, bytes]:
    """Return the exported files without what differs from run to run: the id and the timings."""
    files = {}
    for name in RUN_NAMES:
        content = b"".join(export_file(tenant, run_id, name)).replace(run_id.encode(), b"RUN")
        files[name] = _without_timings(content) if name == SUMMARY_NAME else content
    return files


def _without_timings(content: bytes) -> bytes:
    summary = json.loads(content)
    del summary["timings"], summary["tenant"]
    return f"{json.dumps(summary, indent=2, sort_keys=True, ensure_ascii=False)}\n".encode()


def _rows(kind: FileKind) -> Iterator[dict[str, Any]]:
    columns = {column.name: column for column in COLUMNS[kind]}
    with (FOLDER / "input" / f"{kind.value}.csv").open(encoding="utf-8", newline="") as stream:
        for place, cells in enumerate(csv.DictReader(stream)):
            row = {columns[name].field: _value(columns[name], cell) for name, cell in cells.items()}
            yield _with_keys(kind, row, place)


def _value(column: Column, cell: str) -> Any:
    return _PARSERS.get(column.type, str)(cell) if cell else None


def _with_keys(kind: FileKind, row: dict[str, Any], place: int) -> dict[str, Any]:
    if kind is FileKind.SALES:
        row["line_key"] = f"{row['document_id']}\x1f#{row['line_no']}"
    if kind is FileKind.CONTACTS:
        row["event_key"] = f"event {place}"
    if "email" in {column.field for column in COLUMNS[kind]}:
        email = row["email"] if kind is FileKind.CLIENTS else row.pop("email")
        row["email_norm"] = email.strip().lower() if email else None
    return row
