"""Defects of the sales files, planted with their verdicts.

Rejected and held rows stand on documents of their own (series `-9....`), duplicates and split
lines add up to the line they were made of: an import of the whole folder leaves the clean sample.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from samples.isavigne.catalogue import money
from samples.messy.french import french_date, sale_row
from samples.messy.sheet import DUPLICATE, MERGED, Row, Sheet

QUANTITY, DAY, DOCUMENT, PRODUCT, LABEL = "Qté", "Date", "N° pièce", "Référence", "Désignation"
_SPOILS: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("missing_value", "MISSING_VALUE", DOCUMENT, ("",)),
    ("missing_value", "MISSING_VALUE", QUANTITY, ("", " ")),
    ("missing_value", "MISSING_VALUE", "Montant", ("",)),
    ("missing_value", "MISSING_VALUE", DAY, ("",)),
    ("bad_number", "BAD_NUMBER", QUANTITY, ("deux", "1,2,3", "#REF!")),
    ("bad_number", "BAD_NUMBER", "Montant", ("12,5O", "douze euros", "n/c")),
    ("impossible_date", "BAD_DATE", DAY, ("31/02/2025", "00/00/2024", "32/12/2025", "jeudi")),
    ("bad_choice", "BAD_CHOICE", "Statut", ("En litige", "?")),
    ("bad_boolean", "BAD_BOOLEAN", "Cadeau", ("peut-être",)),
)
_FUTURE_DAYS = (date(2026, 11, 1), date(2026, 11, 12), date(2027, 1, 15), date(2052, 3, 4))
_WRONG_LABELS = ("Rieslng Trad.", "Gewurz. vielles vignes", "Cremant brut (ancien)", "Pinot N. bq")


@dataclass(frozen=True, kw_only=True)
class Market:
    """What the planting must know: buyers, labels, who bought what, when and whether for good.

    `first_sale` has the first valid sale of a product to a customer, `touched` every pair that
    stands on any document, cancelled ones included, `returned` the pairs with a credit note.
    """

    buyers: tuple[str, ...]
    labels: Mapping[str, str]
    first_sale: Mapping[tuple[str, str], date]
    touched: frozenset[tuple[str, str]]
    returned: frozenset[tuple[str, str]]
    rejected_clients: tuple[str, ...]
    rejected_products: tuple[str, ...]


class SalePlanter:
    """Plants the defects of one year's file; each base row is used at most once."""

    def __init__(
        self, random: Random, sheet: Sheet, market: Market, *, amount_header: str, separator: str
    ) -> None:
        self._random, self._sheet, self._market = random, sheet, market
        self._amount, self._separator = amount_header, separator
        self._spare = [row for row in sheet.rows if self._is_plain(row)]
        random.shuffle(self._spare)
        self._year = self._spare[0].clean["sale_date"][:4]
        self._documents = 0
        self._lone: set[tuple[str, str]] = set()

    def plant_all(self, times: int) -> None:
        """Plant every kind of defect, most of them `times` times or more."""
        for turn in range(times):
            self._spoiled(turn)
            self._ragged(turn)
            self._future(turn)
            self._unknown(turn)
            self._folded()
            self._split()
            self._bad_or_held_twice()
            self._conflicting_dates()
            self._lone_returns(turn)
            self._labels_only()
            self._wordy_label()
        for _ in range(2):
            header = self._sheet.header_row().rejected("BAD_NUMBER", "header_repeated")
            self._sheet.plant(self._random, header)
        self._total_line()

    def _is_plain(self, row: Row) -> bool:
        pair = (row.clean["client_code"], row.clean["product_key"])
        return (
            bool(pair[0])
            and row.clean["document_status"] == "valid"
            and int(row.clean["quantity"]) > 0
            and pair not in self._market.returned
        )

    def _take(self, minimum: int = 1) -> Row:
        """Return an unused plain row of at least `minimum` units that has an amount."""
        for place, row in enumerate(self._spare):
            if int(row.clean["quantity"]) >= minimum and _cents(row) > 0:
                return self._spare.pop(place)
        raise LookupError("no plain row left")

    def _write(self, clean: Mapping[str, str]) -> Row:
        label = self._market.labels.get(clean["product_key"], "")
        return sale_row(
            self._random,
            clean,
            label,
            amount_header=self._amount,
            separator=self._separator,
        )

    def _fresh(self, **changes: str) -> Row:
        """Return a plain row on a document that exists nowhere else."""
        self._documents += 1
        model = self._random.choice(self._spare).clean
        document = f"F{self._year}-9{self._documents:04d}"
        return self._write({**model, "document_id": document, **changes})

    def _plant(self, row: Row) -> None:
        self._sheet.plant(self._random, row)

    def _spoiled(self, turn: int) -> None:
        for defect, code, header, texts in _SPOILS:
            cell = self._amount if header == "Montant" else header
            spoiled = self._fresh().but({cell: texts[turn % len(texts)]})
            self._plant(spoiled.rejected(code, defect))
        nameless = self._fresh().but({PRODUCT: "", LABEL: ""})
        self._plant(nameless.rejected("MISSING_VALUE", "missing_value"))

    def _ragged(self, turn: int) -> None:
        self._plant(self._fresh().ragged(cut=3 + turn % 3))
        self._plant(self._fresh().ragged(extra=("", "remise fidélité")[turn % 2 :]))

    def _future(self, turn: int) -> None:
        day = french_date(_FUTURE_DAYS[turn % len(_FUTURE_DAYS)], self._separator)
        self._plant(self._fresh().but({DAY: day}).rejected("FUTURE_DATE", "future_date"))

    def _unknown(self, turn: int) -> None:
        random, market = self._random, self._market
        stranger = self._fresh(client_code=f"C8{random.randrange(10_000):04d}")
        self._plant(stranger.held("UNKNOWN_CUSTOMER", "unknown_customer"))
        client = self._fresh(client_code=random.choice(market.rejected_clients))
        self._plant(client.held("UNKNOWN_CUSTOMER", "customer_rejected"))
        article = self._fresh().but({PRODUCT: f"QQ-{turn:03d}", LABEL: "Article supprimé"})
        self._plant(article.held("UNKNOWN_PRODUCT", "unknown_product"))
        key = random.choice(market.rejected_products)
        refused = self._fresh().but({PRODUCT: key, LABEL: f"Cuvée à l'essai {key[3:]}"})
        self._plant(refused.held("UNKNOWN_PRODUCT", "product_rejected"))
        label = self._fresh().but({PRODUCT: "", LABEL: _WRONG_LABELS[turn % len(_WRONG_LABELS)]})
        self._plant(label.held("UNKNOWN_LABEL", "unknown_label"))

    def _folded(self) -> None:
        for _ in range(3):
            base = self._take()
            copy = base.folded(DUPLICATE, "exact_duplicate")
            self._sheet.plant_after(self._random, base, copy)

    def _split(self) -> None:
        """Replace lines by several scans of the same article that add up to them."""
        two = self._take(minimum=3)
        self._replace(two, [(1, ""), (int(two.clean["quantity"]) - 1, "repeated_scan")])
        equal = self._take_even()
        half = int(equal.clean["quantity"]) // 2
        self._replace(equal, [(half, ""), (half, "equal_scan_other_amount")])
        three = self._take(minimum=6)
        parts = self._replace(three, [(2, ""), (int(three.clean["quantity"]) - 2, "repeated_scan")])
        again = parts[0].folded(DUPLICATE, "scan_and_duplicate")
        self._sheet.plant_after(self._random, parts[0], again)

    def _take_even(self) -> Row:
        for place, row in enumerate(self._spare):
            if int(row.clean["quantity"]) % 2 == 0 and _cents(row) > 1000:
                return self._spare.pop(place)
        raise LookupError("no line of an even quantity left")

    def _replace(self, base: Row, parts: list[tuple[int, str]]) -> list[Row]:
        """Write `base` as scans of the given quantities; those with a defect are merged."""
        total, units = _cents(base), int(base.clean["quantity"])
        first = total * parts[0][0] // units // 10 * 10 - 10
        rows = [
            self._write({**base.clean, "quantity": str(quantity), "amount": money(cents)})
            for (quantity, _), cents in zip(parts, (first, total - first), strict=True)
        ]
        rows[1] = rows[1].folded(MERGED, parts[1][1])
        self._sheet.exchange(base, rows[0])
        self._sheet.plant_after(self._random, rows[0], rows[1])
        return rows

    def _bad_or_held_twice(self) -> None:
        bad = self._fresh().but({QUANTITY: "un"}).rejected("BAD_NUMBER", "bad_row_twice")
        held = self._fresh(client_code=f"C6{self._random.randrange(10_000):04d}")
        for row in (bad, held.held("UNKNOWN_CUSTOMER", "held_row_twice")):
            self._plant(row)
            self._sheet.plant_after(self._random, row, row.but({}))

    def _conflicting_dates(self) -> None:
        base = self._take()
        day = date.fromisoformat(base.clean["sale_date"]) - timedelta(days=1)
        earlier = base.but({DAY: french_date(day, self._separator)})
        verdict = earlier.rejected("CONFLICTING_DUPLICATE", "conflicting_dates")
        self._sheet.plant_before(self._random, base, verdict)

    def _lone_returns(self, turn: int) -> None:
        """Plant returns that find no valid earlier sale, each for another reason."""
        self._plant(self._return_of(self._unheard_pair(), "return_without_sale"))
        pair = self._unheard_pair()
        sold = self._fresh(client_code=pair[0], product_key=pair[1]).but({QUANTITY: "deux"})
        self._plant(sold.rejected("BAD_NUMBER", "sale_rejected_then_returned"))
        self._plant(self._return_of(pair, "return_of_rejected"))
        if turn % 2 == 0:
            self._return_before_sale()
            self._return_of_cancelled()

    def _unheard_pair(self) -> tuple[str, str]:
        """Return a customer and a product that stand together on no document."""
        while True:
            model = self._random.choice(self._spare).clean
            pair = (self._random.choice(self._market.buyers), model["product_key"])
            if pair not in self._market.touched and pair not in self._lone:
                self._lone.add(pair)
                return pair

    def _return_of(self, pair: tuple[str, str], defect: str, **changes: str) -> Row:
        back = {"client_code": pair[0], "product_key": pair[1], "quantity": "-1"}
        row = self._fresh(**back, amount="-12.00", is_gift="0", **changes)
        return row.held("RETURN_WITHOUT_SALE", defect)

    def _return_before_sale(self) -> None:
        for row in self._spare:
            pair = (row.clean["client_code"], row.clean["product_key"])
            day = date.fromisoformat(row.clean["sale_date"])
            before = day - timedelta(days=5)
            same_year = before.year == day.year and before >= date(2023, 11, 1)
            if pair not in self._lone and day == self._market.first_sale[pair] and same_year:
                self._lone.add(pair)
                earlier = before.isoformat()
                self._plant(self._return_of(pair, "return_before_sale", sale_date=earlier))
                return
        raise LookupError("no first purchase left")

    def _return_of_cancelled(self) -> None:
        for row in self._sheet.rows:
            clean = row.clean
            if clean.get("document_status") != "cancelled" or not clean["client_code"]:
                continue
            pair = (clean["client_code"], clean["product_key"])
            if pair not in self._market.first_sale and pair not in self._lone:
                self._lone.add(pair)
                day = clean["sale_date"]
                self._plant(self._return_of(pair, "return_of_cancelled", sale_date=day))
                return
        raise LookupError("no cancelled purchase left")

    def _labels_only(self) -> None:
        """Leave the reference of a plain line blank: its exact label stands for it."""
        base = self._take()
        self._sheet.exchange(base, base.but({PRODUCT: ""}))

    def _wordy_label(self) -> None:
        """Let a label run over two lines, with a delimiter and quotes: the row stays plain."""
        base = self._take()
        words = f'{base.cells[LABEL]} ; lot "caveau"\r\nà part'
        self._sheet.exchange(base, base.but({LABEL: words}))

    def _total_line(self) -> None:
        total = Row(cells={DOCUMENT: "TOTAL", QUANTITY: "12 345", self._amount: "98 765,40"})
        self._sheet.rows.append(total.rejected("MISSING_VALUE", "total_line"))


def _cents(row: Row) -> int:
    return int(row.clean["amount"].replace(".", ""))
