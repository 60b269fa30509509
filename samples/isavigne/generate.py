"""Write clients.csv, products.csv, sales.csv and contacts.csv beside this file.

Run as `python -m samples.isavigne.generate`; the files are the same bytes every time.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from core.contracts import COLUMNS, FileKind
from samples.isavigne.catalogue import Article, build_catalogue, product_record
from samples.isavigne.contacts import Contact, build_contacts, contact_record
from samples.isavigne.people import Customer, build_customers, client_record
from samples.isavigne.sales import Document, build_documents, sale_records

SEED = 20261031
FOLDER = Path(__file__).parent
_NOT_EXPORTED = {
    FileKind.CLIENTS: frozenset({"consent_wording"}),
    FileKind.SALES: frozenset({"product_label"}),
}


@dataclass(frozen=True, kw_only=True)
class Sample:
    """The invented house: its catalogue, customers, documents and contact events."""

    catalogue: tuple[Article, ...]
    customers: tuple[Customer, ...]
    documents: tuple[Document, ...]
    contacts: tuple[Contact, ...]

    def records(self, kind: FileKind) -> list[dict[str, str]]:
        """Return the rows of one file, cells by contract name."""
        if kind is FileKind.CLIENTS:
            return [client_record(customer) for customer in self.customers]
        if kind is FileKind.PRODUCTS:
            return [product_record(article) for article in self.catalogue]
        if kind is FileKind.SALES:
            return [record for document in self.documents for record in sale_records(document)]
        return [contact_record(contact) for contact in self.contacts]


def build_sample(seed: int = SEED) -> Sample:
    """Return the sample of `seed`; each part draws from a generator of its own."""
    catalogue = build_catalogue()
    customers = build_customers(Random(f"{seed} people"))
    return Sample(
        catalogue=catalogue,
        customers=customers,
        documents=build_documents(Random(f"{seed} sales"), catalogue, customers),
        contacts=build_contacts(Random(f"{seed} contacts"), customers),
    )


def columns_of(kind: FileKind) -> list[str]:
    """Return the header of one file: the contract's columns in the contract's order."""
    left_out = _NOT_EXPORTED.get(kind, frozenset())
    return [column.name for column in COLUMNS[kind] if column.name not in left_out]


def to_csv(columns: Sequence[str], records: Sequence[Mapping[str, str]]) -> bytes:
    """Return `records` as UTF-8 CSV with LF line ends; a missing cell is empty."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue().encode()


def build_files(sample: Sample) -> dict[str, bytes]:
    """Return the four files of the sample by name."""
    return {
        f"{kind.value}.csv": to_csv(columns_of(kind), sample.records(kind)) for kind in FileKind
    }


def main() -> None:
    """Write the four files beside this module."""
    for name, content in build_files(build_sample()).items():
        (FOLDER / name).write_bytes(content)
        print(f"{name}: {len(content):,} bytes")


if __name__ == "__main__":
    main()
