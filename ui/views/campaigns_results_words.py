"""What the results of a campaign say, in sentences."""

from collections.abc import Mapping

from core.i18n import N_
from core.outreach.effects import Doubt, Effect, Measure, Verdict
from core.services.campaign_results import CampaignResult
from ui.i18n import NO_VALUE, _, format_date, format_money, format_number, format_percent

_MEASURES: Mapping[Measure, str] = {
    Measure.BUYERS: N_("Share who bought"),
    Measure.ORDERS: N_("Orders"),
    Measure.REVENUE: N_("Net revenue"),
}
_VERDICTS: Mapping[Verdict, str] = {
    Verdict.HIGHER: N_("Higher"),
    Verdict.LOWER: N_("Lower"),
    Verdict.NOT_ENOUGH: N_("Not enough data"),
}
_DOUBTS: Mapping[Doubt, str] = {
    Doubt.NOT_SENT: N_("Not enough data: nothing was sent."),
    Doubt.NO_HOLDOUT: N_(
        "Not enough data: nobody was held out, so nobody knows what would have been bought without"
        " the campaign. Hold a share out when the next one is prepared."
    ),
    Doubt.WINDOW_OPEN: N_("Not enough data yet: purchases count until %(last)s."),
    Doubt.SALES_MISSING: N_(
        "Not enough data yet: purchases count until %(last)s, and sales are imported until"
        " %(until)s."
    ),
    Doubt.FEW_CUSTOMERS: N_("Not enough data: each side takes 30 customers or more."),
}


def measure_title(measure: Measure) -> str:
    """Return the title of what is compared."""
    return _(_MEASURES[measure])


def verdict_title(verdict: Verdict) -> str:
    """Return the verdict in a word or three."""
    return _(_VERDICTS[verdict])


def amount(measure: Measure, value: float | None, currency: str) -> str:
    """Return a figure per customer as its measure is written, a dash for None."""
    if value is None:
        return NO_VALUE
    if measure is Measure.REVENUE:
        return format_money(round(value), currency)
    return format_percent(value) if measure is Measure.BUYERS else format_number(value, 3)


def lift(measure: Measure, value: float | None, currency: str) -> str:
    """Return a difference as its measure is written: of shares in points, a dash for None."""
    if measure is Measure.BUYERS and value is not None:
        return _("%(points)s points", points=_points(value))
    return amount(measure, value, currency)


def buyers_sentence(result: CampaignResult) -> str:
    """Return how many of each side bought."""
    treated, held_out = result.sides.treated, result.sides.held_out
    counts = {
        "customers": format_number(treated.customers),
        "bought": format_number(treated.buyers),
        "days": format_number(result.window_days),
        "held_out": format_number(held_out.customers),
        "left": format_number(held_out.buyers),
    }
    if not held_out.customers:
        return _(
            "Of %(customers)s customers of the campaign %(bought)s bought within %(days)s days.",
            **counts,
        )
    return _(
        "Of %(customers)s customers of the campaign %(bought)s bought within %(days)s days, of"
        " %(held_out)s held out %(left)s.",
        **counts,
    )


def verdict_sentence(effect: Effect, result: CampaignResult | None = None) -> str:
    """Return what the difference of the shares of buyers says, or why it says nothing."""
    if effect.doubt in _DOUBTS:
        last = format_date(result.last_day if result else None)
        until = format_date(result.sales_until if result else None)
        return _(_DOUBTS[effect.doubt], last=last, until=until)
    points = {name: _points(getattr(effect, name)) for name in ("difference", "low", "high")}
    if effect.verdict is Verdict.HIGHER:
        return _(
            "More customers bought than without: %(difference)s points, with 95 percent certainty"
            " between %(low)s and %(high)s.",
            **points,
        )
    if effect.verdict is Verdict.LOWER:
        return _(
            "Fewer customers bought than without: %(difference)s points, with 95 percent certainty"
            " between %(low)s and %(high)s.",
            **points,
        )
    return _(
        "Not enough data: the difference, %(difference)s points, is within chance (%(low)s to"
        " %(high)s). A lift of %(visible)s points could have been seen.",
        **points,
        visible=_points(effect.visible),
    )


def _points(share: float | None) -> str:
    return format_number(None if share is None else 100 * share, 1)
