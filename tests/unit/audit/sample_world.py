"""The sample winery's files as a `World`, read cell by cell."""

import csv
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from random import Random

from tests.unit.audit.generated import SCENARIOS
from tests.unit.audit.world import World

SAMPLE = Path(__file__).resolve().parents[3] / "samples" / "isavigne"
AS_OF = date(2026, 10, 31)
_RENAMED = {
    "client_code": "customer",
    "family_crm": "family",
    "sucrosite_niveau": "sweetness",
    "price_ttc": "price_cents",
    "volume_cl": "volume_ml",
    "quantity": "quantity_milli",
    "amount": "amount_cents",
}
_PARSED: Mapping[str, Callable[[str], object]] = {
    "price_cents": lambda cell: round(float(cell) * 100),
    "amount_cents": lambda cell: round(float(cell) * 100),
    "volume_ml": lambda cell: round(float(cell) * 10),
    "quantity_milli": lambda cell: round(float(cell) * 1000),
    "units_per_pack": int,
    "stock_quantity": int,
    **dict.fromkeys(
        ("email_opt_out", "is_active", "is_recommendable", "is_gift"), lambda cell: cell == "1"
    ),
    **dict.fromkeys(
        ("consent_date", "created_at", "sale_date", "contact_date"), date.fromisoformat
    ),
}


def read_sample() -> World:
    """Return the winery without lists, as of the end of its sales."""
    world = World(as_of=AS_OF)
    world.customers = list(_rows("clients"))
    world.products = list(_rows("products"))
    world.contacts = list(_rows("contacts"))
    for number, row in enumerate(_rows("sales")):
        status = row["document_status"] or "valid"
        world.sale_lines.append({**row, "line_key": f"L{number:06d}", "document_status": status})
    return world


def edit_by_hand(world: World, seed: int) -> None:
    """Give every customer a list that nobody ranked: products twice, unknown, out of the blue."""
    draw = Random(seed)
    keys = [str(row["product_key"]) for row in world.products]
    for row in world.customers:
        favourites = draw.sample(keys, 4)
        for _ in range(draw.randrange(7)):
            product = draw.choice([draw.choice(keys), draw.choice(favourites), "HORS-CATALOGUE"])
            world.item(str(row["customer"]), product, draw.choice(SCENARIOS))


def _rows(name: str) -> Iterator[dict[str, object]]:
    with (SAMPLE / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        for cells in csv.DictReader(stream):
            row = {_RENAMED.get(column, column): cell for column, cell in cells.items()}
            parsed = {k: _PARSED.get(k, str)(cell) if cell else None for k, cell in row.items()}
            if "email" in parsed:
                address = row["email"].strip().lower()
                parsed["email_norm"] = address or None
            yield parsed
