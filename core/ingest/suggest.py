"""Which mapping a file's headers suggest: exact synonyms first, then likeness."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from core.contracts import COLUMNS, Column, ColumnType, FileKind, fold
from core.errors import QuestionOpen
from core.i18n import N_
from core.ingest.derive import parse_rate
from core.ingest.mapping import ColumnMapping, missing_columns

LIKENESS = 85.0  # of 100: below it nothing is suggested
_CLEARLY_MORE = 2.0  # columns known for sure
TAX_RATES = ("0.20", "0.10", "0.055")

# Headers that say the contrary of the column.
_INVERSE: Mapping[str, tuple[str, ...]] = {
    "email_opt_out": (
        "newsletter",
        "optin",
        "emailoptin",
        "optinemail",
        "accepteemail",
        "accepteemails",
        "accepteemailing",
        "acceptelesemails",
        "inscritnewsletter",
        "inscriptionnewsletter",
        "abonnenewsletter",
        "abonnementnewsletter",
        "accordemail",
        "consentementemail",
        "subscribed",
        "inscrit",
    ),
}
_BEFORE_TAX = re.compile(
    r"(^|[\W_])(ht|h\.t\.?|hors taxes?|excl\.? ?(vat|tax)|net of tax)([\W_]|$)"
)
_UNIT_PRICES = frozenset(
    {"unitprice", "prixunitaire", "pu", "puttc", "prixunitairettc", "prixttc", "price", "prix"}
)


@dataclass(frozen=True, kw_only=True)
class MappingSuggestion:
    """What the headers suggest.

    `confidence` is 1.0 for a known name, below for likeness. `taxed_from` is a column before tax
    that could become the amount once a rate is told. `missing` are required columns nothing
    was found for, `unknown` the headers nothing is done with.
    """

    kind: FileKind | None
    columns: Mapping[str, str]
    confidence: Mapping[str, float]
    inverse: tuple[str, ...]
    derive: Mapping[str, Mapping[str, object]]
    taxed_from: str | None
    missing: tuple[str, ...]
    unknown: tuple[str, ...]

    def to_mapping(self, tax_rate: str | None = None) -> ColumnMapping:
        """Return the mapping suggested.

        Raises `QuestionOpen`: `kind` when the headers fit no kind of file, `tax_rate` when the
        amounts are before tax and no usable rate is given.
        """
        if self.kind is None:
            raise QuestionOpen(
                N_("What the file holds is not clear from its columns. Say its kind, or map it."),
                question="kind",
                options=tuple(str(kind) for kind in FileKind),
            )
        derive = dict(self.derive)
        if self.taxed_from is not None:
            if parse_rate(tax_rate) is None:
                raise QuestionOpen(
                    N_(
                        'The amounts in "%(header)s" are before tax. Say the rate to add: '
                        "tax_rate, for example 0.20"
                    ),
                    question="tax_rate",
                    options=TAX_RATES,
                    header=self.taxed_from,
                )
            derive["amount"] = {"op": "add_tax", "of": self.taxed_from, "rate": str(tax_rate)}
        return ColumnMapping(
            kind=self.kind, columns=self.columns, inverse=self.inverse, derive=derive
        )


def suggest_mapping(
    headers: Sequence[str],
    samples: Mapping[str, Sequence[str]],
    kind: FileKind | None = None,
) -> MappingSuggestion:
    """Suggest how the columns are to be understood; recognise the kind when it is not told.

    `samples` has some cells per header: a column without any is never suggested by likeness.
    A kind of which a required column is missing goes before a complete one that explains clearly
    fewer columns: sales without a known date are no list of customers.
    """
    kinds = [kind] if kind is not None else list(FileKind)
    tried = [_suggest_for(candidate, headers, samples) for candidate in kinds]
    complete = [s for s in tried if not s.missing]
    if kind is not None:
        return tried[0]
    likely = max(tried, key=_fit)
    best = max(complete, key=_fit) if complete else None
    if best is not None and _fit(likely)[0] < _fit(best)[0] + _CLEARLY_MORE:
        return best
    is_clear = len(likely.missing) <= 1 and len(likely.columns) > 1
    return likely if is_clear else _unrecognised(headers)


def _fit(suggestion: MappingSuggestion) -> tuple[float, int]:
    return sum(suggestion.confidence.values()), -len(suggestion.unknown)


def _unrecognised(headers: Sequence[str]) -> MappingSuggestion:
    return MappingSuggestion(
        kind=None,
        columns={},
        confidence={},
        inverse=(),
        derive={},
        taxed_from=None,
        missing=(),
        unknown=tuple(headers),
    )


def _suggest_for(
    kind: FileKind, headers: Sequence[str], samples: Mapping[str, Sequence[str]]
) -> MappingSuggestion:
    free = dict.fromkeys(headers)
    before_tax = [h for h in headers if _is_before_tax(h)]
    columns: dict[str, str] = {}
    confidence: dict[str, float] = {}
    inverse = _take_inverse(kind, free, columns, confidence)
    _take_known(kind, free, columns, confidence, before_tax)
    _take_alike(kind, free, columns, confidence, samples, before_tax)
    derive, taxed_from = _find_amount(kind, free, columns, confidence, before_tax)
    mapping = ColumnMapping(kind=kind, columns=columns, derive=derive)
    missing = [n for n in missing_columns(kind, mapping) if taxed_from is None or n != "amount"]
    used = {*columns.values(), *mapping.used_headers(), taxed_from}
    return MappingSuggestion(
        kind=kind,
        columns=columns,
        confidence=confidence,
        inverse=inverse,
        derive=derive,
        taxed_from=taxed_from,
        missing=tuple(missing),
        unknown=tuple(header for header in headers if header not in used),
    )


def _is_before_tax(header: str) -> bool:
    return _BEFORE_TAX.search(header.casefold().replace("_", " ")) is not None


def _take(
    name: str,
    header: str,
    sure: float,
    free: dict[str, None],
    columns: dict[str, str],
    confidence: dict[str, float],
) -> None:
    columns[name] = header
    confidence[name] = sure
    del free[header]


def _take_inverse(
    kind: FileKind, free: dict[str, None], columns: dict[str, str], confidence: dict[str, float]
) -> tuple[str, ...]:
    taken = []
    names = {column.name for column in COLUMNS[kind]}
    for name, spellings in _INVERSE.items():
        for header in list(free):
            if name in names and name not in columns and fold(header) in spellings:
                _take(name, header, 1.0, free, columns, confidence)
                taken.append(name)
    return tuple(taken)


def _take_known(
    kind: FileKind,
    free: dict[str, None],
    columns: dict[str, str],
    confidence: dict[str, float],
    before_tax: Sequence[str],
) -> None:
    folded = {header: fold(header) for header in free}
    for place in range(max(len(column.spellings) for column in COLUMNS[kind])):
        for column in COLUMNS[kind]:
            if column.name in columns or place >= len(column.spellings):
                continue
            for header in free:
                banned = column.type is ColumnType.MONEY and header in before_tax
                if not banned and folded[header] == column.spellings[place]:
                    _take(column.name, header, 1.0, free, columns, confidence)
                    break


def _take_alike(
    kind: FileKind,
    free: dict[str, None],
    columns: dict[str, str],
    confidence: dict[str, float],
    samples: Mapping[str, Sequence[str]],
    before_tax: Sequence[str],
) -> None:
    folded = {header: fold(header) for header in free}
    pairs = [
        (_likeness(folded[header], column), -place, header, column.name)
        for header in free
        for place, column in enumerate(COLUMNS[kind])
        if column.name not in columns and samples.get(header) and header not in before_tax
    ]
    for likeness, _, header, name in sorted(pairs, reverse=True):
        if likeness >= LIKENESS and header in free and name not in columns:
            _take(name, header, round(likeness / 100 * 0.9, 3), free, columns, confidence)


def _likeness(folded: str, column: Column) -> float:
    if len(folded) < 4:
        return 0.0
    return max(fuzz.ratio(folded, each) for each in column.spellings if len(each) >= 4)


def _find_amount(
    kind: FileKind,
    free: dict[str, None],
    columns: dict[str, str],
    confidence: dict[str, float],
    before_tax: Sequence[str],
) -> tuple[dict[str, Mapping[str, object]], str | None]:
    """Return a derivation of the amount, or the column before tax it could be made of."""
    if kind is not FileKind.SALES or "amount" in columns:
        return {}, None
    price = next((h for h in free if fold(h) in _UNIT_PRICES), None)
    if price is not None and "quantity" in columns:
        confidence["amount"] = 0.8
        return {"amount": {"op": "multiply", "of": [columns["quantity"], price]}}, None
    totals = [h for h in before_tax if h in free and fold(h) not in ("puht", "prixunitaireht")]
    return {}, totals[0] if totals else None
