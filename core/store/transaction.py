"""One open transaction: statements with bound names and the tenant in each, COPY on Postgres."""

import json
import re
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, BinaryIO

from sqlalchemy import Connection, Engine, TextClause, text
from sqlalchemy.exc import DatabaseError, DBAPIError, OperationalError

from core.errors import DATABASE_AWAY, StoreUnavailable
from core.store.engine import WRITE
from core.store.fence import check_fence
from core.store.piped import read_written

_TENANT_BOUND = re.compile(r":tenant\b")
_COMMIT_LAZILY = text("SET LOCAL synchronous_commit = off")
_BYTEWISE = """
SELECT datlocprovider = 'b'
    OR datlocprovider = 'c' AND datcollate IN ('C', 'POSIX', 'C.UTF-8', 'C.utf8')
FROM pg_database WHERE datname = current_database()
"""
_SHARE_SNAPSHOT = text("SELECT pg_export_snapshot()")
_SET_TENANT = text("SELECT set_config('app.tenant', :tenant, true)")
# SQLAlchemy keeps the key by which it finds a compiled statement with the statement itself: making
# both anew took a quarter of the time of a short one.
_STATEMENTS = 1_024


class Transaction:
    """One open transaction; `rows`, `execute` and the others bind parameters by name.

    A transaction of a tenant refuses a statement that does not name `:tenant`, so that a
    forgotten filter fails in the first test instead of showing another tenant's rows.
    """

    def __init__(self, connection: Connection, tenant_id: str | None) -> None:
        self.connection = connection
        self.tenant_id = tenant_id
        self.is_sqlite = connection.dialect.name == "sqlite"

    def rows(self, sql: str, /, **values: object) -> list[dict[str, Any]]:
        """Run `sql` and return its rows as dictionaries."""
        result = self.connection.execute(_statement(self._checked(sql)), self._bound(values))
        return [dict(row) for row in result.mappings()]

    def row(self, sql: str, /, **values: object) -> dict[str, Any] | None:
        """Run `sql` and return its first row, or None."""
        found = self.rows(sql, **values)
        return found[0] if found else None

    def scalar(self, sql: str, /, **values: object) -> Any:
        """Run `sql` and return the first column of its first row, or None."""
        return self.connection.execute(_statement(self._checked(sql)), self._bound(values)).scalar()

    def execute(self, sql: str, /, **values: object) -> int:
        """Run `sql` and return the number of rows it touched."""
        result = self.connection.execute(_statement(self._checked(sql)), self._bound(values))
        return int(result.rowcount)

    def execute_many(self, sql: str, records: Sequence[Mapping[str, object]]) -> None:
        """Run `sql` once per record."""
        if records:
            statement = _statement(self._checked(sql))
            self.connection.execute(statement, [self._bound(record) for record in records])

    def stream(self, sql: str, size: int, /, **values: object) -> Iterator[list[tuple[Any, ...]]]:
        """Run `sql` and yield its rows in lists of at most `size` tuples."""
        if self.is_sqlite:  # straight from the driver: three times as fast
            with closing(self._driver_connection.cursor()) as cursor:
                cursor.execute(self._checked(sql), self._bound(values))
                while rows := cursor.fetchmany(size):
                    yield rows
            return
        statement = _statement(self._checked(sql))
        # Of this statement alone: set on the connection, the option would stay for the next ones.
        options = {"stream_results": True}
        found = self.connection.execute(statement, self._bound(values), execution_options=options)
        for rows in found.partitions(size):
            yield [tuple(row) for row in rows]

    def insert_tuples(self, sql: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Run SQLite's positional `sql` for each row; the tenant is each row's first cell."""
        assert self.is_sqlite
        self.connection.exec_driver_sql(sql, list(rows))

    def among(self, name: str) -> str:
        """Return the operator and operand that test membership in the list bound as `name`."""
        if self.is_sqlite:
            return f"IN (SELECT value FROM json_each(:{name}))"
        return f"= ANY(:{name})"

    def list_of(self, values: Sequence[str] | Sequence[int]) -> object:
        """Return `values` as this database binds a list, for `among`."""
        return json.dumps(values) if self.is_sqlite else list(values)

    def copy_in(self, table: str, names: str, stream: BinaryIO) -> None:
        """Insert the CSV rows of `stream` (columns `names`) into Postgres' `table`."""
        with self._cursor() as cursor:
            cursor.execute(
                f"CREATE TEMP TABLE copied ON COMMIT DROP AS SELECT {names} FROM {table} LIMIT 0"
            )
            cursor.copy_expert("COPY copied FROM STDIN (FORMAT csv)", stream)
            cursor.execute(
                f"INSERT INTO {table} (tenant_id, {names}) SELECT %s, {names} FROM copied",
                (self.tenant_id,),
            )
            cursor.execute("DROP TABLE copied")

    @contextmanager
    def temporary_texts(
        self, table: str, columns: Sequence[str], chunks: Iterable[BinaryIO], *, looked_up: bool
    ) -> Iterator[None]:
        """Hold the CSV rows of `chunks` in a temporary `table` of Postgres for the block.

        What is joined to them is `looked_up` by an index where they are few: the planner, which
        takes every page for a far one, would rather read ten million rows.
        """
        with self._cursor() as cursor:
            cursor.execute(f"CREATE TEMP TABLE {table} ({' TEXT, '.join(columns)} TEXT)")
            for chunk in chunks:
                cursor.copy_expert(f"COPY {table} FROM STDIN (FORMAT csv)", chunk)
            cursor.execute(f"ANALYZE {table}")
            if looked_up:
                cursor.execute("SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off")
            yield
            cursor.execute("SET LOCAL enable_hashjoin = on; SET LOCAL enable_mergejoin = on")
            cursor.execute(f"DROP TABLE {table}")

    def copy_out(self, sql: str, stream: BinaryIO, /, **values: object) -> None:
        """Write the rows of `sql` to `stream` as CSV without header, NULL as `\\N`."""
        compiled = _statement(self._checked(sql)).compile(dialect=self.connection.dialect)
        with self._cursor() as cursor:
            query = cursor.mogrify(str(compiled), self._bound(values)).decode()
            cursor.copy_expert(
                f"COPY ({query}) TO STDOUT (FORMAT csv, NULL '\\N', FORCE_QUOTE *)", stream
            )

    def copy_pieces(self, sql: str, /, *, by_index: bool, **values: object) -> Generator[bytes]:
        """Yield the rows of Postgres' `sql` as CSV without header, NULL as nothing, as they come.

        Where an index has the order, `by_index` takes them from it: sorted first, the first of 2.5
        million comes after six seconds. Who closes it before the end cancels the statement. Memory
        does not grow with the rows.
        """
        compiled = _statement(self._checked(sql)).compile(dialect=self.connection.dialect)
        with self._cursor() as cursor:
            query = cursor.mogrify(str(compiled), self._bound(values)).decode()
            copy = f"COPY ({query}) TO STDOUT (FORMAT csv)"
            if by_index:
                cursor.execute("SET LOCAL enable_sort = off")
            with closing(read_written(lambda out: cursor.copy_expert(copy, out))) as pieces:
                try:
                    yield from pieces
                except GeneratorExit:
                    self._driver_connection.cancel()
                    raise
                except self.connection.dialect.loaded_dbapi.OperationalError as error:
                    raise StoreUnavailable(DATABASE_AWAY) from error

    def commit_lazily(self) -> None:
        """Let Postgres commit without waiting for its disk: for what is staged.

        A crash may lose it, but not once a later transaction was committed as usual.
        """
        if not self.is_sqlite:
            self.connection.execute(_COMMIT_LAZILY)

    def share_snapshot(self) -> str:
        """Return the name by which `beside` finds the state that this one sees on Postgres."""
        return str(self.connection.execute(_SHARE_SNAPSHOT).scalar())

    @contextmanager
    def beside(self, snapshot: str) -> Iterator["Transaction"]:
        """Open another transaction that reads the state shared as `snapshot`."""
        engine = self.connection.engine
        with open_transaction(engine, self.tenant_id, write=False, snapshot=snapshot) as other:
            yield other

    def compares_bytes(self) -> bool:
        """Tell whether the database orders text by its bytes; a collation may be unknown."""
        if self.is_sqlite:
            return True
        with self._cursor() as cursor:
            cursor.execute(_BYTEWISE)
            return bool(cursor.fetchone()[0])

    @property
    def _driver_connection(self) -> Any:
        return self.connection.connection.driver_connection

    def _cursor(self) -> Any:
        return self._driver_connection.cursor()

    def _checked(self, sql: str) -> str:
        if self.tenant_id is not None and not _TENANT_BOUND.search(sql):
            raise AssertionError("a statement of a tenant must name :tenant")
        return sql.replace("identity.", "") if self.is_sqlite else sql

    def _bound(self, values: Mapping[str, object]) -> dict[str, object]:
        bound = {name: self._plain(value) for name, value in values.items()}
        if self.tenant_id is not None:
            bound["tenant"] = self.tenant_id
        return bound

    def _plain(self, value: object) -> object:
        if not self.is_sqlite:
            return value
        if isinstance(value, datetime):
            return value.astimezone(UTC).isoformat(timespec="microseconds")
        return value.isoformat() if isinstance(value, date) else value


@contextmanager
def open_transaction(
    engine: Engine, tenant_id: str | None, *, write: bool, snapshot: str | None = None
) -> Iterator[Transaction]:
    """Open one transaction on `engine`, under row-level security where there is a tenant.

    On Postgres one that reads sees one state: its own, or that of `share_snapshot`.
    """
    options: dict[str, Any] = {WRITE: write}
    is_postgres = engine.dialect.name == "postgresql"
    if is_postgres and not write:
        options["isolation_level"] = "REPEATABLE READ"
    if write:
        check_fence()
    try:
        with engine.connect() as plain:
            connection = plain.execution_options(**options)
            with connection.begin():
                if snapshot is not None:
                    connection.exec_driver_sql(f"SET TRANSACTION SNAPSHOT '{snapshot}'")
                if tenant_id is not None and is_postgres:
                    connection.execute(_SET_TENANT, {"tenant": tenant_id})
                yield Transaction(connection, tenant_id)
    except DBAPIError as error:
        # Giving back a connection that is gone raises another error than using it, and a file that
        # is no database is an error of no kind in particular.
        is_away = isinstance(error, OperationalError) or type(error) is DatabaseError
        if not (is_away or error.connection_invalidated):
            raise
        raise StoreUnavailable(DATABASE_AWAY) from error


@lru_cache(_STATEMENTS)
def _statement(sql: str) -> TextClause:
    return text(sql)
