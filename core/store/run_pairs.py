"""Two finished runs side by side: how many customers changed, and which.

Rows are joined by customer and compared by the digest of her list and by her verdict, as the runs
left them: what reviews changed is no difference between runs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.store.run_outputs import bytewise
from core.store.run_reads import Row
from core.store.tenant import Transaction

_PAIRED = """
FROM next_action_output AS {left}
{join} next_action_output AS {right}
    ON {right}.tenant_id = {left}.tenant_id
    AND {right}.run_id = :{right}
    AND {right}.customer = {left}.customer
    AND {right}.since_review = 0
WHERE {left}.tenant_id = :tenant AND {left}.run_id = :{left} AND {left}.since_review = 0
"""

_TRANSITIONS = f"""
SELECT
    older.reason AS reason_before,
    newer.reason AS reason_after,
    CASE WHEN newer.list_digest <> older.list_digest THEN 1 ELSE 0 END AS is_list_changed,
    count(*) AS customers
{_PAIRED.format(left="older", right="newer", join="LEFT JOIN")}
    AND (
        newer.customer IS NULL
        OR newer.list_digest <> older.list_digest
        OR newer.reason <> older.reason
    )
GROUP BY 1, 2, 3
ORDER BY older.reason, coalesce(newer.reason, ''), 3
"""

_COLUMNS = """
    {left}.customer,
    older.reason AS reason_before,
    newer.reason AS reason_after,
    older.state AS state_before,
    newer.state AS state_after,
    older.segment AS segment_before,
    newer.segment AS segment_after,
    CASE WHEN newer.list_digest = older.list_digest THEN 0 ELSE 1 END AS is_list_changed
"""

# What keeps a customer, by the kind of her change; of a pair whose left side is `older`.
CONDITIONS: Mapping[str, str] = {
    "changed": "(newer.list_digest <> older.list_digest OR newer.reason <> older.reason)",
    "list": "newer.list_digest <> older.list_digest",
    "verdict": "newer.reason <> older.reason",
    "gained": "newer.eligible AND NOT older.eligible",
    "lost": "older.eligible AND NOT newer.eligible",
    "unchanged": "newer.list_digest = older.list_digest AND newer.reason = older.reason",
    "only_before": "newer.customer IS NULL",
    "only_after": "older.customer IS NULL",
}

_LISTS = """
SELECT CAST(run_id AS TEXT) AS run_id, customer, rank, scenario, product_key, score
FROM reco_output
WHERE tenant_id = :tenant AND run_id = :run_id AND since_review = 0 AND customer {among}
ORDER BY customer, rank
"""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """The ids of the runs that are compared."""

    older: str
    newer: str


def load_transitions(tx: Transaction, pair: Pair) -> list[Row]:
    """Return the changed customers of the older run, counted.

    Columns: `reason_before`, `reason_after` (None for those who are not in the newer run),
    `is_list_changed` and `customers`.
    """
    return tx.rows(_TRANSITIONS, older=pair.older, newer=pair.newer)


def load_pairs(tx: Transaction, pair: Pair, kind: str, *, limit: int, offset: int) -> list[Row]:
    """Return a page of customers of one kind of `CONDITIONS`, in bytewise order."""
    left, right = ("newer", "older") if kind == "only_after" else ("older", "newer")
    join = "LEFT JOIN" if kind.startswith("only_") else "JOIN"
    return tx.rows(
        f"SELECT {_COLUMNS.format(left=left)}"
        f" {_PAIRED.format(left=left, right=right, join=join)} AND {CONDITIONS[kind]}"
        f" ORDER BY {bytewise(tx, f'{left}.customer')} LIMIT :limit OFFSET :offset",
        older=pair.older,
        newer=pair.newer,
        limit=limit,
        offset=offset,
    )


def find_pair(tx: Transaction, pair: Pair, customer: str) -> Row | None:
    """Return one customer who is in one of the runs or in both, or None."""
    for left, right in (("older", "newer"), ("newer", "older")):
        found = tx.row(
            f"SELECT {_COLUMNS.format(left=left)}"
            f" {_PAIRED.format(left=left, right=right, join='LEFT JOIN')}"
            f" AND {left}.customer = :customer",
            older=pair.older,
            newer=pair.newer,
            customer=customer,
        )
        if found is not None:
            return found
    return None


def load_lists(
    tx: Transaction, run_id: str, customers: Sequence[str]
) -> dict[str, list[dict[str, Any]]]:
    """Return the lists of `customers` in a run by rank: rank, scenario, product_key, score."""
    lists: dict[str, list[dict[str, Any]]] = {}
    rows = tx.rows(
        _LISTS.format(among=tx.among("customers")),
        run_id=run_id,
        customers=tx.list_of(customers),
    )
    for row in rows:
        item = {name: row[name] for name in ("rank", "scenario", "product_key", "score")}
        lists.setdefault(row["customer"], []).append(item)
    return lists
