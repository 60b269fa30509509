"""Small worlds of up to five files that overlap, correct one another and take goods back."""

import csv
import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hypothesis import strategies as st

from tests.property.import_oracle import Version

Cell = object
CODES = st.sampled_from(["C1", "C2", "C3"])
PRODUCTS = {"P1": "Riesling", "P2": "Sylvaner", "P3": "Muscat"}
DAYS = st.sampled_from(["2025-12-01", "2025-12-05", "2025-12-09"])
MONTHS = st.sampled_from(["20260101", "20260201", "20260301"])


@dataclass(frozen=True, kw_only=True)
class WorldFile:
    """A file as it is handed to the import, and what the oracle is told of it."""

    name: str
    content: bytes
    version: Version


def maybe(strategy: st.SearchStrategy[str]) -> st.SearchStrategy[str | None]:
    return st.one_of(st.none(), strategy, strategy)


CLIENTS = st.fixed_dictionaries(
    {
        "customer": CODES,
        "email": maybe(st.sampled_from(["a@example.com", "B@example.com", "c@example.com"])),
        "name": maybe(st.sampled_from(["Anne", "Bob", "Cleo"])),
        "phone": maybe(st.sampled_from(["007", "+33612345678"])),
        "opt_out": st.sampled_from([None, None, False, False, True]),
    }
)
ARTICLES = st.fixed_dictionaries(
    {
        "product": st.sampled_from(sorted(PRODUCTS)),
        "price_cents": st.one_of(st.none(), st.sampled_from([700, 950, 1200])),
    }
).map(lambda record: {**record, "name": PRODUCTS[record["product"]]})
LINES = st.fixed_dictionaries(
    {
        "document": st.sampled_from(["D1", "D2", "D3"]),
        "product": st.sampled_from(sorted(PRODUCTS)),
        "customer": maybe(CODES),
        "quantity": st.sampled_from([1, 2, 6, 6, -1, -2]),
        "amount": st.sampled_from([700, 950]),
        "day": DAYS,
        "status": st.sampled_from(["valid", "valid", "valid", "cancelled"]),
        "channel": maybe(st.sampled_from(["shop", "web"])),
    }
)
CONTACTS = st.fixed_dictionaries(
    {
        "customer": maybe(CODES),
        "email": maybe(st.sampled_from(["a@example.com", "b@example.com"])),
        "day": DAYS,
        "status": st.sampled_from(["sent", "click", "unsubscribe", "hard_bounce"]),
    }
).filter(lambda record: record["customer"] or record["email"])
HEADERS: Mapping[str, Mapping[str, str]] = {
    "clients": {
        "customer": "client_code",
        "email": "email",
        "name": "name",
        "phone": "phone",
        "country": "country",
        "opt_out": "email_opt_out",
    },
    "products": {"product": "product_key", "name": "name", "price_cents": "price_ttc"},
    "sales": {
        "document": "document_id",
        "line_no": "line_no",
        "product": "product_key",
        "label": "product_label",
        "customer": "client_code",
        "quantity": "quantity",
        "amount": "amount",
        "day": "sale_date",
        "status": "document_status",
        "channel": "channel",
    },
    "creating": {"designation": "Designation", "origin": "Origin"},
    "contacts": {
        "customer": "client_code",
        "email": "email",
        "day": "contact_date",
        "status": "status",
    },
}
RECORDS = {"clients": CLIENTS, "products": ARTICLES, "contacts": CONTACTS}


@st.composite
def lines(draw: st.DrawFn) -> list[dict[str, Cell]]:
    """Lines of one file: numbered or not, naming the product by its key or by its label."""
    records = draw(st.lists(LINES, min_size=1, max_size=4))
    way = draw(st.sampled_from(["number", "key", "label"]))
    for record in records:
        record["line_no"] = draw(st.sampled_from("12")) if way == "number" else None
        record["label"] = PRODUCTS[str(record["product"])] if way == "label" else None
        if way == "label":
            record["product"] = None
    return records


@st.composite
def world_files(draw: st.DrawFn, number: int, kinds: Sequence[str]) -> WorldFile:
    """One file; its number makes its bytes differ from those of any other."""
    kind = draw(st.sampled_from(kinds))
    records = draw(lines() if kind == "sales" else _listed(kind))
    return world_file(number, kind, draw(MONTHS), records)


def world_file(
    number: int, kind: str, month: str, records: Sequence[Mapping[str, Cell]]
) -> WorldFile:
    """Return the file of these records, exported on the day `month`."""
    content = _written(kind, records, number)
    return WorldFile(
        name=f"{kind}_{month}_{number}.csv",
        content=content,
        version=Version(
            kind=kind,
            exported_at=month,
            sha256=hashlib.sha256(content).hexdigest(),
            records=records,
        ),
    )


def _listed(kind: str) -> st.SearchStrategy[list[dict[str, Cell]]]:
    """A short list, or one that names every product or most customers."""
    key = {"products": "product", "clients": "customer"}.get(kind)
    some = st.lists(RECORDS[kind], min_size=1, max_size=3)
    if key is None:
        return some
    every = st.lists(RECORDS[kind], min_size=3, max_size=3, unique_by=lambda r: r[key])
    return st.one_of(every, every, some)


def worlds(files: int) -> st.SearchStrategy[tuple[WorldFile, ...]]:
    """Worlds of `files` files: one of products, one of clients, and what comes on top."""
    more = ("sales", "sales", "sales", "clients", "contacts", "products")
    kinds = [("products",), ("clients",), *(more for _ in range(files - 2))]
    return st.tuples(*(world_files(number, kind) for number, kind in enumerate(kinds, 1)))


def _written(kind: str, records: Sequence[Mapping[str, Cell]], number: int) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    headers = dict(HEADERS[kind])
    if kind == "sales" and any("designation" in record for record in records):
        headers.update(HEADERS["creating"])
    writer.writerow([*headers.values(), "export"])
    for record in records:
        writer.writerow([*(_cell(name, record.get(name)) for name in headers), number])
    return text.getvalue().encode()


def _cell(name: str, cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if name in ("amount", "price_cents"):
        return f"{int(str(cell)) / 100:.2f}"
    return str(cell)
