"""The evidence behind one recommendation, a line for each thing that speaks for it."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from core.i18n import N_
from core.services.run_records import Item
from ui.i18n import _, format_date, format_money, format_number, ngettext_

_STAGES: Mapping[str, str] = {
    "too_early": N_("It is early for the next purchase."),
    "due": N_("The next purchase is due."),
    "late": N_("The next purchase is late."),
    "lost": N_("The habit seems lost."),
}
Evidence = Mapping[str, Any]


def evidence_lines(item: Item, names: Mapping[str, str], currency: str) -> list[str]:
    """Return what the run knew when it proposed `item`; `names` has products by key."""
    evidence: Evidence = item.reasons.get("evidence", {})
    lines = [
        _bought(item, evidence, names),
        _rhythm(evidence),
        _last_purchase(evidence),
        _neighbours(evidence, names),
        _prices(evidence, currency),
    ]
    return [line for line in lines if line]


def _bought(item: Item, evidence: Evidence, names: Mapping[str, str]) -> str:
    if "purchase_days" not in evidence:
        return ""
    days = ngettext_(
        "Bought on %(count)s day, %(first)s.",
        "Bought on %(count)s days, from %(first)s to %(last)s.",
        evidence["purchase_days"],
        first=_day(evidence["first_date"]),
        last=_day(evidence["last_date"]),
    )
    key = evidence.get("bought_key", item.product_key)
    if key == item.product_key:
        return days
    last = _("The last time as %(product)s.", product=names.get(key, key))
    return f"{days} {last}"


def _rhythm(evidence: Evidence) -> str:
    if "purchase_days" not in evidence:
        return ""
    parts = [
        ngettext_(
            "%(count)s day since the last purchase.",
            "%(count)s days since the last purchase.",
            evidence["elapsed_days"],
        )
    ]
    for name, say in _GAPS.items():
        if name in evidence:
            parts.append(say(format_number(round(evidence[name]))))
    stage = evidence.get("stage")
    if stage is not None:
        parts.append(_(_STAGES[stage]))
    return " ".join(parts)


def _usual(days: str) -> str:
    return _("Usual gap of this customer: %(days)s days.", days=days)


def _expected(days: str) -> str:
    return _("Expected gap: %(days)s days.", days=days)


_GAPS: Mapping[str, Callable[[str], str]] = {
    "own_gap_days": _usual,
    "expected_gap_days": _expected,
}


def _last_purchase(evidence: Evidence) -> str:
    if "purchase_days" in evidence or "last_date" not in evidence:
        return ""
    return _("Last purchase of anything: %(day)s.", day=_day(evidence["last_date"]))


def _neighbours(evidence: Evidence, names: Mapping[str, str]) -> str:
    keys = evidence.get("neighbours", ())
    if not keys:
        return ""
    listed = ", ".join(names.get(key, key) for key in keys)
    return _("What this customer bought speaks for it: %(products)s.", products=listed)


def _prices(evidence: Evidence, currency: str) -> str:
    if "price75_cents" not in evidence:
        return ""
    price = format_money(evidence["price75_cents"], currency)
    if "paid75_cents" not in evidence:
        return _("%(price)s per 75 cl.", price=price)
    paid = format_money(evidence["paid75_cents"], currency)
    return _("%(price)s per 75 cl; this customer pays %(paid)s on average.", price=price, paid=paid)


def _day(text: str) -> str:
    return format_date(date.fromisoformat(text))
