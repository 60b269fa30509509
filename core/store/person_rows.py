"""Every row of a tenant that names a person, table by table, as an export of her data shows it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from core.store.models import FOUND_BY, data_metadata
from core.store.subjects import Subject
from core.store.tenant import Transaction, as_date

_ROWS_AT_ONCE = 500
_BY_CODE = "customer {codes}"
_BY_ADDRESS = "email_norm {addresses}"
_EITHER = f"({_BY_CODE} OR {_BY_ADDRESS})"
_OF_RUN = f"run_id IN (SELECT run_id FROM run WHERE tenant_id = :tenant) AND {_BY_CODE}"

# Which rows of each table are shown, in the order of the export.
SECTIONS: Mapping[str, str] = {
    "customer": _EITHER,
    "sale_line": _BY_CODE,
    "contact_history": _EITHER,
    "suppression": _EITHER,
    "held_row": "({row} ->> 'customer' {codes} OR lower({row} ->> 'email') {addresses})",
    "reco_output": _OF_RUN,
    "audit_output": _OF_RUN,
    "next_action_output": _OF_RUN,
    "run_reserve": _OF_RUN,
    "product_due": _OF_RUN,
    "review_decision": _BY_CODE,
    "cause_trial": _BY_CODE,
    "delivery": _EITHER,
    "campaign_holdout": _BY_CODE,
    "brevo_event": _BY_ADDRESS,
    "contact_push": _BY_ADDRESS,
}
_CONSENT = """
SELECT customer, phone_consent, email_opt_out, consent_source, consent_date, consent_wording
FROM customer WHERE tenant_id = :tenant AND customer {codes} ORDER BY customer, from_seq DESC
"""


@dataclass(frozen=True, kw_only=True)
class ConsentVersion:
    """What one version of a record says of consent: where from, of which day, in which words."""

    customer: str
    phone_consent: bool | None
    email_opt_out: bool | None
    consent_source: str | None
    consent_date: date | None
    consent_wording: str | None


def load_consent(tx: Transaction, subject: Subject) -> list[ConsentVersion]:
    """Return every version of the consent of a person, the newest first."""
    rows = tx.rows(_CONSENT.format(codes=tx.among("codes")), codes=subject.bound(tx)["codes"])
    return [_consent(row) for row in rows]


def _consent(row: Mapping[str, Any]) -> ConsentVersion:
    told = {name: _truth(row[name]) for name in ("phone_consent", "email_opt_out")}
    return ConsentVersion(**{**row, **told, "consent_date": as_date(row["consent_date"])})


def _truth(value: object) -> bool | None:
    return None if value is None else bool(value)


def count_rows_of(tx: Transaction, table: str, subject: Subject) -> int:
    """Return how many rows of `table` name the subject."""
    condition, used = names_subject(tx, table, subject)
    sql = f"SELECT count(*) FROM {table} WHERE tenant_id = :tenant AND {condition}"
    return int(tx.scalar(sql, **used))


def is_known(tx: Transaction, subject: Subject) -> bool:
    """Tell whether a row of any table names the subject."""
    return any(_has_row(tx, table, subject) for table in SECTIONS)


def _has_row(tx: Transaction, table: str, subject: Subject) -> bool:
    condition, used = names_subject(tx, table, subject)
    sql = f"SELECT 1 FROM {table} WHERE tenant_id = :tenant AND {condition} LIMIT 1"
    return tx.scalar(sql, **used) is not None


def stream_section(tx: Transaction, table: str, subject: Subject) -> Iterator[dict[str, Any]]:
    """Yield the rows of `table` that name the subject, JSON-ready, in the order of their key.

    The tenant's id is left out, and what a search finds her by: it is made of the other columns.
    """
    condition, used = names_subject(tx, table, subject)
    stored = data_metadata.tables[table]
    columns = [c.name for c in stored.columns if c.name not in ("tenant_id", *FOUND_BY)]
    keys = ", ".join(column.name for column in stored.primary_key)
    sql = f"""
    SELECT {", ".join(columns)} FROM {table}
    WHERE tenant_id = :tenant AND {condition} ORDER BY {keys}
    """
    for rows in tx.stream(sql, _ROWS_AT_ONCE, **used):
        for row in rows:
            yield plain_row(dict(zip(columns, row, strict=True)))


def names_subject(tx: Transaction, table: str, subject: Subject) -> tuple[str, dict[str, object]]:
    """Return the SQL by which a row of `table` names the subject, and what it binds."""
    names = {
        "codes": tx.among("codes"),
        "addresses": tx.among("addresses"),
        "row": "row_json" if tx.is_sqlite else "CAST(row_json AS JSON)",
    }
    condition = SECTIONS[table].format(**names)
    bound = subject.bound(tx)
    return condition, {name: value for name, value in bound.items() if f":{name}" in condition}


def plain_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row as JSON takes it: days and moments as ISO texts."""
    return {name: _cell(value) for name, value in row.items()}


def _cell(value: object) -> object:
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)
