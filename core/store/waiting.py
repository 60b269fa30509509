"""What the held rows wait for: labels, products and customers, with their rows and amounts.

Every list is an aggregate of the database, a page at a time: half a million rows may wait.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

from core.store.aliases import STANDING
from core.store.dataset import VISIBLE, head_of
from core.store.import_relations import load_newest_loaded_id
from core.store.run_outputs import bytewise
from core.store.tenant import Transaction

# A line that several exports hold waits once, as the newest of them says it.
# Rows under a decision that stands are not on the desk, unless its product has gone again.
_WAITING = f"""
WITH waiting AS (
    SELECT code, kind, subject, subject_norm, amount_cents, row_json
    FROM held_row
    WHERE tenant_id = :tenant
        AND (released_seq IS NULL OR released_seq > :head)
        AND (again_seq IS NULL OR again_seq > :head)
        AND import_id IN (
            SELECT import_id FROM imports WHERE tenant_id = :tenant AND status = 'loaded'
        )
),
decided AS (
    SELECT alias.label_norm, alias.product_key, imports.status {STANDING}
),
known_product AS (
    SELECT product_key FROM product WHERE {VISIBLE}
),
known_customer AS (
    SELECT customer FROM customer WHERE {VISIBLE}
),
settled AS (
    SELECT label_norm, product_key FROM decided
    WHERE product_key IS NULL OR status IN ('received', 'asking', 'planned')
        OR product_key IN (SELECT product_key FROM known_product)
)
"""
# Of several spellings the one with small letters, which sort after capitals, is shown.
_LABELS = """
SELECT subject_norm AS subject, max({label}) AS name, count(*) AS row_count,
    sum(amount_cents) AS amount_cents
FROM waiting
WHERE code = 'UNKNOWN_LABEL' AND subject_norm NOT IN (SELECT label_norm FROM settled)
GROUP BY subject_norm
"""
_IGNORED = """
SELECT subject_norm AS subject, max({label}) AS name, count(*) AS row_count,
    sum(amount_cents) AS amount_cents
FROM waiting
WHERE code = 'UNKNOWN_LABEL'
    AND subject_norm IN (SELECT label_norm FROM settled WHERE product_key IS NULL)
GROUP BY subject_norm
"""
_PRODUCTS = """
SELECT subject, NULL AS name, count(*) AS row_count, sum(amount_cents) AS amount_cents
FROM waiting
WHERE code = 'UNKNOWN_PRODUCT'
    AND subject NOT IN (SELECT product_key FROM known_product)
    AND NOT subject {pending}
