"""Why a table that a filter by tenant named is bound to the tenant without it, read from the SQL.

A name means what the innermost query around it declares by it, so a name that two queries use is
two tables. A table is bound by a filter of its own query, or by being joined on the tenant to a
table that is; the optional side of a join never binds the other. A query in parentheses that gives
the tenant is bound as what reads it is, and the other way round.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

# What a statement of identity binds the tenant as; what it sets is no filter.
BOUND = re.compile(r"(?<!SET )(?<!:)(?:\b(\w+)\.)?\btenant_id\s*=\s*:(?:tenant_id|tenant|id)\b")
JOINED = re.compile(r"\b(\w+)\.tenant_id\s*=\s*(\w+)\.tenant_id\b")
_PLACES = re.compile(r"\A\s+AND (?:rowid|ctid) (?:IN \(SELECT value|= ANY\()")
_MARK = re.compile(r"[()]|\bUNION\b")
_READ = re.compile(r"\b(?:FROM|JOIN|UPDATE)\s+(?:identity\.)?(\w+)(?:\s+AS\s+(\w+))?")
_QUERY = re.compile(r"\)\s+AS\s+(\w+)")
_JOIN = re.compile(r"\b(LEFT\s+)?JOIN\s+(?:identity\.)?(\w+)(?:\s+AS\s+(\w+))?\s+ON\b")
_GIVES = re.compile(r"\A\s*SELECT\b(?:(?!\bFROM\b).)*?(?:\*|\btenant_id\b)", re.DOTALL)
_SUMMED = re.compile(r"\b(?:min|max|sum|count)\(|\bGROUP BY\b")

Scope = tuple[tuple[int, int], ...]
Named = tuple[str, Scope]
"""A table by its name in the query that declares it."""


@dataclass(frozen=True)
class Statement:
    """A statement, and what its names mean at each place."""

    sql: str

    def scope(self, place: int) -> Scope:
        """Return the queries around a place: where each opens, and which of a UNION it is."""
        opened = [(-1, 0)]
        for mark in _MARK.finditer(self.sql, 0, place):
            if mark.group() == "(":
                opened.append((mark.start(), 0))
            elif mark.group() == ")":
                opened.pop()
            else:
                opened[-1] = (opened[-1][0], opened[-1][1] + 1)
        return tuple(opened)

    def declared(self) -> dict[Named, int]:
        """Return each table that is read, in the order of the statement, and where it is named."""
        found = {}
        for read in _READ.finditer(self.sql):
            found[read[2] or read[1], self.scope(read.start())] = read.start()
        for query in _QUERY.finditer(self.sql):
            found.setdefault((query[1], self.scope(query.end())), query.start())
        return found

    def meant(self, name: str, place: int) -> Named | None:
        """Return which table a name means at a place; without a name the one that is read there."""
        known, scope = self.declared(), self.scope(place)
        for depth in range(len(scope), 0, -1):
            here = [table for table in known if table[1] == scope[:depth]]
            if not name and here:
                return here[0]
            if (name, scope[:depth]) in known:
                return name, scope[:depth]
        return None

    def bound(self) -> set[Named]:
        """Return the tables that are bound to the tenant."""
        found = {table for match in BOUND.finditer(self.sql) for table in self._filtered(match)}
        edges = [*self._joins(), *self._queries()]
        while more := {to for from_, to in edges if from_ <= found} - found:
            found |= more
        return found

    def _filtered(self, match: re.Match[str]) -> Iterator[Named]:
        table = self.meant(match[1] or "", match.start())
        # One deeper than its table may stand under an OR.
        if table and table[1] == self.scope(match.start()):
            yield table

    def _joins(self) -> Iterator[tuple[frozenset[Named], Named]]:
        for match in JOINED.finditer(self.sql):
            scope = self.scope(match.start())
            one, other = (self.meant(name, match.start()) for name in match.groups())
            optional = self._optional(match.start(), scope)
            for from_, to in ((one, other), (other, one)):
                # An inner query does not bind the one around it: it may be what must not exist.
                if from_ and to and to[1] == scope and optional in (None, to):
                    yield frozenset([from_]), to

    def _optional(self, place: int, scope: Scope) -> Named | None:
        joins = [j for j in _JOIN.finditer(self.sql, 0, place) if self.scope(j.start()) == scope]
        last = joins[-1] if joins else None
        return (last[3] or last[2], scope) if last and last[1] else None

    def _queries(self) -> Iterator[tuple[frozenset[Named], Named]]:
        known = self.declared()
        for match in _QUERY.finditer(self.sql):
            outer = (match[1], self.scope(match.end()))
            inside = self.scope(match.start())
            whole = [t for t in known if t[1][:-1] == inside[:-1] and t[1][-1][0] == inside[-1][0]]
            first = {table[1]: table for table in reversed(whole)}
            if not first:
                continue
            yield frozenset(first.values()), outer
            text = self.sql[inside[-1][0] + 1 : match.start()]
            is_mixed = "GROUP BY tenant_id" not in text and _SUMMED.search(text)
            if _GIVES.match(text) and len(first) == 1 and not is_mixed and "LIMIT" not in text:
                yield frozenset([outer]), next(iter(first.values()))


def why_bound(sql: str, start: int, end: int, without: str) -> str:
    """Return why what the filter of `sql` from `start` to `end` named is bound in `without` too.

    `without` is the statement in which the filter holds for every row. Empty when it is not.
    """
    if _PLACES.search(sql[end:]):
        return "bound all the same: the places of rows were read under the filter"
    statement = Statement(without)
    names = re.findall(r"(\w+)\.tenant_id", sql[start:end]) or [""]
    if {statement.meant(name, start) for name in names} <= statement.bound():
        return "bound all the same: by what it is joined to or read by"
    return ""
