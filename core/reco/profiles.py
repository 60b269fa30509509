"""What one customer's purchases say of her taste: family, grape, sweetness and aroma.

Each purchase weighs its amount, halved for every `HALF_LIFE_DAYS` of age; what was taken back of a
product lessens all purchases of it alike. The share of a value
is its part of the weight of which the trait is known, the level of an aroma note the weighted mean.
The confidence in a trait is the known part of all weight times n / (n + `PRIOR`), of n documents:
two documents are trusted half. Gifts and what is no article are not hers and are to be left out.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

HALF_LIFE_DAYS = 365
PRIOR = 2
TRAITS = ("family", "grape", "sweetness")


@dataclass(frozen=True, kw_only=True)
class Taste:
    """A purchase or, below 0, a return: `amount_cents`, and what is known of the product."""

    day: date
    document: str
    product: str
    amount_cents: int
    traits: Mapping[str, str | None]
    aroma: Mapping[str, float | None]


@dataclass(frozen=True, kw_only=True)
class TraitValue:
    """How much of a trait one value makes out, in [0, 1]; of an aroma note its level, 0 to 5."""

    trait: str
    value: str
    share: float
    confidence: float


def profile(purchases: Iterable[Taste], as_of: date) -> tuple[TraitValue, ...]:
    """Return the values of each trait, greatest share first, then the notes of the aroma.

    Empty for a customer of whom nothing is known. Ties are in the order of the names.
    """
    weighed = list(_weighed(tuple(purchases), as_of))
    total = sum(weight for weight, _ in weighed)
    documents = len({one.document for _, one in weighed})
    trust = documents / (documents + PRIOR)
    found: list[TraitValue] = []
    for trait in TRAITS:
        found += _shares(trait, [(w, one.traits.get(trait)) for w, one in weighed], total, trust)
    notes = sorted({note for _, one in weighed for note in one.aroma})
    levels = [_level(note, [(w, one.aroma.get(note)) for w, one in weighed], total, trust)
              for note in notes]  # fmt: skip
    known = [level for level in levels if level is not None]
    return (*found, *sorted(known, key=lambda level: (-level.share, level.value)))


def _weighed(lines: Sequence[Taste], as_of: date) -> Iterator[tuple[float, Taste]]:
    paid, back = Counter[str](), Counter[str]()
    for line in lines:
        (paid if line.amount_cents > 0 else back)[line.product] += abs(line.amount_cents)
    for line in lines:
        if line.amount_cents > 0 and back[line.product] < paid[line.product]:
            stands = 1 - back[line.product] / paid[line.product]
            age = max((as_of - line.day).days, 0)
            yield line.amount_cents * stands * 0.5 ** (age / HALF_LIFE_DAYS), line


def _shares(
    trait: str, weighed: Sequence[tuple[float, str | None]], total: float, trust: float
) -> list[TraitValue]:
    by_value: defaultdict[str, float] = defaultdict(float)
    for weight, value in weighed:
        if value is not None:
            by_value[value] += weight
    known = sum(by_value.values())
    ordered = sorted(by_value.items(), key=lambda item: (-item[1], item[0]))
    return [
        TraitValue(trait=trait, value=value, share=part / known, confidence=trust * known / total)
        for value, part in ordered
    ]


def _level(
    note: str, weighed: Sequence[tuple[float, float | None]], total: float, trust: float
) -> TraitValue | None:
    known = sum(weight for weight, level in weighed if level is not None)
    if known == 0:
        return None
    level = sum(weight * level for weight, level in weighed if level is not None) / known
    return TraitValue(trait="aroma", value=note, share=level, confidence=trust * known / total)
