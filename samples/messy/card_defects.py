"""Defects of the clients, products and contacts files, planted with their verdicts.

Each defective row is a row of its own (an invented code, or one event more), so that no defect
changes the verdict of another row. What remains after an import is the clean sample.
"""

from collections.abc import Callable, Mapping
from random import Random

from samples.messy.sheet import DUPLICATE, LOADED, MERGED, Row, Sheet

REJECTED_CLIENT, REJECTED_PRODUCT = "C9{:04d}", "ZZ-{:03d}"
_MADE_UP_MAIL = "inconnu{}@example.com"
_MALFORMED_MARKS = (" ", "@@", ",")

# defect, code, how many, header of the cell, the texts put there in turn
_Spoiling = tuple[str, str, int, str, tuple[str, ...]]
_CLIENT_SPOILS: tuple[_Spoiling, ...] = (
    ("missing_key", "MISSING_VALUE", 6, "Code client", ("", "  ")),
    ("bad_boolean", "BAD_BOOLEAN", 4, "Newsletter", ("peut-être", "à demander")),
    ("bad_boolean", "BAD_BOOLEAN", 3, "Accord téléphone", ("bof",)),
    ("bad_choice", "BAD_CHOICE", 5, "Type client", ("Fournisseur", "Inconnu")),
    ("impossible_date", "BAD_DATE", 4, "Date création", ("31/02/2025", "00/00/2024")),
    ("impossible_date", "BAD_DATE", 3, "Date consentement", ("32/01/2025", "hier")),
)
_PRODUCT_SPOILS: tuple[_Spoiling, ...] = (
    ("missing_key", "MISSING_VALUE", 4, "Référence", ("",)),
    ("missing_name", "MISSING_VALUE", 3, "Désignation", ("",)),
    ("bad_number", "BAD_NUMBER", 3, "Prix TTC", ("sur demande", "12,5O")),
    ("bad_number", "BAD_NUMBER", 2, "Millésime", ("NV",)),
    ("out_of_range", "OUT_OF_RANGE", 2, "Prix TTC", ("-5,00",)),
    ("out_of_range", "OUT_OF_RANGE", 2, "Millésime", ("20233", "23")),
    ("out_of_range", "OUT_OF_RANGE", 2, "Corps", ("7", "12,5")),
    ("out_of_range", "OUT_OF_RANGE", 1, "Colisage", ("0",)),
    ("out_of_range", "OUT_OF_RANGE", 1, "Contenance cl", ("0",)),
    ("bad_boolean", "BAD_BOOLEAN", 3, "Actif", ("bientôt",)),
)
_CONTACT_SPOILS: tuple[_Spoiling, ...] = (
    ("bad_choice", "BAD_CHOICE", 6, "Statut", ("Lu", "Perdu")),
    ("missing_value", "MISSING_VALUE", 3, "Statut", ("",)),
    ("missing_value", "MISSING_VALUE", 4, "Date", ("",)),
    ("impossible_date", "BAD_DATE", 4, "Date", ("31/02/2025", "30/02/2026 10:00")),
)


def plant_in_clients(random: Random, sheet: Sheet) -> list[str]:
    """Plant the defects of the clients file; return the codes of people whose row is rejected."""
    _warn_of_addresses(sheet)
    models = [row for row in sheet.rows if _all_filled(row, "Code postal", "Courriel")]
    _plant_copies(random, sheet, models, exact=8, changed={"Code postal": "67999"})
    codes = (REJECTED_CLIENT.format(number) for number in range(1, 10_000))
    rejected: list[str] = []

    def made_up() -> Row:
        code = next(codes)
        rejected.append(code)
        model = random.choice(models)
        return model.but({"Code client": code, "Courriel": _MADE_UP_MAIL.format(code)})

    _plant_spoils(random, sheet, _CLIENT_SPOILS, made_up)
    _plant_ragged(random, sheet, made_up)
    sheet.plant(random, sheet.header_row().rejected("BAD_BOOLEAN", "header_repeated"))
    return [code for code in rejected if code in _codes(sheet, "Code client")]


