"""Whom the shop's staff may telephone: good customers whom nothing but e-mail stands against.

Who is on the list is defined in docs/outputs.md, next to the columns of the file.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from core.audit.customer_rules import BOUNCE_CAUSES, EMAIL_CHANNELS
from core.contracts import RunVersion
from core.i18n import N_, translate
from core.services.review_meant import REJECT
from core.services.run_reports import finished_run, full_name, summary_in
from core.services.run_words import SEGMENT_TITLES
from core.store.calls import Call, CallTerms, stream_calls
from core.store.reviews import load_customer_kinds
from core.store.run_outputs import RunAt
from core.store.runs import Run
from core.store.tenant import TenantStore, as_date

# A complaint, a suppression by hand, and any cause not known here, speak of more than e-mail.
EMAIL_ONLY_CAUSES = ("opt_out", "unsubscribe", *BOUNCE_CAUSES)
FEWEST_DIGITS = 6  # of a number that can be dialled
_BEST_SCORE = 100

_NO_EMAIL: Mapping[str, str] = {
    "blank": N_("No e-mail address."),
    "malformed": N_("The e-mail address is malformed."),
    "opt_out": N_("Does not want e-mails."),
    "unsubscribe": N_("Does not want e-mails."),
    "hard_bounce": N_("E-mails come back."),
    "soft_bounces": N_("E-mails come back."),
}
_BETWEEN = " / "


def call_rows(store: TenantStore, run_at: RunAt) -> Iterator[list[list[str]]]:
    """Yield the rows of the call list of a run at a review, in lists, the best customer first.

    Each row has the columns `CALL_LIST` as text, sentences in the tenant's language. By value,
    then bytewise by customer. Raises `NotFound` unless the run is finished.
    """
    with store.read() as tx:
        run = finished_run(tx, run_at.run_id)
        audit = summary_in(run)["policy"]["audit"]
        decided = load_customer_kinds(tx, run_at)
        for calls in stream_calls(tx, run_at, _terms(run, audit)):
            wanted = (
                call
                for call in calls
                if _is_on(call, audit) and decided.get(call.customer) != REJECT
            )
            yield [_row(call, run_at.run_id, store.tenant.language) for call in wanted]


def number_of_calls(
    store: TenantStore, run_id: str, version: RunVersion = RunVersion.REVIEWED
) -> int:
    """Return how many customers the call list has now; raise `NotFound`."""
    with store.read() as tx:
        run_at = finished_run(tx, run_id).at(version)
    return sum(len(rows) for rows in call_rows(store, run_at))


def _terms(run: Run, audit: Mapping[str, Any]) -> CallTerms:
    return CallTerms(
        as_of=run.as_of,
        silent_since=run.as_of - timedelta(days=audit["silence_window_days"]),
        channels=("", *EMAIL_CHANNELS),
        reasons=EMAIL_ONLY_CAUSES,
    )


def _is_on(call: Call, audit: Mapping[str, Any]) -> bool:
    """Tell whether e-mail alone is against a customer, and her number can be dialled."""
    score = max(0, _BEST_SCORE - audit["warning_points"] * call.other_warnings)
    return (
        set(_causes(call)) <= set(EMAIL_ONLY_CAUSES)
        and score >= audit["gate_score"]
        and sum(character.isdigit() for character in call.phone) >= FEWEST_DIGITS
    )


def _causes(call: Call) -> list[str]:
    causes: list[str] = json.loads(call.opt_out_json)["causes"] if call.opt_out_json else []
    return causes


def _row(call: Call, run_id: str, language: str) -> list[str]:
    last_purchase = as_date(call.last_purchase)
    cells = {
        "customer_code": call.customer,
        "name": full_name(call._asdict()),
        "phone": call.phone.strip(),
        "segment": translate(language, SEGMENT_TITLES.get(call.segment, call.segment)),
        "value": _amount(call.value_cents),
        "last_purchase": last_purchase.isoformat() if last_purchase else "",
        "product_key": call.product_key,
        "product_name": call.product_name,
        "price_ttc": _amount(call.price_cents),
        "explain_short": call.explain_short,
        "also_proposed": _BETWEEN.join(filter(None, (call.second_name, call.third_name))),
        "why_no_email": _why(call, language),
        "run_id": run_id,
    }
    return list(cells.values())


def _why(call: Call, language: str) -> str:
    found = [json.loads(call.missing_json)["address"]] if call.missing_json else []
    sentences = [translate(language, _NO_EMAIL[cause]) for cause in (*found, *_causes(call))]
    return " ".join(dict.fromkeys(sentences))


def _amount(cents: int | None) -> str:
    return "" if cents is None else str(Decimal(cents).scaleb(-2))
