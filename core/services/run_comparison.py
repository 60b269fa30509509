"""Why did this customer change? Two finished runs compared, as truthfully as runs allow.

A run keeps its as-of date, its policy, the revision of its data and the digest of the code, so
what differs between two runs as a whole is known. Of one customer it is known besides whether her
own data differ. Where several things differ at once, runs do not tell which of them decided.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from core.contracts import DATASET_TABLES, REASON_OK, Scenario
from core.errors import NotFound, Refused
from core.i18n import N_
from core.policy import Policy, parse_policy
from core.services.comparison_records import (
    KINDS,
    Cause,
    CustomerDifference,
    ListItem,
    RunComparison,
    Transition,
)
from core.services.policy_fields import changes_between
from core.services.run_basis import basis_in, intact_seq
from core.services.run_reports import card_of, finished_run
from core.store.own_changes import Between, load_own_changes
from core.store.run_pairs import (
    Pair,
    find_pair,
    load_lists,
    load_pairs,
    load_transitions,
)
from core.store.run_reads import Row, load_product_names
from core.store.runs import Run
from core.store.tenant import TenantStore, Transaction

_SAME_RUN = N_("A run cannot be compared with itself. Choose two runs.")
_NO_DIGESTS = N_(
    "One of the runs was made by an earlier version of the program, which kept nothing to compare"
    " by. Launch it again."
)
_NO_KIND = N_("There is no kind of change %(kind)s. Choose one of: %(kinds)s.")


def compare_runs(store: TenantStore, older_id: str, newer_id: str) -> RunComparison:
    """Compare two finished runs; raise `NotFound`, and `Refused` where they cannot be."""
    with store.read() as tx:
        older, newer = _both(tx, older_id, newer_id)
        pair = Pair(older=older.run_id, newer=newer.run_id)
        if not (basis_in(older) and basis_in(newer)):  # digests of lists come with the basis
            raise Refused(_NO_DIGESTS)
        rows = load_transitions(tx, pair)
    return RunComparison(
        older=card_of(older),
        newer=card_of(newer),
        causes=_causes(older, newer),
        policy_changes=changes_between(_policy(older), _policy(newer)),
        tables=_tables(older, newer),
        code=(_code_name(older), _code_name(newer)),
        counts=_counts(rows, _summary(older)["customers"], _summary(newer)["customers"]),
        transitions=_transitions(rows),
        scenarios=_scenarios(older, newer),
    )


def customers_of_comparison(
    store: TenantStore,
    older_id: str,
    newer_id: str,
    *,
    kind: str = "changed",
    limit: int = 20,
    offset: int = 0,
) -> tuple[CustomerDifference, ...]:
    """Return a page of the customers of one of `KINDS`, in bytewise order of their codes."""
    if kind not in KINDS:
        raise Refused(_NO_KIND, kind=kind, kinds=", ".join(KINDS))
    with store.read() as tx:
        older, newer = _both(tx, older_id, newer_id)
        pair = Pair(older=older.run_id, newer=newer.run_id)
        rows = load_pairs(tx, pair, kind, limit=limit, offset=offset)
        return _differences(tx, older, newer, rows)


def customer_of_comparison(
    store: TenantStore, older_id: str, newer_id: str, customer: str
) -> CustomerDifference:
    """Return one customer of either run; raise `NotFound`."""
    with store.read() as tx:
        older, newer = _both(tx, older_id, newer_id)
        row = find_pair(tx, Pair(older=older.run_id, newer=newer.run_id), customer)
        if row is None:
            raise NotFound(N_("This customer is in neither of the runs."))
        return _differences(tx, older, newer, [row])[0]


def _both(tx: Transaction, older_id: str, newer_id: str) -> tuple[Run, Run]:
    older, newer = finished_run(tx, older_id), finished_run(tx, newer_id)
    if older.run_id == newer.run_id:
        raise Refused(_SAME_RUN)
    return older, newer


def _causes(older: Run, newer: Run) -> tuple[Cause, ...]:
    """Return what differs between the runs."""
    code = [basis_in(run)["code"] for run in (older, newer)]
    summaries = [_summary(run) for run in (older, newer)]
    differs = {
        Cause.DATA: summaries[0]["dataset_hash"] != summaries[1]["dataset_hash"],
        Cause.DATE: older.as_of != newer.as_of,
        Cause.POLICY: bool(changes_between(_policy(older), _policy(newer))),
        Cause.CODE: code[0]["sha256"] != code[1]["sha256"],
    }
    return tuple(cause for cause, is_so in differs.items() if is_so)


def _tables(older: Run, newer: Run) -> tuple[str, ...]:
    before, after = (basis_in(run)["data"]["tables"] for run in (older, newer))
    return tuple(t for t in DATASET_TABLES if before.get(t) != after.get(t))


def _code_name(run: Run) -> str:
    """Return the version of the code with the beginning of its digest."""
    code = basis_in(run)["code"]
    return f"{code['version']} ({code['sha256'][:8]})"


def _counts(rows: Sequence[Row], older: int, newer: int) -> dict[str, int]:
    """Return the customers by kind; `rows` are the changed ones (`load_transitions`)."""

    def count(is_counted: Callable[[Row], bool]) -> int:
        return sum(row["customers"] for row in rows if is_counted(row))

    def is_moved(row: Row) -> bool:
        return row["reason_after"] not in (None, row["reason_before"])

    gone = count(lambda row: row["reason_after"] is None)
    changed = count(lambda row: row["reason_after"] is not None)
    return {
        "changed": changed,
        "list": count(lambda row: bool(row["is_list_changed"])),
        "verdict": count(is_moved),
        "gained": count(lambda row: is_moved(row) and row["reason_after"] == REASON_OK),
        "lost": count(lambda row: is_moved(row) and row["reason_before"] == REASON_OK),
        "unchanged": older - gone - changed,
        "only_before": gone,
        "only_after": newer - (older - gone),
    }


def _transitions(rows: Sequence[Row]) -> tuple[Transition, ...]:
    found: Counter[tuple[str, str]] = Counter()
    for row in rows:
        before, after = row["reason_before"], row["reason_after"]
        if after not in (None, before):
            found[before, after] += row["customers"]
    ordered = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Transition(before=b, after=a, customers=n) for (b, a), n in ordered)


def _scenarios(older: Run, newer: Run) -> dict[str, tuple[int, int]]:
    before, after = (_summary(run)["scenario_counts"] for run in (older, newer))
    return {s.value: (before.get(s.value, 0), after.get(s.value, 0)) for s in Scenario}


def _differences(
    tx: Transaction, older: Run, newer: Run, rows: Sequence[Row]
) -> tuple[CustomerDifference, ...]:
    customers = [row["customer"] for row in rows]
    lists = [load_lists(tx, run.run_id, customers) for run in (older, newer)]
    keys = {item["product_key"] for found in lists for items in found.values() for item in items}
    names = load_product_names(tx, sorted(keys))
    between = _between(tx, older, newer)
    own = load_own_changes(tx, between, customers)
    return tuple(
        CustomerDifference(
            **{**row, "is_list_changed": bool(row["is_list_changed"])},
            before=_items(lists[0].get(row["customer"], ()), names),
            after=_items(lists[1].get(row["customer"], ()), names),
            own=own[row["customer"]],
            is_own_known=between.is_known,
        )
        for row in rows
    )


def _items(rows: Sequence[Row], names: Mapping[str, str]) -> tuple[ListItem, ...]:
    return tuple(
        ListItem(**row, product_name=names.get(row["product_key"], row["product_key"]))
        for row in rows
    )


def _between(tx: Transaction, older: Run, newer: Run) -> Between:
    return Between(
        older_seq=intact_seq(tx, older),
        newer_seq=intact_seq(tx, newer),
        older_read=_read_at(older),
        newer_read=_read_at(newer),
        older_as_of=older.as_of,
        newer_as_of=newer.as_of,
    )


def _read_at(run: Run) -> datetime:
    kept = basis_in(run).get("read_at")
    return datetime.fromisoformat(kept) if kept else run.finished_at or run.created_at


def _summary(run: Run) -> dict[str, Any]:
    summary: dict[str, Any] = json.loads(run.summary_json or "{}")
    return summary


def _policy(run: Run) -> Policy:
    return parse_policy(json.loads(run.policy_json))
