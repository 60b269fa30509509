"""The parts of a customer that a run's report and the page Customers show alike."""

import json
from datetime import date

from core.contracts import AROMA_FIELDS
from core.reco.profiles import TRAITS, Taste, TraitValue, profile
from core.services.run_records import Contact, Item
from core.store import run_reads
from core.store.run_outputs import RunAt
from core.store.run_reads import Row
from core.store.tenant import Transaction, as_date

_CONTACTS_SHOWN = 50


def items_of(tx: Transaction, run: RunAt, customer: str) -> tuple[Item, ...]:
    """Return the list of a customer in a run, by rank."""
    return tuple(_item(row) for row in run_reads.load_items(tx, run, customer))


def contacts_of(
    tx: Transaction, customer: str, email_norm: object, as_of: date
) -> tuple[Contact, ...]:
    """Return the newest contact events of a customer or her address up to `as_of`."""
    rows = run_reads.load_contacts(tx, customer, email_norm, as_of, _CONTACTS_SHOWN)
    return tuple(_contact(row) for row in rows)


def tastes_of(tx: Transaction, customer: str, as_of: date) -> tuple[TraitValue, ...]:
    """Return what a customer likes, as her purchases up to `as_of` say it."""
    return profile(map(_tasted, run_reads.load_tasted(tx, customer, as_of)), as_of)


def _item(row: Row) -> Item:
    values = {name: value for name, value in row.items() if name != "reasons_json"}
    values["product_name"] = row["product_name"] or row["product_key"]
    return Item(**values, reasons=json.loads(row["reasons_json"]))


def _tasted(row: Row) -> Taste:
    return Taste(
        day=row["sale_date"],
        document=row["document_id"] or "",
        product=row["product_key"],
        amount_cents=row["amount_cents"],
        traits={trait: row[trait] for trait in TRAITS},
        aroma={note: row[note] for note in AROMA_FIELDS},
    )


def _contact(row: Row) -> Contact:
    return Contact(**{**row, "contact_date": as_date(row["contact_date"])})
