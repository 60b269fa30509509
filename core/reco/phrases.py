"""The words of `explain_short`: sentences by ground, times, spans of days, in one language.

Placeholders that change with every row come back as `{name}` marks, to be filled in SQL: one
call of the catalogue per distinct sentence, not per row.
"""

from functools import lru_cache

from core.i18n import N_, translate, translate_plural

DAYS_PER_MONTH = 30.4375
DAYS_PER_YEAR = 365.25

# ground -> sentence without a count
SENTENCES = {
    "habit": N_("%(times)s, %(gap)s; last purchase %(elapsed)s"),
    "once": N_("%(times)s, %(elapsed)s"),
    "bought": N_("%(times)s; last purchase %(elapsed)s"),
    "favourite": N_("%(times)s, among the favourites; last purchase %(elapsed)s"),
    "vintage": N_("%(times)s, last as %(former)s, %(elapsed)s"),
    "vintage_once": N_("%(times)s (%(former)s), %(elapsed)s"),
    "step": N_("%(percent)s %% above the price usually paid in %(family)s"),
    "taste": N_("Close in taste to %(neighbour)s"),
    "new": N_("Never bought by this customer so far"),
}

# ground -> sentence for one, for many
COUNTED_SENTENCES = {
    "neighbours": (
        N_("%(count)s buyer of %(neighbour)s also chose it"),
        N_("%(count)s buyers of %(neighbour)s also chose it"),
    ),
    "popular": (
        N_("%(count)s buyer in the last 12 months"),
        N_("%(count)s buyers in the last 12 months"),
    ),
    "taken_up": (
        N_("%(count)s customer discovered it since the last purchase, %(elapsed)s"),
        N_("%(count)s customers discovered it since the last purchase, %(elapsed)s"),
    ),
    "next_step": (
        N_("%(count)s customer who began with %(neighbour)s bought it next"),
        N_("%(count)s customers who began with %(neighbour)s bought it next"),
    ),
    "first_purchase": (
        N_("%(count)s customer began with it"),
        N_("%(count)s customers began with it"),
    ),
}

_TIMES = (N_("Bought once"), N_("Bought %(count)s times"))
_ELAPSED = {
    "day": (N_("%(count)s day ago"), N_("%(count)s days ago")),
    "week": (N_("%(count)s week ago"), N_("%(count)s weeks ago")),
    "month": (N_("%(count)s month ago"), N_("%(count)s months ago")),
    "year": (N_("%(count)s year ago"), N_("%(count)s years ago")),
}
_GAP = {
    "day": (N_("about every day"), N_("about every %(count)s days")),
    "week": (N_("about every week"), N_("about every %(count)s weeks")),
    "month": (N_("about every month"), N_("about every %(count)s months")),
    "year": (N_("about every year"), N_("about every %(count)s years")),
}
_MARKS = {
    name: f"{{{name}}}"
    for name in ("times", "gap", "elapsed", "former", "percent", "family", "neighbour")
}


def sentence(language: str, ground: str) -> str:
    """Return the sentence of a ground without a count, its values as `{name}` marks."""
    return translate(language, SENTENCES[ground], **_MARKS)


@lru_cache(maxsize=1 << 16)
def counted_sentence(language: str, ground: str, count: int) -> str:
    """Return the sentence of a ground with `count` filled in, other values as `{name}` marks."""
    one, many = COUNTED_SENTENCES[ground]
    return translate_plural(language, one, many, count, **_MARKS)


def times(language: str, count: int) -> str:
    """Return how often something was bought, beginning with a capital.

    >>> times("en", 4)
    'Bought 4 times'
    """
    return translate_plural(language, *_TIMES, count)


def elapsed(language: str, days: int) -> str:
    """Return how long ago something was, in the unit a person would choose.

    >>> elapsed("en", 98)
    '14 weeks ago'
    """
    count, unit = _span(days, weeks_below=112)
    return translate_plural(language, *_ELAPSED[unit], count)


def gap(language: str, days: float) -> str:
    """Return how often something happens, from the days between two times.

    >>> gap("en", 91)
    'about every 3 months'
    """
    count, unit = _span(round(days), weeks_below=60)
    return translate_plural(language, *_GAP[unit], count)


def _span(days: int, *, weeks_below: int) -> tuple[int, str]:
    if days < 14:
        return days, "day"
    if days < weeks_below:
        return round(days / 7), "week"
    if days < 2 * DAYS_PER_YEAR:
        return round(days / DAYS_PER_MONTH), "month"
    return round(days / DAYS_PER_YEAR), "year"
