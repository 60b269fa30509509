"""What changed in the data of some customers between the revisions that two runs read.

Imports keep every version of a row, so a row that one revision shows and the other does not is a
change. Suppressions and sent messages are dated instead.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from core.contracts import DATASET_TABLES
from core.store.dataset import VISIBLE, head_of
from core.store.tenant import Transaction

_SEEN = "(from_seq <= :{h} AND (to_seq IS NULL OR to_seq > :{h}))"
_ONE_SIDED = f"{_SEEN.format(h='older')} <> {_SEEN.format(h='newer')}"

_LINES = f"""
SELECT customer, count(DISTINCT line_key) AS found
FROM sale_line
WHERE tenant_id = :tenant AND customer {{among}} AND sale_date <= :last AND {_ONE_SIDED}
GROUP BY customer
"""

_LINES_BETWEEN = f"""
SELECT customer, count(*) AS found
FROM sale_line
WHERE {VISIBLE} AND customer {{among}}
    AND sale_date > :first AND sale_date <= :last
    AND coalesce(document_status, 'valid') <> 'cancelled'
GROUP BY customer
"""

# Two searches by an index each, here and below: with OR between them SQLite goes through all of the
# tenant's.
_CONTACTS = f"""
SELECT event_key, customer, email_norm
FROM contact_history
WHERE tenant_id = :tenant AND customer {{among}}
    AND status <> 'dry_run' AND contact_date <= :last AND {_ONE_SIDED}
UNION
SELECT event_key, customer, email_norm
FROM contact_history
WHERE tenant_id = :tenant AND email_norm {{addressed}}
    AND status <> 'dry_run' AND contact_date <= :last AND {_ONE_SIDED}
"""

_RECORDS = f"""
SELECT customer, {", ".join(f'"{n}"' for n in DATASET_TABLES["customers"] if n != "customer")},
    CASE WHEN {_SEEN.format(h="older")} THEN 1 ELSE 0 END AS in_older,
    CASE WHEN {_SEEN.format(h="newer")} THEN 1 ELSE 0 END AS in_newer
FROM customer
WHERE tenant_id = :tenant AND customer {{among}}
    AND ({_SEEN.format(h="older")} OR {_SEEN.format(h="newer")})
"""

_SUPPRESSIONS_OF = """
SELECT suppression_id, suppression.customer, suppression.email_norm
FROM suppression
LEFT JOIN imports
    ON imports.tenant_id = suppression.tenant_id AND imports.import_id = suppression.import_id
WHERE suppression.tenant_id = :tenant
    AND {concerned}
    AND (
        (imports.seq > :low AND imports.seq <= :high)
        OR (
            imports.status = 'undone'
            AND imports.loaded_at > :read_first AND imports.loaded_at <= :read_last
        )
        OR (suppression.import_id IS NULL AND since >= :read_first_day AND since <= :read_last_day)
        OR (lifted_at > :read_first AND lifted_at <= :read_last)
    )
"""
_SUPPRESSIONS = f"""
{_SUPPRESSIONS_OF.format(concerned="suppression.customer {among}")}
UNION
{_SUPPRESSIONS_OF.format(concerned="suppression.email_norm {addressed}")}
"""

_SENT = """
SELECT customer, count(*) AS found
FROM delivery
WHERE tenant_id = :tenant AND customer {among} AND mode = 'live' AND state = 'SENT'
    AND claimed_at > :read_first AND claimed_at <= :read_last
