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

_NUMBER = r"\d+(?:[.,]\d+)?"
_PACKING = re.compile(
    rf"""
    \b(?:cartons?|caisses?|caissettes?|lots?|packs?|cases?|box(?:es)?)\b
        (?:\s*(?:de|of|x)?\s*\d+)?(?:\s*(?:bouteilles?|bottles?))?
    | \b\d+\s*(?:bouteilles?|bottles?)\b
    | \b(?:demi|half)[\s-]*(?:bouteilles?|bottles?)\b
    | \b(?:magnums?|jeroboams?|mathusalems?|bouteilles?|bottles?)\b
    | \b\d+\s*x\s*{_NUMBER}\s*(?:cl|ml|l)?\b
    | \bx\s*{_NUMBER}\s*(?:cl|ml|l)?\b | \b\d+\s*x(?=\s|$)
    | \b{_NUMBER}\s*(?:cl|ml|litres?|l)\b
    | \b(?:19|20)\d\d\b
    """,
    re.VERBOSE,
)


def bare_name(name: str) -> str:
    """Return `name` without vintage, size and packing, case and accents.

    >>> bare_name("Riesling Tradition 2024, carton de 6 x 75 cl")
    'riesling tradition'
    >>> bare_name("Crémant n° 7 Magnum (1,5 L)"), bare_name("Cuvée 12")
    ('cremant n 7', 'cuvee 12')
    """
    decomposed = unicodedata.normalize("NFKD", name.replace("°", " ").casefold())
    plain = "".join(c for c in decomposed if not unicodedata.combining(c))
    return " ".join(re.findall(r"\w+", _PACKING.sub(" ", plain)))


def wines_of(names: Sequence[str], family: Int32Array, grape: Int32Array) -> Int32Array:
    """Return the number of the wine of each item: that of its first item.

    An item whose name says nothing but its format is a wine of its own.
    """
    first: dict[tuple[str, int, int], int] = {}
    wines = np.arange(len(names), dtype=np.int32)
    traits = zip(names, family.tolist(), grape.tolist(), strict=True)
    for item, (name, of_family, of_grape) in enumerate(traits):
        bare = bare_name(name)
        if bare:
            wines[item] = first.setdefault((bare, of_family, of_grape), item)
    return wines
