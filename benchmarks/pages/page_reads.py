"""Every read of the page of quality control, called through the services as the page calls it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from core.contracts import REASON_OK, RunVersion
from core.services.call_list import number_of_calls
from core.services.review import Subject, number_meant
from core.services.review_desk import (
    decision_page,
    decisions_about,
    listed_products,
    product_titles,
)
from core.services.review_offers import offers_for
from core.services.run_changes import changes_of
from core.services.run_reports import (
    customer_of_run,
    gating_history,
    list_runs,
    lowest_scores,
    qc_of,
    run_of,
)
from core.store.tenant import TenantStore

PAGE = 20
DEEP = 10_000
REJECTED = 10  # the how manieth by frequency: in 40,000 lists of 500,000
VERSION = RunVersion.REVIEWED


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """What is clicked: the most frequent of each, the rarest too, and a customer."""

    run_id: str
    rule: str
    rare_rule: str
    reason: str
    rare_reason: str
    passing: str = REASON_OK
    score: int
    product: str
    rare_product: str
    rejected: str
    customer: str
    item: str


Read = Callable[[TenantStore, Chosen], object]


def choose(store: TenantStore, run_id: str) -> Chosen:
    """Return what the measured reads look for; the customer has an issue and a list."""
    quality = qc_of(store, run_id)
    rules = _by_frequency(row for row in quality.issues if not row.is_repair)
    reasons = _by_frequency(row for row in quality.reasons if row.reason != REASON_OK)
    products = _by_frequency(listed_products(store, run_id))
    rule, product = rules[-1].rule_code, products[-1].product_key
    customer = lowest_scores(store, run_id, rule=rule, product=product).verdicts[-1].customer
    return Chosen(
        run_id=run_id,
        rule=rule,
        rare_rule=rules[0].rule_code,
        reason=reasons[-1].reason,
        rare_reason=reasons[0].reason,
        score=_by_frequency(row for row in quality.score_bins if row.score_from < 100)[
            -1
        ].score_from,
        product=product,
        rare_product=products[0].product_key,
        rejected=products[-REJECTED].product_key,
        customer=customer,
        item=customer_of_run(store, run_id, customer).items[0].product_key,
    )


def _by_frequency(rows: Iterable[Any]) -> list[Any]:
    return sorted(rows, key=lambda row: row.customers or 0)


def _run_only(service: Callable[..., object], **options: object) -> Read:
    return lambda store, chosen: service(store, chosen.run_id, **options)


def _page(names: Mapping[str, str], *, offset: int = 0) -> Read:
    """Return the read of a page of customers under the filters `names` (as said by `_filters`)."""
    return lambda store, chosen: lowest_scores(
        store, chosen.run_id, limit=PAGE, offset=offset, total=1, **_filters(chosen, names)
    )


def _count(names: Mapping[str, str]) -> Read:
    return lambda store, chosen: lowest_scores(
        store, chosen.run_id, limit=0, **_filters(chosen, names)
    )


def _filters(chosen: Chosen, names: Mapping[str, str]) -> dict[str, object]:
    """Return the arguments of `lowest_scores`: for each filter the field of `chosen` it is of."""
    found: dict[str, object] = {name: getattr(chosen, field) for name, field in names.items()}
    if "score" in found:
        low = found.pop("score")
        found |= {"score_from": low, "score_to": low + 9}
    return found


_FILTERED: Mapping[str, Mapping[str, str]] = {
    "no filter": {},
    "rule": {"rule": "rule"},
    "rarest rule": {"rule": "rare_rule"},
    "reason": {"reason": "reason"},
    "rarest reason": {"reason": "rare_reason"},
    "passing": {"reason": "passing"},
    "score": {"score": "score"},
    "product": {"product": "product"},
    "rarest product": {"product": "rare_product"},
    "rule, score": {"rule": "rule", "score": "score"},
    "rule, reason": {"rule": "rule", "reason": "reason"},
    "rarest rule, reason": {"rule": "rare_rule", "reason": "reason"},
    "reason, product": {"reason": "reason", "product": "product"},
    "passing, product": {"reason": "passing", "product": "product"},
    "passing, rarest product": {"reason": "passing", "product": "rare_product"},
    "rule, score, product": {"rule": "rule", "score": "score", "product": "product"},
    "rule, reason, product": {"rule": "rule", "reason": "reason", "product": "product"},
}

_HEAD: Mapping[str, Read] = {
    "choice of runs": lambda store, _: list_runs(store, limit=50),
    "figures and charts": _run_only(qc_of, version=VERSION),
    "summary": _run_only(run_of, version=VERSION),
    "changes since the run before": _run_only(changes_of),
    "gating history": lambda store, _: gating_history(store),
    "choice of products": _run_only(listed_products),
    "decisions that wait": _run_only(decision_page, limit=0),
    "list of decisions": _run_only(decision_page, limit=10),
}
_CUSTOMER: Mapping[str, Read] = {
    "drawer: customer": lambda store, c: customer_of_run(store, c.run_id, c.customer),
    "drawer: decisions about her": lambda store, c: decisions_about(store, c.run_id, c.customer),
    "drawer: candidates": lambda store, c: offers_for(store, c.run_id, c.customer, c.item),
    "drawer: catalogue search": lambda store, c: offers_for(
        store, c.run_id, c.customer, c.item, "cuvee 42"
    ),
    "catalogue by name": lambda store, _: product_titles(store),
    "number a product's rejection means": lambda store, c: number_meant(
        store, c.run_id, Subject(product_key=c.product)
    ),
}

READS: Mapping[str, Read] = {
    **_HEAD,
    **{f"customers: {name}": _page(names) for name, names in _FILTERED.items()},
    "customers: no filter, page 10,000": _page({}, offset=PAGE * (DEEP - 1)),
    "customers: rule, page 1,000": _page({"rule": "rule"}, offset=PAGE * 999),
    "customers: passing, page 10,000": _page({"reason": "passing"}, offset=PAGE * (DEEP - 1)),
    **{f"count: {name}": _count(names) for name, names in _FILTERED.items()},
    **_CUSTOMER,
    "number of calls": _run_only(number_of_calls),
}


def bound(name: str, store: TenantStore, chosen: Chosen) -> Callable[[], object]:
    """Return the read `name` as work without arguments."""
    return partial(READS[name], store, chosen)
