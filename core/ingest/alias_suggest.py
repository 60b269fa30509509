"""Which product an unknown label may mean: suggestions by likeness of text, never a decision.

Labels and names are compared in the form of `normalise_label`. Numbers are read apart: a label
of 2021 is hardly a product of 2019, however alike the words are.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from core.ingest.labels import normalise_label

SURE = 95
"""The score from which a suggestion may be accepted together with others."""

_SHOWN_FROM = 60
_SAME_WORDS = 0.9  # one text says no more than the other, but less
_OTHER_VINTAGE = 0.5  # never shown
_ONE_VINTAGE = 6  # points off when only one of the two names a vintage
_OTHER_NUMBER = 90  # at most, when a volume, a pack or a number of the range differs
_ROUNDING = 1e-3  # 94.99999 is a 95 that was computed in single precision
_PAIRS_AT_ONCE = 2_000_000
_KEY_CHARS = 40
_BEGINNING_CHARS = 3

_NUMBER = re.compile(r"\d+")
_SHORT_VINTAGE = re.compile(r"\d\d")
_VINTAGE = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_LONG_FORMS = {
    "vv": "vieilles vignes",
    "vt": "vendanges tardives",
    "sgn": "selection de grains nobles",
    "bq": "barrique",
    "ctn": "carton",
    "gc": "grand cru",
    "st": "saint",
    "ste": "sainte",
    "ch": "chateau",
    "cht": "chateau",
    "dom": "domaine",
}
_NO_ARTICLE = re.compile(
    r"\b(frais|livraison|transport|expedition|consignes?|remises?|rabais|ristournes?|avoirs?|acomptes?"
    r"|(bon|carte|cheque)s? cadeaux?|shipping|postage|carriage|delivery|deposits?|discounts?"
    r"|vouchers?|gift cards?)\b"
)

Scores = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class CatalogueProduct:
    """What of a product a label is compared with."""

    product_key: str
    name: str
    vintage: int | None = None


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """A product that a label may mean; `score` from 0 to 100."""

    product_key: str
    name: str
    score: int


@dataclass(frozen=True, kw_only=True)
class _Texts:
    """Texts in comparison form, with the numbers in each."""

    norms: list[str]
    vintages: NDArray[np.int32]
    numbers: list[frozenset[str]]


class Catalogue:
    """The products to suggest from, prepared once for any number of labels."""

    def __init__(self, products: Sequence[CatalogueProduct]) -> None:
        self.products = sorted(products, key=lambda product: product.product_key)
        names = [_long_form(product.name) for product in self.products]
        dated = [
            name
            if product.vintage is None or _VINTAGE.search(name)
            else f"{name} {product.vintage}"
            for name, product in zip(names, self.products, strict=True)
        ]
        self.names = _texts(dated)
        self.keys = [normalise_label(product.product_key) for product in self.products]
        self.words = sorted({word for name in names for word in name.split()})

    def written_out(self, label: str) -> str:
        """Return a label in comparison form, with shortened words and vintages in full.

        A word that begins one word of the catalogue only is that word; `21` at the end is 2021
        where the catalogue has products of that vintage.
        """
        words = [self._whole_word(word) for word in _long_form(label).split()]
        if words and _SHORT_VINTAGE.fullmatch(words[-1]):
            vintage = f"20{words[-1]}"
            words[-1] = vintage if int(vintage) in self.names.vintages else words[-1]
        return " ".join(words)

    def _whole_word(self, word: str) -> str:
        start = bisect_left(self.words, word)
        begun = [known for known in self.words[start : start + 2] if known.startswith(word)]
        is_begun = len(word) >= _BEGINNING_CHARS and len(begun) == 1
        return begun[0] if is_begun and word.isalpha() else word


def suggest_products(
    labels: Sequence[str], catalogue: Catalogue, limit: int = 3
) -> list[tuple[Suggestion, ...]]:
    """Return for each label at most `limit` products, the likeliest first.

    Equal scores are in the order of their keys; nothing below a score of 60 is suggested,
    and so no product of another vintage than the label's.
    """
    found: list[tuple[Suggestion, ...]] = []
    for scores in _scored(labels, catalogue, sure_only=False):
        best = np.argsort(-scores, axis=1, kind="stable")[:, :limit]
        found += [_named(catalogue, row, places) for row, places in zip(scores, best, strict=True)]
    return found


def find_sure(labels: Sequence[str], catalogue: Catalogue) -> list[Suggestion | None]:
    """Return for each label the one product with a score of at least `SURE`, else None.

    None as well when two products reach the same best score.
    """
    found: list[Suggestion | None] = []
    for scores in _scored(labels, catalogue, sure_only=True):
        for row in scores:
            best = np.flatnonzero(row == row.max()) if len(row) and row.max() >= SURE else ()
            found.append(_named(catalogue, row, best)[0] if len(best) == 1 else None)
    return found


def propose_key(name: str, taken: frozenset[str]) -> str:
    """Return a product key made of `name` that none of `taken` has.

    >>> propose_key("Riesling Vieilles-Vignes 2021", frozenset())
    'RIESLING-VIEILLES-VIGNES-2021'
    """
    base = normalise_label(name).upper().replace(" ", "-")[:_KEY_CHARS].strip("-") or "PRODUCT"
    key, number = base, 1
    while key in taken:
        number += 1
        key = f"{base}-{number}"
    return key


def is_article(name: str) -> bool:
    """Return whether a name does not read like carriage, a deposit, a discount or a voucher.

    >>> is_article("Riesling 2021"), is_article("Frais de port")
    (True, False)
    """
    return _NO_ARTICLE.search(normalise_label(name)) is None


def _named(
    catalogue: Catalogue, scores: Scores, places: Sequence[int] | NDArray[np.intp]
) -> tuple[Suggestion, ...]:
    return tuple(
        Suggestion(
            product_key=catalogue.products[place].product_key,
            name=catalogue.products[place].name,
            score=int(scores[place]),
        )
        for place in places
        if scores[place] >= _SHOWN_FROM
    )


def _long_form(text: str) -> str:
    """Return the comparison form of `text` with the abbreviations of the trade written out."""
    return " ".join(_LONG_FORMS.get(word, word) for word in normalise_label(text).split())


def _texts(norms: Sequence[str]) -> _Texts:
    vintages = [_VINTAGE.search(norm) for norm in norms]
    return _Texts(
        norms=list(norms),
        vintages=np.array([int(found.group()) if found else 0 for found in vintages], np.int32),
        numbers=[frozenset(_NUMBER.findall(_VINTAGE.sub(" ", norm))) for norm in norms],
    )


def _scored(labels: Sequence[str], catalogue: Catalogue, *, sure_only: bool) -> Iterator[Scores]:
    """Yield the scores of some labels (rows) against every product (columns), in whole points."""
    size = max(1, _PAIRS_AT_ONCE // max(1, len(catalogue.products)))
    for start in range(0, len(labels), size):
        part = labels[start : start + size]
        texts = _texts([catalogue.written_out(label) for label in part])
        plain = [normalise_label(label) for label in part]
        alike = (_alike_sure if sure_only else _alike)(texts.norms, plain, catalogue)
        yield np.floor(_by_numbers(alike, texts, catalogue.names) + _ROUNDING)


def _alike(written: list[str], plain: list[str], catalogue: Catalogue) -> Scores:
    names = catalogue.names.norms
    in_order = process.cdist(written, names, scorer=fuzz.ratio)
    sorted_words = process.cdist(written, names, scorer=fuzz.token_sort_ratio)
    same_words = process.cdist(written, names, scorer=fuzz.token_set_ratio) * _SAME_WORDS
    keys = process.cdist(plain, catalogue.keys, scorer=fuzz.ratio)
    alike: Scores = np.maximum.reduce([in_order, sorted_words, same_words, keys])
    return alike


def _alike_sure(written: list[str], plain: list[str], catalogue: Catalogue) -> Scores:
    """Return the same scores where they reach `SURE`, and 0 elsewhere, many times as fast."""
    pairs = (
        (written, catalogue.names.norms, fuzz.ratio),
        (written, catalogue.names.norms, fuzz.token_sort_ratio),
        (plain, catalogue.keys, fuzz.ratio),
    )
    alike: Scores = np.maximum.reduce(
        [process.cdist(these, to, scorer=how, score_cutoff=SURE) for these, to, how in pairs]
    )
    return alike


def _by_numbers(alike: Scores, labels: _Texts, names: _Texts) -> Scores:
    """Return the scores less what differing vintages and numbers take off."""
    label_vintage, name_vintage = labels.vintages[:, None], names.vintages[None, :]
    differ = label_vintage != name_vintage
    both = (label_vintage > 0) & (name_vintage > 0)
    scores = np.where(differ & both, alike * _OTHER_VINTAGE, alike)
    scores = np.where(differ & ~both, scores - _ONE_VINTAGE, scores)
    code_of = {numbers: code for code, numbers in enumerate({*labels.numbers, *names.numbers})}
    label_codes = np.array([code_of[numbers] for numbers in labels.numbers])[:, None]
    name_codes = np.array([code_of[numbers] for numbers in names.numbers])[None, :]
    capped = np.where(label_codes != name_codes, np.minimum(scores, _OTHER_NUMBER), scores)
    return np.maximum(capped, 0)
