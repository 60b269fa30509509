"""Rows as the driver has them, read from one database and put into another."""

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Boolean, Column, Connection, Table

from core.store.models import FOUND_BY

Row = dict[str, Any]


def read_rows(connection: Connection, table: Table, tenant_id: str | None = None) -> list[Row]:
    """Return a company's rows, or all, as the driver has them, in the order of their key."""
    keys = ", ".join(column.name for column in table.primary_key)
    among = f" WHERE tenant_id = '{tenant_id}'" if tenant_id else ""
    place = _place(connection, table)
    found = connection.exec_driver_sql(f"SELECT * FROM {place}{among} ORDER BY {keys}")
    return [{name: plain_cell(cell) for name, cell in row.items()} for row in found.mappings()]


def plain_cell(cell: Any) -> Any:
    """Return a cell that looks the same each time: what a driver gives of bytes shows its place."""
    if isinstance(cell, memoryview):
        return bytes(cell)
    return str(cell) if isinstance(cell, uuid.UUID) else cell


def insert_rows(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows as the driver takes them; booleans are ones and noughts on SQLite."""
    if rows:
        names = [name for name in rows[0] if name not in FOUND_BY]
        is_sqlite = connection.dialect.name == "sqlite"
        marks = ", ".join(["?" if is_sqlite else "%s"] * len(names))
        cells = [tuple(_as_taken(table.c[n], row[n], is_sqlite) for n in names) for row in rows]
        place = _place(connection, table)
        connection.exec_driver_sql(
            f"INSERT INTO {place} ({', '.join(names)}) VALUES ({marks})", cells
        )


def _place(connection: Connection, table: Table) -> str:
    return table.name if connection.dialect.name == "sqlite" else table.fullname


def _as_taken(column: Column[Any], cell: Any, is_sqlite: bool) -> Any:
    is_flag = isinstance(column.type, Boolean) and cell is not None
    return (int(cell) if is_sqlite else bool(cell)) if is_flag else cell
