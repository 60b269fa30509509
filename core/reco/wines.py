"""Which items are one wine in several formats: a bottle, its magnum, a case of six.

A catalogue lists each format as a product of its own and nothing links them but the name. Two
items are one wine when, of the same family and grape, their names are equal without vintage, size
and packing. What is known of one format is known of all: a case is no discovery to somebody who
buys the bottle, and a list holds one format of a wine.
"""

import re
import unicodedata
from collections.abc import Sequence

import numpy as np

from core.reco.tables import Int32Array

_YEAR = r"(?:19|20)\d\d"
_NUMBER = r"\d+(?:[.,]\d+)?"
_PACKING = re.compile(
    rf"""
    (?P<numbered>
        \b(?:cuvees?|lots?|num(?:ero|ber)?|no?)\b[\s.]*\d+\b
        (?!(?:[.,]\d+)?\s*(?:x\s*{_NUMBER}\s*)?(?:cl|ml|litres?|l|bouteilles|bottles|x(?!\s*\d))\b)
    )
    | \b(?:cartons?|caisses?|caissettes?|lots?|packs?|cases?|box(?:es)?)\b
        (?:\s*(?:de|of|x)?\s*\d+)?(?:\s*(?:bouteilles?|bottles?))?
    | \b\d+\s*(?:bouteilles?|bottles?)\b
    | \b(?:demi|half)[\s-]*(?:bouteilles?|bottles?)\b
    | \b(?:magnums?|jeroboams?|mathusalems?|bouteilles?|bottles?)\b
    | \b\d+\s*x\s*{_NUMBER}\s*(?:cl|ml|l)?\b
    | \bx\s*{_NUMBER}\s*(?:cl|ml|l)?\b | \b\d+\s*x(?=\s|$)
    | \b{_NUMBER}\s*(?:cl|ml|litres?|l)\b
    """,
    re.VERBOSE,
)


def bare_name(name: str, vintage: int = 0) -> str:
    """Return `name` without vintage, size and packing, case and accents.

    A year is a vintage when it is this `vintage`, or any year when that is unknown (0). The number
    in `lot 2`, `cuvée 2` and `n° 2` tells wines apart and stays; that in `lot de 6` is a packing.

    >>> bare_name("Riesling Tradition 2024, carton de 6 x 75 cl", 2024)
    'riesling tradition'
    >>> bare_name("Crémant n° 7 Magnum (1,5 L)"), bare_name("Cuvée 1907 2021", 2021)
    ('cremant n 7', 'cuvee 1907')
    """
    decomposed = unicodedata.normalize("NFKD", name.replace("°", " ").casefold())
    plain = "".join(c for c in decomposed if not unicodedata.combining(c))
    plain = re.sub(rf"\b{vintage or _YEAR}\b", " ", plain)
    bare = _PACKING.sub(lambda found: found["numbered"] or " ", plain)
    return " ".join(re.findall(r"\w+", bare))


def wines_of(
    names: Sequence[str], vintages: Sequence[int], family: Int32Array, grape: Int32Array
) -> Int32Array:
    """Return the number of the wine of each item: that of its first item.

    An item whose name says nothing but its format is a wine of its own.
    """
    first: dict[tuple[str, int, int], int] = {}
    wines = np.arange(len(names), dtype=np.int32)
    traits = zip(names, vintages, family.tolist(), grape.tolist(), strict=True)
    for item, (name, vintage, of_family, of_grape) in enumerate(traits):
        bare = bare_name(name, vintage)
        if bare:
            wines[item] = first.setdefault((bare, of_family, of_grape), item)
    return wines
