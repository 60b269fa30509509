"""What a set of imported files must come to, whatever the order they arrived in.

Written from PRODUCT.md alone, record by record, without a line of the product. The rules:

* A file is a version of what it says. Of two versions the later export wins, at the same moment
  the greater sha256. Each cell of a record is the newest filled one: blank cells never erase.
* A line is known by its document and line number; without a number by document, product and
  customer. Equal lines of one file are one line, unequal ones are summed; those with another date
  than the last one are rejected; with another product they are corrected by the last one.
* A line waits for its product and its customer. A return (negative quantity) also waits for a
  sale of that product to that customer, in its own document or not later than itself.
* Sales that carry a designation or an origin create the products and customers that they name. What
  they tell of these counts below every file of products or clients: the newest filled cell wins,
  within a file the most frequent one, and a product nobody names is named by its code.
* An opt-out stays, and follows the person and every address the person is known by. So do an
  unsubscription and a complaint that name the person alone; under an address they follow that one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

Record = dict[str, str | None]
Cells = tuple[object, ...]

CUSTOMER = ("email", "name", "phone", "country")
PRODUCT = ("name", "price_cents")
LINE = ("product", "customer", "quantity", "amount", "day", "status", "channel")
WISHES = ("unsubscribe", "complaint")
BARRING = (*WISHES, "hard_bounce")


@dataclass(frozen=True, kw_only=True)
class Version:
    """One file: its kind, when it was exported, the sha256 of its bytes, its records."""

    kind: str
    exported_at: str
    sha256: str
    records: Sequence[Mapping[str, object]]

    @property
    def creates(self) -> bool:
        """True when sales are told to create what they name."""
        return self.kind == "sales" and any("designation" in record for record in self.records)


@dataclass(frozen=True, kw_only=True)
class Expected:
    """The visible state, and how many records of the files wait."""

    customers: frozenset[Cells]
    products: frozenset[Cells]
    lines: frozenset[Cells]
    contacts: frozenset[Cells]
    barred_persons: frozenset[tuple[str, str]]
    barred_addresses: frozenset[tuple[str, str]]


def expect(files: Iterable[Version]) -> Expected:
    """Return what the files come to."""
    versions = sorted(files, key=lambda file: (file.exported_at, file.sha256))
    clients = [file for file in versions if file.kind == "clients"]
    customers = _newest(clients, "customer", (*CUSTOMER, "opt_out"))
    products = _newest([f for f in versions if f.kind == "products"], "product", PRODUCT)
    creating = [f for f in versions if f.creates]
    _create(creating, customers, "customer", "origin", "country")
    _create(creating, products, "product", "designation", "name")
    for code, product in products.items():
        product.setdefault("name", code)
    contacts = _contacts([f for f in versions if f.kind == "contacts"], set(customers))
    lines = _lines([f for f in versions if f.kind == "sales"], products, set(customers))
    for record in (record for file in clients for record in file.records if record["opt_out"]):
        customers[str(record["customer"])]["opt_out"] = True
    return Expected(
        customers=_cells("customer", customers, (*CUSTOMER, "opt_out")),
        products=_cells("product", products, PRODUCT),
        lines=frozenset(tuple(line[name] for name in ("document", *LINE)) for line in lines),
        contacts=frozenset(contacts),
        **_barred(clients, customers, contacts),
    )


def _cells(key: str, records: Mapping[str, Record], names: Sequence[str]) -> frozenset[Cells]:
    return frozenset((code, *(r.get(name) for name in names)) for code, r in records.items())


def _newest(
    versions: Sequence[Version], key: str, names: Sequence[str]
) -> dict[str, dict[str, object]]:
    """Return the newest filled cell of each record, by its code."""
    found: dict[str, dict[str, object]] = {}
    for file in versions:
        for record in file.records:
            there = found.setdefault(str(record[key]), {})
            filled = {name: record.get(name) for name in names}
            there.update({name: cell for name, cell in filled.items() if cell is not None})
    return found


def _create(
    versions: Sequence[Version],
    found: dict[str, dict[str, object]],
    key: str,
    told: str,
    name: str,
) -> None:
    """Add to the records what the sales tell of them, the newest file first."""
    for file in reversed(versions):
        for code in {str(record[key]) for record in file.records if record[key] is not None}:
            there = found.setdefault(code, {})
            cells = [str(r[told]) for r in file.records if r[key] == code and r.get(told)]
            if cells:
                there.setdefault(name, min(cells, key=lambda cell: (-cells.count(cell), cell)))


def _lines(
    versions: Sequence[Version], products: Mapping[str, object], customers: set[str]
) -> list[dict[str, object]]:
    """Return the newest content of every line that need not wait."""
    ready = [
        (identity, line)
        for file in versions
        for identity, line in _folded(_labelled(file.records, products)).items()
        if line["product"] in products and line["customer"] in {None, *customers}
    ]
    sales = [line for _, line in ready if _is_sale(line)]
    found: dict[Cells, dict[str, object]] = {}
    for identity, line in ready:
        if _is_return(line) and not any(_supports(sale, line) for sale in sales):
            continue
        there = found.setdefault(identity, dict.fromkeys(LINE))
        there.update({name: cell for name, cell in line.items() if cell is not None})
    return list(found.values())


def _labelled(
    records: Iterable[Mapping[str, object]], products: Mapping[str, object]
) -> list[Mapping[str, object]]:
    """Give a line that has a label only the product of that name."""
    by_name = {str(record["name"]).lower(): code for code, record in products.items()}
    return [
        {**record, "product": record["product"] or by_name.get(str(record.get("label")).lower())}
        for record in records
    ]


def _is_sale(line: Mapping[str, object]) -> bool:
    return line["quantity"] > 0 and line["customer"] is not None and line["status"] != "cancelled"


def _is_return(line: Mapping[str, object]) -> bool:
    return line["quantity"] < 0 and line["customer"] is not None and line["status"] != "cancelled"


def _supports(sale: Mapping[str, object], back: Mapping[str, object]) -> bool:
    same = (sale["product"], sale["customer"]) == (back["product"], back["customer"])
    return same and (sale["document"] == back["document"] or sale["day"] <= back["day"])


def _folded(records: Iterable[Mapping[str, object]]) -> dict[Cells, dict[str, object]]:
    """Return the lines of one file by identity."""
    repeated: dict[Cells, list[Mapping[str, object]]] = {}
    for record in records:
        number = record["line_no"]
        plain = ("product", record["product"] or record.get("label"), record["customer"])
        identity = ("number", number) if number is not None else plain
        repeated.setdefault((record["document"], *identity), []).append(record)
    return {identity: _fold(same) for identity, same in repeated.items()}


def _fold(same: Sequence[Mapping[str, object]]) -> dict[str, object]:
    ruling = ("day", "product", "customer", "status")
    kept: list[Mapping[str, object]] = []
    for record in same:
        if record not in kept and all(record[name] == same[-1][name] for name in ruling):
            kept.append(record)
    folded = {name: _last(kept, name) for name in (*LINE, "document")}
    for name in ("quantity", "amount"):
        folded[name] = sum(record[name] for record in kept)
    return folded


def _last(records: Sequence[Mapping[str, object]], name: str) -> object:
    return next((r[name] for r in reversed(records) if r[name] is not None), None)


def _contacts(versions: Sequence[Version], customers: set[str]) -> set[Cells]:
    return {
        (record["customer"], record["email"], record["day"], record["status"])
        for file in versions
        for record in file.records
        if record["email"] is not None or record["customer"] in customers
    }


def _barred(
    clients: Sequence[Version], customers: Mapping[str, Mapping[str, object]], contacts: set[Cells]
) -> dict[str, frozenset[tuple[str, str]]]:
    """Return who must not be written to, by reason: persons, and addresses in lower case."""
    left = {(code, "opt_out") for code, record in customers.items() if record.get("opt_out")}
    wishes = left | {(c[0], c[3]) for c in contacts if c[1] is None and c[3] in WISHES}
    known = {
        (str(record["email"]).lower(), reason)
        for file in clients
        for record in file.records
        for code, reason in wishes
        if record["customer"] == code and record["email"] is not None
    }
    told = [cells for cells in contacts if cells[3] in BARRING]
    return {
        "barred_persons": frozenset(left | {(c[0], c[3]) for c in told if c[0] is not None}),
        "barred_addresses": frozenset(
            known | {(str(c[1]).lower(), c[3]) for c in told if c[1] is not None}
        ),
    }
