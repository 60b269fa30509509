"""What a call gave, in a form that can be compared and searched: and what it said on the way."""

import dataclasses
import io
import logging
import re
import sys
import threading
import uuid
import zipfile
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pandas as pd
import pytest
from duckdb import DuckDBPyConnection

from core.errors import CrmError
from core.services import erase_brevo
from core.store.engine import WRITE
from core.store.tenant import Store, TenantStore
from core.store.transaction import Transaction
from tests.isolation.rows import plain_cell

_TIMINGS = ("timings", "seconds")
_DEEPEST = 12
_PLACES = re.compile(r"\b(rowid|ctid)\b")


def plain(value: Any, depth: int = 0) -> Any:
    """Return `value` in lists, dictionaries and texts, as deep as it goes, without timings."""
    if value is None or (
        isinstance(value, bool | int | float | str) and not isinstance(value, Enum)
    ):
        return value
    if depth > _DEEPEST:
        return "…"
    if isinstance(value, bytes | bytearray | memoryview):
        return _plain_bytes(bytes(value))
    if isinstance(value, Enum | datetime | date | uuid.UUID | Path):
        return str(value)
    return _plain_object(value, depth + 1)


def _plain_object(value: Any, depth: int) -> Any:
    if isinstance(value, BaseException):
        return [type(value).__name__, str(value), plain(vars(value), depth)]
    if isinstance(value, Store | TenantStore | Transaction):
        return type(value).__name__
    if isinstance(value, DuckDBPyConnection):
        return plain_tables(value)
    if isinstance(value, pd.DataFrame):
        return value.to_csv(index=False)
    if isinstance(value, Mapping):
        pairs = [(str(plain(key, depth)), plain(cell, depth)) for key, cell in value.items()]
        return {key: cell for key, cell in sorted(pairs, key=_key) if key not in _TIMINGS}
    if isinstance(value, set | frozenset):
        return sorted((plain(cell, depth) for cell in value), key=str)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
        return [type(value).__name__, plain(fields, depth)]
    if isinstance(value, AbstractContextManager) and not hasattr(value, "read"):
        with value as entered:
            return plain(entered, depth)
    if isinstance(value, Sequence | Iterator):
        return [plain(cell, depth) for cell in value]
    return type(value).__name__


def _key(pair: tuple[str, Any]) -> str:
    return pair[0]


def _plain_bytes(content: bytes) -> str:
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            members = sorted(name for name in packed.namelist() if "docProps" not in name)
            content = b"\n".join(packed.read(name) for name in members)
    return content.decode("utf-8", "replace")


def plain_tables(con: DuckDBPyConnection) -> dict[str, Any]:
    """Return the rows of each table of a working database, ordered."""
    tables = con.execute("SELECT table_name FROM duckdb_tables() ORDER BY 1").fetchall()
    return {
        name: sorted(str(row) for row in con.execute(f'SELECT * FROM "{name}"').fetchall())
        for (name,) in tables
    }


class Watch:
    """Which functions of `codes` were entered in a case, in any thread, and what they gave.

    What the `unheard` gave is not kept.
    """

    def __init__(self, codes: Mapping[CodeType, str], unheard: Container[str] = ()) -> None:
        self.codes, self.unheard = codes, unheard
        self.entered: set[str] = set()
        self.given: list[Any] = []

    def __enter__(self) -> "Watch":
        if self.codes:
            threading.setprofile(self._look)
            sys.setprofile(self._look)
        return self

    def __exit__(self, *_error: object) -> None:
        sys.setprofile(None)
        threading.setprofile(None)  # type: ignore[arg-type]

    def _look(self, frame: FrameType, event: str, given: Any) -> None:
        name = self.codes.get(frame.f_code) if event in ("call", "return") else None
        if name is None:
            return
        self.entered.add(name)
        if event != "return" or name in self.unheard:
            return
        if isinstance(given, str | bytes | list | tuple | dict | frozenset):
            self.given.append(given)


def _shown(row: Any) -> str:
    if not isinstance(row, dict):
        return repr(plain_cell(row))
    return repr({name: plain_cell(cell) for name, cell in row.items()})


