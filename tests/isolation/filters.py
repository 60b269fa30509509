"""The filters by tenant in the statements that cases made, dropped one at a time."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tests.isolation.runs import Case, Outcome
from tests.isolation.world import World

KILLED, SURVIVED = "killed", "survived"
_BOUND = re.compile(r"(?:\b(\w+)\.)?\btenant_id\s*=\s*:tenant\b")
_JOINED = re.compile(r"\b(\w+)\.tenant_id\s*=\s*(\w+)\.tenant_id\b")
_PLACES = re.compile(r"\A\s+AND (?:rowid|ctid) (?:IN \(SELECT value|= ANY\()")
_FROM = re.compile(r"\bFROM\s+")
_MOST_CASES = 14
_BEFORE, _AFTER = 90, 60


@dataclass(frozen=True)
class Mutant:
    """A filter of a statement, and every statement without it that has it in the same words.

    Statements share passages, whose filters stand in the source once.
    """

    sql: str
    start: int
    end: int
    swaps: Mapping[str, str] = field(hash=False, compare=False)

    def __str__(self) -> str:
        before = self.sql[max(0, self.start - _BEFORE) : self.start]
        lost, after = self.sql[self.start : self.end], self.sql[self.end :][:_BEFORE]
        return " ".join(f"{before}«{lost}»{after}".split())


def filters_of(sql: str) -> Iterator[tuple[int, int]]:
    """Yield where a statement names the tenant to choose rows."""
    for pattern in (_BOUND, _JOINED):
        for found in pattern.finditer(sql):
            yield found.span()


def _passage(sql: str, start: int, end: int) -> str:
    return " ".join(sql[max(0, start - _BEFORE) : end + _AFTER].split())


class Trial:
    """Each filter dropped in the cases that make its statements, and what they come to without."""

    def __init__(
        self, world: World, known: Mapping[str, Case], base: Mapping[str, Outcome]
    ) -> None:
        self.world, self.known, self.base = world, known, base
        self.users: dict[str, list[str]] = defaultdict(list)
        # The cases of the fewest statements first: they are the quickest.
        for name, outcome in sorted(base.items(), key=lambda item: len(item[1].statements)):
            for sql in outcome.statements:
                self.users[sql].append(name)

    def mutants(self) -> list[Mutant]:
        """Return every filter of the statements that cases made."""
        found: dict[str, list[tuple[str, int, int]]] = defaultdict(list)
        for sql in self.users:
            for start, end in filters_of(sql):
                found[_passage(sql, start, end)].append((sql, start, end))
        return [
            Mutant(*places[0], {q: f"{q[:a]}:tenant = :tenant{q[b:]}" for q, a, b in places})
            for places in found.values()
        ]

    def judge(self, mutant: Mutant) -> str:
        """Return whether a case notices the loss, or why nothing is lost."""
        users = dict.fromkeys(name for sql in mutant.swaps for name in self.users[sql])
        ranked = sorted(users, key=lambda name: len(self.base[name].statements))
        for name in ranked[:_MOST_CASES]:
            if self._is_noticed(name, mutant):
                return KILLED
        return why_bound(mutant) or SURVIVED

    def _is_noticed(self, name: str, mutant: Mutant) -> bool:
        try:
            outcome = self.known[name].run(self.world, lambda sql: mutant.swaps.get(sql, sql))
        except Exception:  # noqa: BLE001 - another's row where one was expected
            return True
        before = self.base[name]
        return (outcome.told, outcome.others) != (before.told, before.others)


def _outside(before: str) -> tuple[str, str]:
    """Return what precedes the innermost open query before a filter, and what it reads from."""
    depth, end = 0, len(before)
    for place in range(end - 1, -1, -1):
        depth += (before[place] == ")") - (before[place] == "(")
        if depth < 0:
            return before[:place], before[place + 1 :]
        if depth == 0 and (found := _FROM.match(before, place)):
            return before[:place], before[found.end() :]
    return "", ""


def why_bound(mutant: Mutant) -> str:
    """Return the reason why what the filter named is bound to the tenant all the same."""
    before, lost = mutant.sql[: mutant.start], mutant.sql[mutant.start : mutant.end]
    if _PLACES.search(mutant.sql[mutant.end :]):
        return "bound all the same: the places of rows were read under the filter"
    if _outside(before)[1].startswith("("):
        return "bound all the same: it reads a query that is bound within"
    alias = lost.partition(".")[0] if "." in lost else ""
    joined = defaultdict(set)
    mutated = mutant.swaps[mutant.sql]
    for one, other in _JOINED.findall(mutated):
        joined[one].add(other)
        joined[other].add(one)
    bound = {name for name in _BOUND.findall(mutated) if name}
    reached, open_ = {alias}, [alias]
    while open_:
        for other in joined[open_.pop()] - reached:
            reached.add(other)
            open_.append(other)
    if alias and reached & bound:
        return "bound all the same: it is joined on the tenant to a table that is bound"
    return ""
