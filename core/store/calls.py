"""Whom a run would have proposed something by e-mail and could not, as far as the rows tell.

Verdict, issues and list are the run's; the person, her consent, what she asked for since, and the
catalogue are read as they stand now: nobody is telephoned on last week's consent.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from core.contracts import RuleCode, Severity
from core.policy import CustomerState
from core.store.dataset import IN_FORCE, VISIBLE, head_of
from core.store.run_outputs import RunAt, bytewise, counts
from core.store.tenant import Transaction

_STREAMED_ROWS = 5_000
_EMAIL_RULES = f"('{RuleCode.MISSING_EMAIL}', '{RuleCode.OPTOUT_OR_BOUNCE}')"

_COUNTS = f"""
    audit_output.tenant_id = :tenant
    AND audit_output.run_id = :run_id
    AND audit_output.customer = verdict.customer
    AND {counts("audit_output")}
"""

_LAST_PURCHASE = f"""
SELECT max(sale_date) FROM sale_line
WHERE {VISIBLE}
    AND sale_line.customer = verdict.customer
    AND sale_date <= :as_of
    AND quantity_milli > 0
    AND coalesce(document_status, 'valid') <> 'cancelled'
"""

_OTHER_WARNINGS = f"""
SELECT count(*) FROM audit_output
WHERE {_COUNTS} AND severity = '{Severity.WARN}' AND rule_code NOT IN {_EMAIL_RULES}
"""

# Not a condition on the rule, whose index would be walked for every customer.
_DETAILS = f"""
SELECT max(CASE WHEN rule_code = '{{rule}}' THEN details_json END) FROM audit_output
WHERE {_COUNTS}
"""

_OTHER_ERROR = f"""
SELECT 1 FROM audit_output
WHERE {_COUNTS} AND severity = '{Severity.ERROR}' AND rule_code NOT IN {_EMAIL_RULES}
"""

_ITEM = f"""
{{join}} reco_output AS item_{{rank}}
    ON item_{{rank}}.tenant_id = verdict.tenant_id
    AND item_{{rank}}.run_id = verdict.run_id
    AND item_{{rank}}.customer = verdict.customer
    AND item_{{rank}}.rank = {{rank}}
    AND {counts("item_{rank}")}
LEFT JOIN (SELECT * FROM product WHERE {VISIBLE}) AS product_{{rank}}
    ON product_{{rank}}.product_key = item_{{rank}}.product_key
"""

_REFUSING_CONTACT = f"""
SELECT 1 FROM contact_history
WHERE {VISIBLE}
    AND {{whose}}
    AND (
        status = 'complaint'
        OR (status IN ('sent', 'delivered') AND contact_date > :silent_since)
        OR (
            status = 'unsubscribe'
            AND NOT lower(
                replace(replace(replace(coalesce(channel, ''), '-', ''), '_', ''), ' ', '')
            ) {{among_channels}}
        )
    )
"""

_REFUSING_SUPPRESSION = f"""
SELECT 1 FROM suppression WHERE {IN_FORCE} AND {{whose}} AND NOT reason {{among_reasons}}
"""

_HERS = ("customer = verdict.customer", "email_norm = person.email_norm")

# Everything about a customer is looked up by an index: a join of whole tables takes a second or
# an hour, as the planner happens to guess how many rows a run has.
_CALLS = f"""
SELECT
    verdict.customer,
    person.name,
    person.first_name,
    person.last_name,
    person.phone,
    verdict.segment,
    verdict.value_cents,
    ({_LAST_PURCHASE}) AS last_purchase,
    item_1.product_key,
    coalesce(product_1.name, item_1.product_key) AS product_name,
    product_1.price_cents,
    item_1.explain_short,
    coalesce(product_2.name, item_2.product_key) AS second_name,
    coalesce(product_3.name, item_3.product_key) AS third_name,
    ({_OTHER_WARNINGS}) AS other_warnings,
    ({_DETAILS.format(rule=RuleCode.MISSING_EMAIL)}) AS missing_json,
    ({_DETAILS.format(rule=RuleCode.OPTOUT_OR_BOUNCE)}) AS opt_out_json
FROM next_action_output AS verdict
JOIN (
    SELECT * FROM customer WHERE {VISIBLE} AND phone_consent AND trim(coalesce(phone, '')) <> ''
) AS person ON person.customer = verdict.customer
{_ITEM.format(join="JOIN", rank=1)}
{_ITEM.format(join="LEFT JOIN", rank=2)}
{_ITEM.format(join="LEFT JOIN", rank=3)}
WHERE verdict.tenant_id = :tenant
    AND verdict.run_id = :run_id
    AND {counts("verdict")}
    AND verdict.reason IN {_EMAIL_RULES}
    AND verdict.state <> '{CustomerState.PROSPECT}'
    AND NOT EXISTS ({_OTHER_ERROR})
    {{refusals}}
ORDER BY verdict.value_cents DESC, {{bytewise_customer}}
"""


class Call(NamedTuple):
    """A row of `stream_calls`, with the columns of the query in their order."""

    customer: str
    name: str | None
    first_name: str | None
    last_name: str | None
    phone: str
    segment: str
    value_cents: int
    last_purchase: date | str | None
    product_key: str
    product_name: str
    price_cents: int | None
    explain_short: str
    second_name: str | None
    third_name: str | None
    other_warnings: int
    missing_json: str | None
    opt_out_json: str | None


@dataclass(frozen=True, kw_only=True)
class CallTerms:
    """What stops a call, and what speaks of e-mail alone.

    A message or call dated after `silent_since` stops one. `channels` are the folded names of
    e-mail, the empty one included; `reasons` the suppressions that speak of e-mail alone.
    """

    as_of: date
    silent_since: date
    channels: Sequence[str]
    reasons: Sequence[str]


def stream_calls(tx: Transaction, run: RunAt, terms: CallTerms) -> Iterator[list[Call]]:
    """Yield customers blocked for e-mail alone who consent to calls, in lists, the dearest first.

    By value, then bytewise by customer. Still to be judged: `missing_json` and `opt_out_json`,
    `other_warnings`, and whether the number can be dialled. Memory does not grow with the rows.
    """
    sql = _CALLS.format(refusals=_refusals(tx), bytewise_customer=bytewise(tx, "verdict.customer"))
    for rows in tx.stream(
        sql,
        _STREAMED_ROWS,
        **vars(run),
        head=head_of(tx),
        as_of=terms.as_of,
        silent_since=terms.silent_since,
        channels=tx.list_of(terms.channels),
        reasons=tx.list_of(terms.reasons),
    ):
        yield [Call(*row) for row in rows]


def _refusals(tx: Transaction) -> str:
    """Return the conditions that nothing says no, to her or at her address."""
    among = {"among_channels": tx.among("channels"), "among_reasons": tx.among("reasons")}
    return " ".join(
        f"AND NOT EXISTS ({refusing.format(whose=whose, **among)})"
        for refusing in (_REFUSING_CONTACT, _REFUSING_SUPPRESSION)
        for whose in _HERS
    )