GROUP BY customer
"""


@dataclass(frozen=True, kw_only=True)
class Between:
    """Two revisions of the data: where they stand, when they were read, and the as-of dates.

    The sequence numbers are None when a revision is gone or was not kept.
    """

    older_seq: int | None
    newer_seq: int | None
    older_read: datetime
    newer_read: datetime
    older_as_of: date
    newer_as_of: date

    @property
    def is_known(self) -> bool:
        """Tell whether both revisions stand."""
        return self.older_seq is not None and self.newer_seq is not None


@dataclass(frozen=True, kw_only=True)
class OwnChanges:
    """How much of one customer's data differs; `fields` are those of her record.

    `lines_between` are her lines between the two as-of dates, which are no change of the data.
    """

    lines: int = 0
    contacts: int = 0
    fields: tuple[str, ...] = ()
    suppressions: int = 0
    messages: int = 0
    lines_between: int = 0

    @property
    def is_any(self) -> bool:
        """Tell whether any of her data differ."""
        counts = (self.lines, self.contacts, self.suppressions, self.messages)
        return any(counts) or bool(self.fields)


def load_own_changes(
    tx: Transaction, between: Between, customers: Sequence[str]
) -> dict[str, OwnChanges]:
    """Return what differs for each of `customers`; only `lines_between` unless both are known."""
    found = _load_lines_between(tx, between, customers)
    if not between.is_known:
        return {c: OwnChanges(lines_between=found.get(c, 0)) for c in customers}
    among, asked = tx.among("customers"), {"customers": tx.list_of(customers)}
    seqs = {"older": between.older_seq, "newer": between.newer_seq}
    moments = _moments(between)
    records = tx.rows(_RECORDS.format(among=among), **asked, **seqs)
    last = max(between.older_as_of, between.newer_as_of)
    lines = _counts(tx, _LINES.format(among=among), **asked, **seqs, last=last)
    messages = _counts(tx, _SENT.format(among=among), **asked, **moments)
    owners = _owners(records)
    asked["addresses"] = tx.list_of(sorted(owners))
    both = {"among": among, "addressed": tx.among("addresses")}
    contacts = tx.rows(_CONTACTS.format(**both), **asked, **seqs, last=last)
    suppressions = tx.rows(_SUPPRESSIONS.format(**both), **asked, **_window(between), **moments)
    by_contact, by_suppression = (_by_person(rows, owners) for rows in (contacts, suppressions))
    return {
        customer: OwnChanges(
            lines=lines.get(customer, 0),
            contacts=by_contact[customer],
            fields=_changed_fields(records, customer),
            suppressions=by_suppression[customer],
            messages=messages.get(customer, 0),
            lines_between=found.get(customer, 0),
        )
        for customer in customers
    }


def _load_lines_between(
    tx: Transaction, between: Between, customers: Sequence[str]
) -> dict[str, int]:
    first, last = sorted((between.older_as_of, between.newer_as_of))
    if first == last:
        return {}
    head = head_of(tx) if between.newer_seq is None else between.newer_seq
    sql = _LINES_BETWEEN.format(among=tx.among("customers"))
    asked = tx.list_of(customers)
    return _counts(tx, sql, customers=asked, first=first, last=last, head=head)


def _window(between: Between) -> dict[str, object]:
    low, high = sorted((between.older_seq or 0, between.newer_seq or 0))
    first, last = sorted((between.older_read, between.newer_read))
    return {
        "low": low,
        "high": high,
        "read_first_day": first.date(),
        "read_last_day": last.date(),
    }


def _moments(between: Between) -> dict[str, datetime]:
    first, last = sorted((between.older_read, between.newer_read))
    return {"read_first": first, "read_last": last}


def _counts(tx: Transaction, sql: str, **values: object) -> dict[str, int]:
    return {row["customer"]: int(row["found"]) for row in tx.rows(sql, **values)}


def _owners(records: Sequence[Mapping[str, object]]) -> dict[str, set[str]]:
    """Return who has or had each address."""
    owners: dict[str, set[str]] = {}
    for record in records:
        if record["email_norm"]:
            owners.setdefault(str(record["email_norm"]), set()).add(str(record["customer"]))
    return owners


def _by_person(rows: Sequence[Mapping[str, Any]], owners: Mapping[str, set[str]]) -> Counter[str]:
    """Return how many rows concern each customer, by her code or by her address."""
    counts: Counter[str] = Counter()
    for row in rows:
        counts.update({row["customer"], *owners.get(row["email_norm"], ())} - {None})
    return counts


def _changed_fields(records: Sequence[Mapping[str, object]], customer: str) -> tuple[str, ...]:
    sides = {
        side: next((r for r in records if r["customer"] == customer and r[side]), None)
        for side in ("in_older", "in_newer")
    }
    older, newer = sides["in_older"], sides["in_newer"]
    if older is None or newer is None:
        return () if older is newer else ("customer",)
    return tuple(n for n in DATASET_TABLES["customers"] if older[n] != newer[n])
