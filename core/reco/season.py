"""Season tags of a product: which months they name."""

import re

from core.contracts import fold

# Tags as people write them in French and English, folded as headers are.
MONTHS_OF_TAGS: dict[tuple[str, ...], tuple[int, ...]] = {
    ("printemps", "spring"): (3, 4, 5),
    ("ete", "summer"): (6, 7, 8),
    ("automne", "autumn", "fall"): (9, 10, 11),
    ("hiver", "winter"): (12, 1, 2),
    ("noel", "christmas", "fetes", "fete", "holiday", "holidays"): (11, 12),
    ("paques", "easter"): (3, 4),
    ("vendanges", "harvest"): (9, 10),
    ("janvier", "january"): (1,),
    ("fevrier", "february"): (2,),
    ("mars", "march"): (3,),
    ("avril", "april"): (4,),
    ("mai", "may"): (5,),
    ("juin", "june"): (6,),
    ("juillet", "july"): (7,),
    ("aout", "august"): (8,),
    ("septembre", "september"): (9,),
    ("octobre", "october"): (10,),
    ("novembre", "november"): (11,),
    ("decembre", "december"): (12,),
}
_MONTHS = {tag: months for tags, months in MONTHS_OF_TAGS.items() for tag in tags}


def parse_months(season_tags: str | None) -> frozenset[int]:
    """Return the months named by `season_tags`; empty when none is recognised.

    >>> sorted(parse_months("Été; noël"))
    [6, 7, 8, 11, 12]
    """
    tags = re.split(r"[,;|/+\s]+", season_tags or "")
    return frozenset(month for tag in tags for month in _MONTHS.get(fold(tag), ()))