def plant_in_products(random: Random, sheet: Sheet) -> list[str]:
    """Plant the defects of the products file; return the keys of articles that are rejected."""
    models = [row for row in sheet.rows if _all_filled(row, "Famille", "Stock")]
    _plant_copies(random, sheet, models, exact=4, changed={"Prix TTC": "1,00"})
    keys = (REJECTED_PRODUCT.format(number) for number in range(1, 1000))
    rejected: list[str] = []

    def made_up() -> Row:
        key = next(keys)
        rejected.append(key)
        name = {"Référence": key, "Désignation": f"Cuvée à l'essai {key[3:]}", "Remplace": ""}
        return random.choice(models).but(name)

    _plant_spoils(random, sheet, _PRODUCT_SPOILS, made_up)
    _plant_ragged(random, sheet, made_up)
    sheet.plant(random, sheet.header_row().rejected("BAD_NUMBER", "header_repeated"))
    total = Row(cells={"Référence": "TOTAL", "Stock": "18 250"})
    sheet.rows.append(total.rejected("MISSING_VALUE", "total_line"))
    return [key for key in rejected if key in _codes(sheet, "Référence")]


def plant_in_contacts(random: Random, sheet: Sheet) -> None:
    """Plant the defects of the contacts file."""
    models = [row for row in sheet.rows if _all_filled(row, "Code client", "Courriel")]
    for model in random.sample(models, 12):
        sheet.plant_after(random, model, model.folded(DUPLICATE, "exact_duplicate"))
    _plant_spoils(random, sheet, _CONTACT_SPOILS, lambda: random.choice(models))
    _plant_ragged(random, sheet, lambda: random.choice(models))
    for number in range(5):
        stranger = random.choice(models).but({"Code client": f"C7{number:04d}", "Courriel": ""})
        sheet.plant(random, stranger.held("UNKNOWN_CUSTOMER", "unknown_customer"))
        nobody = random.choice(models).but({"Code client": "", "Courriel": ""})
        sheet.plant(random, nobody.rejected("MISSING_VALUE", "missing_key"))
    sheet.plant(random, sheet.header_row().rejected("BAD_DATE", "header_repeated"))


def _codes(sheet: Sheet, header: str) -> set[str]:
    return {row.cells.get(header, "") for row in sheet.rows}


def _all_filled(row: Row, *headers: str) -> bool:
    return (
        row.bucket == LOADED and not row.code and all(row.cells.get(h, "").strip() for h in headers)
    )


def _warn_of_addresses(sheet: Sheet) -> None:
    """Give rows without a usable address their warning: they are loaded all the same."""
    for place, row in enumerate(sheet.rows):
        address = row.clean["email"]
        if not address:
            code, defect = "MISSING_EMAIL", "missing_email"
        elif _malformed(address):
            code, defect = "MALFORMED_EMAIL", "malformed_email"
        else:
            continue
        sheet.rows[place] = Row(
            cells=row.cells, clean=row.clean, bucket=LOADED, code=code, defect=defect
        )


def _malformed(address: str) -> bool:
    domain = address.rpartition("@")[2]
    return any(m in address for m in _MALFORMED_MARKS) or "@" not in address or "." not in domain


def _plant_copies(
    random: Random, sheet: Sheet, models: list[Row], *, exact: int, changed: Mapping[str, str]
) -> None:
    """Plant identical rows below, and outdated ones above, rows of which each is used once."""
    chosen = random.sample(models, 2 * exact)
    for model in chosen[:exact]:
        sheet.plant_after(random, model, model.folded(DUPLICATE, "exact_duplicate"))
    for model in chosen[exact:]:
        sheet.plant_before(random, model, model.but(changed).folded(MERGED, "changed_duplicate"))


def _plant_spoils(
    random: Random, sheet: Sheet, spoils: tuple[_Spoiling, ...], model: Callable[[], Row]
) -> None:
    for defect, code, count, header, texts in spoils:
        for number in range(count):
            spoiled = model().but({header: texts[number % len(texts)]})
            sheet.plant(random, spoiled.rejected(code, defect))


def _plant_ragged(random: Random, sheet: Sheet, model: Callable[[], Row]) -> None:
    for cut in (2, 3, 4):
        sheet.plant(random, model().ragged(cut=cut))
        sheet.plant(random, model().ragged(extra=("cellule", "de trop")[: cut - 1]))
