"""A case run in a world: what it gave, what it left, what it said and which statements it made."""

import contextlib
import hashlib
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import CrmError
from tests.isolation.cases import MEETS, UNORDERED, Function, arguments, functions
from tests.isolation.observed import (
    Spoken,
    Watch,
    all_logs,
    files_of,
    listening,
    plain,
    raised,
    same_chances,
)
from tests.isolation.only import ALSO
from tests.isolation.stories import STORIES
from tests.isolation.twins import MARK
from tests.isolation.users import account_rows
from tests.isolation.world import ALPHA, BETA, World, rows_of


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a case told and left, as digests by place; `seen` is what it told of the other company.

    `told` holds the result, what statements gave, own rows by table, files by name; `others`
    the rows of the other company by table, nothing where the case wrote nothing.
    """

    told: Mapping[str, str]
    others: Mapping[str, str]
    seen: tuple[str, ...]
    entered: frozenset[str]
    statements: tuple[str, ...]


@dataclass
class _Left:
    """What is found in the database and the folder after a case."""

    rows: Mapping[str, Any] = field(default_factory=dict)
    others: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """A function with its arguments, or a story."""

    name: str
    function: Function | None = None

    def run(self, world: World, rewrite: Callable[[str], str] | None = None) -> Outcome:
        """Run in `world`, which is put back when the case wrote."""
        spoken, left = Spoken(rewrite=rewrite or (lambda sql: sql)), _Left()
        # Looking at every call doubles the time, and only beside the other is there much to see.
        is_watched = world.is_paired and rewrite is None
        codes = {f.code: f.name for f in functions().values()} if is_watched else {}
        watch = Watch(codes, unheard=MEETS)
        is_undone = self.function is not None and self.function.in_transaction
        try:
            with same_chances(self.name), all_logs() as lines, listening(spoken), watch:
                given = self._given(world, spoken, left)
            if spoken.has_begun and not is_undone:
                _look(world, left)
        finally:
            if spoken.has_begun and not is_undone:
                world.put_back()
        told = _settled(given, left, world)
        told["answers to statements"] = settled(sorted(map(str, spoken.answers)), world)
        text = repr([told, lines.lines, watch.given])
        return Outcome(
            told={place: digest_of(found) for place, found in told.items()},
            others={table: digest_of(rows) for table, rows in left.others.items()},
            seen=tuple(mark for mark in _FOREIGN if mark in text),
            entered=frozenset(watch.entered),
            statements=tuple(dict.fromkeys(spoken.statements)),
        )

    def _given(self, world: World, spoken: Spoken, left: _Left) -> Any:
        try:
            if self.function is None:
                return plain(STORIES[self.name](world.mine, world.values))
            return self._called(world, self.function, spoken, left)
        except CrmError as error:
            return raised(error)

    def _called(self, world: World, function: Function, spoken: Spoken, left: _Left) -> Any:
        given = arguments(function, world.values, self.name)
        assert given is not None, f"{function.name} has no case"
        with contextlib.ExitStack() as held:
            if function.in_transaction:
                tx = held.enter_context(_rolled_back(world, function, spoken, left))
            for parameter in function.parameters:
                kind = getattr(parameter.annotation, "__name__", "")
                if kind == "TenantStore":
                    given[parameter.name] = world.mine
                elif kind == "Store":
                    given[parameter.name] = world.store
                elif kind == "Transaction":
                    given[parameter.name] = tx
            if "folder" in {p.name for p in function.parameters}:
                given["folder"] = Path(held.enter_context(tempfile.TemporaryDirectory()))
            result = plain(function.call(**given))
            if function.name in UNORDERED:
                result = _in_one_order(result)
            return [result, plain(given["con"])] if "con" in given else result


_TIMINGS = re.compile(r'"(timings|seconds)": ?(\{[^}]*\}|[\d.]+)')
_TEMPORARY = re.compile(r"/tmp/tmp\w+")
_FOREIGN = (MARK, BETA.tenant_id, BETA.name)


def _in_one_order(value: Any) -> Any:
    return sorted(map(_in_one_order, value), key=repr) if isinstance(value, list) else value


class _Done(Exception):
    pass


@contextlib.contextmanager
def _rolled_back(world: World, function: Function, spoken: Spoken, left: _Left) -> Any:
    opened = world.store.identity(write=True) if function.on_identity else world.mine.begin()
    with contextlib.suppress(_Done), opened as tx:
        yield tx
        if spoken.has_changed:
            read = account_rows if function.on_identity else rows_of
            left.rows = read(tx.connection, ALPHA.tenant_id)
            # Row security shows a tenant nobody else's rows.
            is_seen = tx.is_sqlite or function.on_identity
            left.others = read(tx.connection, BETA.tenant_id) if is_seen else {}
        raise _Done


def _look(world: World, left: _Left) -> None:
    left.rows, left.others = world.rows_of(ALPHA, BETA)
    left.files = files_of(world.mine.folder)


def _settled(given: Any, left: _Left, world: World) -> dict[str, Any]:
    found = {"the result": given}
    found |= {f"table {name}": rows for name, rows in left.rows.items()}
    found |= {f"file {name}": content for name, content in left.files.items()}
    return {place: settled(what, world) for place, what in found.items()}


def digest_of(value: Any) -> str:
    """Return the digest of a plain value."""
    return hashlib.sha256(repr(value).encode("utf-8", "replace")).hexdigest()


def settled(value: Any, world: World) -> Any:
    """Return a plain value without the world's own place and without timings."""
    if isinstance(value, str):
        place = value.replace(str(world.store.settings.data_dir), "<data>")
        return _TIMINGS.sub("", _TEMPORARY.sub("<temporary>", place))
    if isinstance(value, dict):
        return {settled(key, world): settled(cell, world) for key, cell in value.items()}
    return [settled(cell, world) for cell in value] if isinstance(value, list) else value


def cases(values: Mapping[str, Any]) -> dict[str, Case]:
    """Return every case: functions whose parameters are known, some once more, and stories."""
    direct = {
        function.name: Case(function.name, function)
        for function in functions().values()
        if function.reaches_rows and arguments(function, values) is not None
    }
    again = {name: Case(name, functions()[name.partition(" ")[0]]) for name in ALSO}
    return {**{name: Case(name) for name in STORIES}, **direct, **again}
