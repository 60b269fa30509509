"""Write the sample as a French ERP exports it, with the verdict each row deserves.

Run as `python -m samples.messy.generate`; the files are the same bytes every time. The verdicts
come from what was planted, by the rules of the product ("Counting", "Identity of a sale line",
"Corrections"); no code of the importer is used.
"""

import csv
import io
import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from random import Random

from core.contracts import FileKind
from samples.isavigne.generate import SEED, Sample, build_sample
from samples.messy.card_defects import plant_in_clients, plant_in_contacts, plant_in_products
from samples.messy.french import (
    HEADERS,
    UNKNOWN_COLUMNS,
    WITH_TAX,
    WITHOUT_TAX,
    client_row,
    contact_row,
    product_row,
    sale_row,
)
from samples.messy.sale_defects import Market, SalePlanter
from samples.messy.sheet import LOADED, Row, Sheet

FOLDER = Path(__file__).parent
YEARS = (2023, 2024, 2025, 2026)
YEAR_WITHOUT_TAX = 2024
TURNS = {2023: 2, 2024: 4, 2025: 4, 2026: 4}
EXPECTED_COLUMNS = ("file", "line", "bucket", "code", "defect")


def build_mapping() -> dict[str, object]:
    """Return the mapping of the two layouts that their headers do not settle.

    Newsletter says the contrary of `email_opt_out`, and one year is before tax; the other files
    are recognised.
    """
    sales = {name: title for name, title in HEADERS[FileKind.SALES].items() if name != "amount"}
    return {
        "files": {
            "clients": {
                "kind": FileKind.CLIENTS.value,
                "columns": dict(HEADERS[FileKind.CLIENTS]),
                "inverse": ["email_opt_out"],
            },
            f"sales_{YEAR_WITHOUT_TAX}.csv": {
                "kind": FileKind.SALES.value,
                "columns": sales,
                "derive": {"amount": {"op": "add_tax", "of": WITHOUT_TAX, "rate": "0.20"}},
            },
        }
    }


def build_sheets(sample: Sample, seed: int = SEED) -> list[Sheet]:
    """Return the seven files with their defects planted."""
    random = Random(f"{seed} messy")
    clients = _sheet(
        FileKind.CLIENTS, [client_row(random, c) for c in sample.records(FileKind.CLIENTS)]
    )
    products = _sheet(
        FileKind.PRODUCTS, [product_row(random, c) for c in sample.records(FileKind.PRODUCTS)]
    )
    contacts = _sheet(
        FileKind.CONTACTS, [contact_row(random, c) for c in sample.records(FileKind.CONTACTS)]
    )
    market = _market(
        sample,
        rejected_clients=plant_in_clients(random, clients),
        rejected_products=plant_in_products(random, products),
    )
    plant_in_contacts(random, contacts)
    sales = [_sales_of(random, sample, market, year) for year in YEARS]
    return [clients, products, *sales, contacts]


def _sheet(kind: FileKind, rows: list[Row]) -> Sheet:
    header = (*HEADERS[kind].values(), *UNKNOWN_COLUMNS[kind])
    return Sheet(name=f"{kind.value}.csv", header=header, rows=rows)


def _sales_of(random: Random, sample: Sample, market: Market, year: int) -> Sheet:
    """Return one year's file: 2023 has another order of columns, 2024 is before tax."""
    amount_header = WITHOUT_TAX if year == YEAR_WITHOUT_TAX else WITH_TAX
    separator = "-" if year == YEARS[0] else "/"
    rows = [
        sale_row(
            random,
            clean,
            market.labels[clean["product_key"]],
            amount_header=amount_header,
            separator=separator,
        )
        for clean in sample.records(FileKind.SALES)
        if clean["sale_date"].startswith(str(year))
    ]
    sheet = Sheet(name=f"sales_{year}.csv", header=_sales_header(year, amount_header), rows=rows)
    planter = SalePlanter(random, sheet, market, amount_header=amount_header, separator=separator)
    planter.plant_all(TURNS[year])
    return sheet


def _sales_header(year: int, amount_header: str) -> tuple[str, ...]:
    known = HEADERS[FileKind.SALES].values()
    titles = tuple(amount_header if title == WITH_TAX else title for title in known)
    unknown = UNKNOWN_COLUMNS[FileKind.SALES]
    return (*unknown, *titles) if year == YEARS[0] else (*titles, *unknown)


def _market(sample: Sample, *, rejected_clients: list[str], rejected_products: list[str]) -> Market:
    first_sale: dict[tuple[str, str], date] = {}
    touched, returned = set(), set()
    for document in sample.documents:  # in order of date
        for line in document.lines:
            pair = (document.client_code, line.product_key)
            touched.add(pair)
            if line.quantity < 0:
                returned.add(pair)
            elif not document.cancelled:
                first_sale.setdefault(pair, document.day)
    return Market(
        buyers=tuple(c.client_code for c in sample.customers if c.buys),
        labels={article.product_key: article.name for article in sample.catalogue},
        first_sale=first_sale,
        touched=frozenset(touched),
        returned=frozenset(returned),
        rejected_clients=tuple(rejected_clients),
        rejected_products=tuple(rejected_products),
    )


def build_files(sheets: list[Sheet]) -> dict[str, bytes]:
    """Return every file of the folder by name: the export, the verdicts, the mapping."""
    counts = {sheet.name: sheet.counts() for sheet in sheets}
    return {
        **{sheet.name: sheet.to_bytes() for sheet in sheets},
        "expected/verdicts.csv": _expected(sheets),
        "expected/counts.json": _json(counts),
        "mapping.json": _json(build_mapping()),
    }


def _expected(sheets: list[Sheet]) -> bytes:
    """Return file, line, bucket, code and defect of every row that is not simply loaded."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(EXPECTED_COLUMNS)
    for sheet in sheets:
        for line, row in sheet.verdicts():
            if row.bucket != LOADED or row.code:
                writer.writerow((sheet.name, line, row.bucket, row.code, row.defect))
    return text.getvalue().encode()


def _json(content: Mapping[str, object]) -> bytes:
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()


def main() -> None:
    """Write the files beside this module."""
    for name, content in build_files(build_sheets(build_sample())).items():
        path = FOLDER / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        print(f"{name}: {len(content):,} bytes")


if __name__ == "__main__":
    main()