GROUP BY subject
"""
# A row keeps the first reason it was held for. Once that is settled, its customer may be next.
_CUSTOMERS = """
SELECT subject, NULL AS name, count(*) AS row_count, sum(amount_cents) AS amount_cents
FROM (
    SELECT subject, amount_cents FROM waiting WHERE code = 'UNKNOWN_CUSTOMER'
    UNION ALL
    SELECT {customer}, amount_cents FROM waiting
    WHERE code = 'UNKNOWN_LABEL'
        AND subject_norm IN (SELECT label_norm FROM settled WHERE product_key IS NOT NULL)
    UNION ALL
    SELECT {customer}, amount_cents FROM waiting
    WHERE code = 'UNKNOWN_PRODUCT' AND subject IN (SELECT product_key FROM known_product)
) AS named
WHERE subject NOT IN (SELECT customer FROM known_customer) AND NOT subject {pending}
GROUP BY subject
"""
_RETURNS = """
SELECT subject, NULL AS name, count(*) AS row_count, sum(amount_cents) AS amount_cents
FROM waiting WHERE code = 'RETURN_WITHOUT_SALE'
GROUP BY subject
"""
_LISTS: Mapping[str, str] = {
    "labels": _LABELS,
    "ignored": _IGNORED,
    "products": _PRODUCTS,
    "customers": _CUSTOMERS,
    "returns": _RETURNS,
}


@dataclass(frozen=True, kw_only=True)
class WaitingSubject:
    """One label (in its comparison form), product key or customer that rows wait for."""

    subject: str
    name: str | None
    rows: int
    amount_cents: int | None


@dataclass(frozen=True, kw_only=True)
class WaitingSum:
    """How many subjects of a list there are, and what stands behind them."""

    subjects: int
    rows: int
    amount_cents: int


def load_waiting(
    tx: Transaction, what: str, *, limit: int, offset: int = 0, pending: Sequence[str] = ()
) -> list[WaitingSubject]:
    """Return a page of `labels`, `ignored`, `products`, `customers` or `returns`.

    The largest amount first; `pending` are keys about to be created, left out.
    """
    query, values = _list(tx, what, pending)
    found = tx.rows(
        f"{_WAITING} SELECT * FROM ({query}) AS listed"
        " ORDER BY coalesce(amount_cents, 0) DESC, row_count DESC,"
        f" {bytewise(tx, 'subject')} LIMIT :limit OFFSET :offset",
        limit=limit,
        offset=offset,
        **values,
    )
    return [
        WaitingSubject(
            subject=row["subject"],
            name=row["name"],
            rows=int(row["row_count"]),
            amount_cents=None if row["amount_cents"] is None else int(row["amount_cents"]),
        )
        for row in found
    ]


def sum_waiting(tx: Transaction, what: str, *, pending: Sequence[str] = ()) -> WaitingSum:
    """Return the size of a list of `load_waiting`."""
    query, values = _list(tx, what, pending)
    found = tx.row(
        f"{_WAITING} SELECT count(*) AS subjects, coalesce(sum(row_count), 0) AS row_count,"
        f" coalesce(sum(amount_cents), 0) AS amount_cents FROM ({query}) AS listed",
        **values,
    )
    assert found is not None
    return WaitingSum(
        subjects=int(found["subjects"]),
        rows=int(found["row_count"]),
        amount_cents=int(found["amount_cents"]),
    )


def count_waiting(tx: Transaction) -> int:
    """Return how many rows wait, for whatever reason, a line of several exports once."""
    return int(tx.scalar(f"{_WAITING} SELECT count(*) FROM waiting", head=head_of(tx)))


def count_waiting_up_to(tx: Transaction, most: int) -> int:
    """Return how many rows wait; it stops counting at `most`."""
    sql = f"{_WAITING} SELECT count(*) FROM (SELECT 1 FROM waiting LIMIT :most) AS counted"
    return int(tx.scalar(sql, head=head_of(tx), most=most))


def load_stamp(tx: Transaction) -> str:
    """Return a text that changes whenever what waits, or what is decided, may have changed."""
    loaded = load_newest_loaded_id(tx)
    decided = tx.row(f"SELECT count(*) AS decisions, max(alias.decided_at) AS last_at {STANDING}")
    assert decided is not None
    erased = tx.scalar("SELECT count(finished_at) FROM erasure_request WHERE tenant_id = :tenant")
    return f"{loaded}/{decided['decisions']}/{decided['last_at']}/{erased}"


def load_waiting_norms(tx: Transaction, norms: Sequence[str]) -> frozenset[str]:
    """Return those of these labels, in comparison form, that rows wait for."""
    found = tx.rows(
        f"{_WAITING} SELECT DISTINCT subject_norm FROM waiting"
        f" WHERE code = 'UNKNOWN_LABEL' AND subject_norm {tx.among('norms')}",
        head=head_of(tx),
        norms=tx.list_of(norms),
    )
    return frozenset(row["subject_norm"] for row in found)


def load_names_seen(tx: Transaction, keys: Sequence[str] | None) -> dict[str, str]:
    """Return the label that the waiting rows of unknown product keys carry most often.

    None: of every key. Of equally frequent labels the bytewise smallest; a key that is never
    named is left out.
    """
    among = "" if keys is None else f"AND subject {tx.among('keys')}"
    found = tx.rows(
        f"{_WAITING} SELECT subject, {_json(tx, 'product_label')} AS label, count(*) AS times"
        f" FROM waiting WHERE code = 'UNKNOWN_PRODUCT' {among} GROUP BY 1, 2",
        head=head_of(tx),
        **({} if keys is None else {"keys": tx.list_of(keys)}),
    )
    named = sorted((row for row in found if row["label"]), key=itemgetter("label"), reverse=True)
    named.sort(key=itemgetter("times"))
    return {row["subject"]: row["label"] for row in named}


def _list(tx: Transaction, what: str, pending: Sequence[str]) -> tuple[str, dict[str, object]]:
    query = _LISTS[what].format(
        label=bytewise(tx, "subject"),
        customer=_json(tx, "customer"),
        pending=tx.among("pending"),
    )
    values: dict[str, object] = {"head": head_of(tx)}
    if ":pending" in query:
        values["pending"] = tx.list_of(pending)
    return query, values


def _json(tx: Transaction, field: str) -> str:
    """Return the SQL of one text field of a held row."""
    if tx.is_sqlite:
        return f"json_extract(row_json, '$.{field}')"
    return f"(CAST(row_json AS json) ->> '{field}')"
