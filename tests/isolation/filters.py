"""The filters by tenant in the statements that cases made, dropped one at a time."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tests.isolation.bound import BOUND, JOINED, why_bound
from tests.isolation.runs import Case, Outcome
from tests.isolation.world import World

KILLED, SURVIVED, CONTRADICTED = "killed", "survived", "killed, but"
_MOST_CASES, _CASES_OF_BOUND = 14, 3
_BEFORE, _AFTER = 90, 60


@dataclass(frozen=True)
class Mutant:
    """A filter of a statement, and every statement without it that has it in the same words.

    Statements share passages, whose filters stand in the source once; where one has a passage
    twice, each is a filter.
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
    for pattern in (BOUND, JOINED):
        for found in pattern.finditer(sql):
            yield found.span()


def _without(sql: str, start: int, end: int) -> str:
    """Return a statement in which a filter holds for every row; what it binds stays bound."""
    named = sql[start:end].rpartition("=")[2].strip()
    kept = f"{named} = {named}" if named.startswith(":") else "1 = 1"
    return f"{sql[:start]}{kept}{sql[end:]}"


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
        found: dict[tuple[str, int], list[tuple[str, int, int]]] = defaultdict(list)
        for sql in self.users:
            met: Counter[str] = Counter()
            for start, end in sorted(filters_of(sql)):
                passage = _passage(sql, start, end)
                found[passage, met[passage]].append((sql, start, end))
                met[passage] += 1
        return [
            Mutant(*places[0], {sql: _without(sql, start, end) for sql, start, end in places})
            for places in found.values()
        ]

    def judge(self, mutant: Mutant) -> str:
        """Return whether a case notices the loss, or why nothing is lost."""
        without = mutant.swaps[mutant.sql]
        bound = why_bound(mutant.sql, mutant.start, mutant.end, without)
        users = dict.fromkeys(name for sql in mutant.swaps for name in self.users[sql])
        ranked = sorted(users, key=lambda name: len(self.base[name].statements))
        tried = ranked[: _CASES_OF_BOUND if bound else _MOST_CASES]
        if any(self._is_noticed(name, mutant) for name in tried):
            return f"{CONTRADICTED} {bound}" if bound else KILLED
        return bound or SURVIVED

    def _is_noticed(self, name: str, mutant: Mutant) -> bool:
        try:
            outcome = self.known[name].run(self.world, lambda sql: mutant.swaps.get(sql, sql))
        except Exception:  # noqa: BLE001 - another's row where one was expected
            return True
        before = self.base[name]
        return (outcome.told, outcome.others) != (before.told, before.others)
