"""What is counted of a run in shards: whole numbers, which add up in any order to the same.

Customers of different shards are different people, so even a count of distinct customers is the sum
of those of the shards; quantiles are those of all scores, which a count per score still knows.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import duckdb
import pyarrow as pa
from duckdb import DuckDBPyConnection

from core.contracts import RuleCode, Scenario, Severity
from core.counts import count_rows
from core.policy import Policy
from core.services.run_summary import (
    REASONS,
    active_codes,
    compute_qc,
    count_lists,
    fetch_records,
    verdict_figures,
)

Figures = dict[str, Any]
Row = tuple[Any, ...]

_SCORES = """
SELECT audit_score, count(*) AS customers, count(*) FILTER (eligible) AS eligible
FROM verdicts
GROUP BY audit_score
ORDER BY audit_score
"""
_VERDICTS = """
CREATE TABLE verdicts AS
SELECT audit_score, place < eligible AS eligible
FROM (SELECT *, unnest(range(customers)) AS place FROM scores)
"""


def _place_in(*listed: Iterable[str] | None) -> Callable[[Row], Row]:
    """Return the order of rows by their keys: each by its place in a list, or by itself."""
    places = [None if names is None else {n: at for at, n in enumerate(names)} for names in listed]

    def order(keys: Row) -> Row:
        return tuple(
            key if place is None else place[key] for key, place in zip(keys, places, strict=True)
        )

    return order


# The keys of each list of `compute_qc`, and the order its SQL puts them in.
_LISTS: Mapping[str, tuple[Row, Callable[[Row], Row]]] = {
    "scores": (("audit_score",), _place_in(None)),
    "score_bins": (("score_from",), _place_in(None)),
    "issues": (("rule_code", "severity"), _place_in(RuleCode, Severity)),
    "reasons": (("reason",), _place_in(REASONS)),
    "scenario_mix": (("segment", "scenario"), _place_in(None, Scenario)),
    "products": (("product_key",), _place_in(None)),
    "segments": (("name",), _place_in(None)),
    "states": (("name",), _place_in(None)),
}
_COUNTS = ("repairs", "recommendations")
_BY_NAME = ("scenario_counts", "rule_counts")


def count_shard(con: DuckDBPyConnection, policy: Policy) -> Figures:
    """Return what is counted of the lists, issues and verdicts of a shard, JSON-ready."""
    return {
        "repairs": count_rows(con, "repairs"),
        "scores": fetch_records(con, _SCORES),
        **count_lists(con, active_codes(policy)),
        **compute_qc(con),
    }


def add_up(shards: Iterable[str]) -> Figures:
    """Return the figures of all customers from those of one shard or more, as JSON."""
    total: Figures = {}
    for one in map(json.loads, shards):
        total = _added(total, one) if total else _keyed(one)
    return {**total, **{name: _records(name, total[name]) for name in _LISTS}}


def summary_figures(total: Figures) -> dict[str, Any]:
    """Return what `run_summary.json` has of `add_up`."""
    with duckdb.connect() as con:
        con.register("scores", pa.Table.from_pylist(total["scores"]))
        con.execute(_VERDICTS)
        told = {name: total[name] for name in (*_COUNTS, *_BY_NAME)}
        return {**told, **verdict_figures(con)}


def qc_figures(total: Figures) -> dict[str, Any]:
    """Return what the page of quality control shows of `add_up`."""
    return {name: total[name] for name in _LISTS if name != "scores"}


def _keyed(figures: Figures) -> Figures:
    """Return the figures with the rows of each list by their keys."""
    return {**figures, **{name: _by_keys(name, figures[name]) for name in _LISTS}}


def _by_keys(name: str, records: Iterable[Mapping[str, Any]]) -> dict[Row, Counter[str]]:
    keys, _order = _LISTS[name]
    return {
        tuple(record[key] for key in keys): Counter(
            {field: value for field, value in record.items() if field not in keys}
        )
        for record in records
    }


def _added(total: Figures, figures: Figures) -> Figures:
    for name in _COUNTS:
        total[name] += figures[name]
    for name in _BY_NAME:
        _add_named(total[name], figures[name])
    for name in _LISTS:
        for keys, counts in _by_keys(name, figures[name]).items():
            total[name].setdefault(keys, Counter()).update(counts)
    return total


def _add_named(total: dict[str, Any], more: Mapping[str, Any]) -> None:
    """Add numbers by name; below a name there may be names again."""
    for name, value in more.items():
        if isinstance(value, Mapping):
            _add_named(total[name], value)
        else:
            total[name] += value


def _records(name: str, rows: Mapping[Row, Counter[str]]) -> list[dict[str, Any]]:
    keys, order = _LISTS[name]
    return [dict(zip(keys, found, strict=True)) | rows[found] for found in sorted(rows, key=order)]