@dataclasses.dataclass
class Spoken:
    """The statements of a case, put through `rewrite`; whether it began to write, and wrote."""

    rewrite: Callable[[str], str]
    statements: list[str] = dataclasses.field(default_factory=list)
    answers: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    has_begun: bool = False
    has_changed: bool = False
    asks_others: bool = False

    def keep(self, tx: Transaction, sql: str, answer: Any) -> None:
        """Keep what a statement of a tenant gave: places of rows are its own affair.

        So is whether another company has an address, see `cases.MEETS`.
        """
        if tx.tenant_id is not None and not self.asks_others:
            is_place = _PLACES.search(sql) is not None
            rows = answer if isinstance(answer, list) else [answer]
            given = len(rows) if is_place else sorted(map(_shown, rows))
            self.answers.append((sql, repr(given)))

    def hear(self, tx: Transaction, sql: str) -> str:
        """Keep a statement of a transaction and return what is run in its place."""
        self.has_begun |= bool(tx.connection.get_execution_options().get(WRITE))
        self.has_changed |= not sql.lstrip().upper().startswith("SELECT")
        self.statements.append(sql)
        return self.rewrite(sql)


@contextmanager
def listening(spoken: Spoken) -> Iterator[None]:
    """Hear every statement, and put another in the place of those of a tenant."""
    checked = Transaction._checked
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Transaction, "_checked", lambda tx, sql: checked(tx, spoken.hear(tx, sql)))
        for asked in ("rows", "scalar", "execute"):
            patched.setattr(Transaction, asked, _answered(spoken, getattr(Transaction, asked)))
        patched.setattr(Transaction, "stream", _streamed(spoken, Transaction.stream))
        for bulk in ("insert_tuples", "copy_in"):
            patched.setattr(Transaction, bulk, _heard(spoken, getattr(Transaction, bulk)))
        patched.setattr(erase_brevo, "others_know", _asking(spoken, erase_brevo.others_know))
        yield


def _asking(spoken: Spoken, ask: Callable[..., bool]) -> Callable[..., bool]:
    def wrapped(*values: Any) -> bool:
        spoken.asks_others = True
        try:
            return ask(*values)
        finally:
            spoken.asks_others = False

    return wrapped


def _answered(spoken: Spoken, ask: Callable[..., Any]) -> Callable[..., Any]:
    def wrapped(tx: Transaction, sql: str, /, **values: object) -> Any:
        answer = ask(tx, sql, **values)
        spoken.keep(tx, sql, answer)
        return answer

    return wrapped


def _streamed(spoken: Spoken, ask: Callable[..., Any]) -> Callable[..., Any]:
    def wrapped(tx: Transaction, sql: str, size: int, /, **values: object) -> Iterator[Any]:
        given: list[Any] = []
        for rows in ask(tx, sql, size, **values):
            given += rows
            yield rows
        spoken.keep(tx, sql, given)

    return wrapped


def _heard(spoken: Spoken, write: Callable[..., None]) -> Callable[..., None]:
    def wrapped(tx: Transaction, *values: Any) -> None:
        spoken.has_begun = spoken.has_changed = True
        write(tx, *values)

    return wrapped


@contextmanager
def same_chances(name: str) -> Iterator[None]:
    """Draw the same ids and tokens in each run of the case `name`."""
    drawn = iter(range(1_000_000))
    lock = threading.Lock()

    def draw() -> uuid.UUID:
        with lock:
            number = next(drawn)
        return uuid.UUID(bytes=uuid.uuid5(uuid.NAMESPACE_URL, f"{name} {number}").bytes, version=4)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("uuid.uuid4", draw)
        patched.setattr("secrets.token_urlsafe", lambda _n=32: f"t{draw().hex}")
        patched.setattr("secrets.token_hex", lambda n=16: draw().hex[: 2 * n])
        patched.setattr("secrets.token_bytes", lambda n=32: (draw().bytes * n)[:n])
        patched.setattr("secrets.choice", lambda among: among[draw().int % len(among)])
        yield


class Lines(logging.Handler):
    """Every line of every log."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        self.lines.append(record.getMessage())


@contextmanager
def all_logs() -> Iterator[Lines]:
    """Hear every log from DEBUG on."""
    root, lines = logging.getLogger(), Lines()
    before = root.level
    root.addHandler(lines)
    root.setLevel(logging.DEBUG)
    yield lines
    root.setLevel(before)
    root.removeHandler(lines)


def raised(error: BaseException) -> list[Any]:
    """Return an error of ours as a result; raise any other, which says the case is wrong."""
    if not isinstance(error, CrmError):
        raise error
    return ["raised", *plain(error)]


def files_of(folder: Path) -> dict[str, str]:
    """Return the text of each file of a company's folder."""
    return {
        str(path.relative_to(folder)): _plain_bytes(path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith(".lock")
    }
