"""Headers and cells of the French export: one table per file, contract name to header."""

from collections.abc import Mapping
from datetime import date
from random import Random

from core.contracts import FileKind
from samples.messy.sheet import Row

HEADERS: Mapping[FileKind, Mapping[str, str]] = {
    FileKind.CLIENTS: {
        "client_code": "Code client",
        "email": "Courriel",
        "name": "Nom complet",
        "first_name": "Prénom",
        "last_name": "Nom",
        "phone": "Téléphone",
        "phone_consent": "Accord téléphone",
        "email_opt_out": "Newsletter",
        "consent_source": "Source consentement",
        "consent_date": "Date consentement",
        "budget_band": "Budget",
        "language": "Langue",
        "country": "Pays",
        "postal_code": "Code postal",
        "customer_type": "Type client",
        "created_at": "Date création",
    },
    FileKind.PRODUCTS: {
        "product_key": "Référence",
        "name": "Désignation",
        "family_crm": "Famille",
        "sub_family": "Sous-famille",
        "cepage": "Cépage",
        "sucrosite_niveau": "Sucrosité",
        "price_ttc": "Prix TTC",
        "margin": "Marge",
        "premium_tier": "Niveau premium",
        "price_band": "Tranche prix",
        "vintage": "Millésime",
        "replaces": "Remplace",
        "volume_cl": "Contenance cl",
        "units_per_pack": "Colisage",
        "stock_quantity": "Stock",
        "is_active": "Actif",
        "is_recommendable": "Recommandable",
        "season_tags": "Saisons",
        "aroma_fruit": "Fruit",
        "aroma_floral": "Floral",
        "aroma_spice": "Épices",
        "aroma_mineral": "Minéralité",
        "aroma_acidity": "Acidité",
        "aroma_body": "Corps",
        "aroma_tannin": "Tanins",
        "global_popularity_score": "Popularité",
        "description": "Descriptif",
    },
    FileKind.SALES: {
        "document_id": "N° pièce",
        "product_key": "Référence",
        "product_label": "Désignation",
        "client_code": "Code client",
        "quantity": "Qté",
        "amount": "Montant TTC",
        "sale_date": "Date",
        "document_status": "Statut",
        "channel": "Canal",
        "is_gift": "Cadeau",
    },
    FileKind.CONTACTS: {
        "client_code": "Code client",
        "email": "Courriel",
        "contact_date": "Date",
        "status": "Statut",
        "channel": "Canal",
        "campaign": "Campagne",
    },
}
# Columns of the ERP that the contract does not know.
TOWN, MEMO, SELLER = "Ville", "Mémo", "Vendeur"
UNKNOWN_COLUMNS: Mapping[FileKind, tuple[str, ...]] = {
    FileKind.CLIENTS: (TOWN,),
    FileKind.PRODUCTS: (MEMO,),
    FileKind.SALES: (SELLER,),
    FileKind.CONTACTS: (),
}
WITH_TAX, WITHOUT_TAX = "Montant TTC", "Montant HT"

_WORDS: Mapping[str, Mapping[str, str]] = {
    "customer_type": {"private": "Particulier", "trade": "Professionnel"},
    "document_status": {"valid": "Validée", "cancelled": "Annulée"},
    "status": {
        "sent": "Envoyé",
        "delivered": "Délivré",
        "open": "Ouvert",
        "click": "Clic",
        "soft_bounce": "Rebond temporaire",
        "hard_bounce": "Rebond définitif",
        "unsubscribe": "Désinscription",
        "complaint": "Plainte",
    },
}
_BOOLEANS = {"phone_consent", "is_active", "is_recommendable", "is_gift"}
_DATES = {"consent_date", "created_at", "sale_date", "contact_date"}
_NUMBERS = {"price_ttc", "margin", "volume_cl", "global_popularity_score", "amount"}
_TOWNS = ("Colmar", "Sélestat", "Barr", "Obernai", "Mulhouse", "Saint-Dié", "Nancy", "")
_SELLERS = ("MK", "JPH", "Caisse 1", "Caisse 2", "Internet")
_NO_BREAK_SPACE = "\u00a0"


def french_cells(kind: FileKind, clean: Mapping[str, str]) -> dict[str, str]:
    """Return the cells of `clean` (by contract name) by French header, spelled in French."""
    return {
        header: _french(name, clean[name])
        for name, header in HEADERS[kind].items()
        if name in clean
    }


def _french(name: str, text: str) -> str:
    if not text:
        return text
    if name == "email_opt_out":  # Newsletter: yes means that she may be written to
        return "non" if text == "1" else "oui"
    if name in _BOOLEANS:
        return "oui" if text == "1" else "non"
    if name in _DATES:
        return french_date(date.fromisoformat(text))
    if name in _NUMBERS or name.startswith("aroma_"):
        return text.replace(".", ",")
    return _WORDS.get(name, {}).get(text, text)


def french_date(day: date, separator: str = "/") -> str:
    """Return `day` as dd/mm/yyyy."""
    return separator.join((f"{day.day:02d}", f"{day.month:02d}", str(day.year)))


def french_amount(random: Random, cents: int) -> str:
    """Return cents the way tills and accountants type them: 1 234,56 or 12,50 €."""
    blank = random.choice(("", _NO_BREAK_SPACE, " "))
    whole = f"{abs(cents) // 100:,}".replace(",", blank)
    sign = "-" if cents < 0 else ""
    unit = random.choice((" €", _NO_BREAK_SPACE + "€")) if random.random() < 0.05 else ""
    return f"{sign}{whole},{abs(cents) % 100:02d}{unit}"


def without_tax(cents: int) -> int:
    """Return the amount before 20 % of tax, rounded half up, of an amount with tax."""
    return (cents * 10 + 6) // 12


def client_row(random: Random, clean: Mapping[str, str]) -> Row:
    """Return a row of the clients file; some cells carry blanks around their text."""
    cells = french_cells(FileKind.CLIENTS, clean)
    if random.random() < 0.02:
        cells["Courriel"] = f" {cells['Courriel']} " if cells["Courriel"] else ""
        cells["Nom"] += "  "
    return Row(cells={**cells, TOWN: random.choice(_TOWNS)}, clean=clean)


def product_row(random: Random, clean: Mapping[str, str]) -> Row:
    """Return a row of the products file; some memos run over two lines and hold quotes."""
    cells = french_cells(FileKind.PRODUCTS, clean)
    memo = ""
    if random.random() < 0.15:
        memo = f'Étiquette "{clean["name"]}" ;{random.choice((chr(10), chr(13) + chr(10)))}à revoir'
    return Row(cells={**cells, MEMO: memo}, clean=clean)


def contact_row(random: Random, clean: Mapping[str, str]) -> Row:
    """Return a row of the contacts file; the day carries a time."""
    cells = french_cells(FileKind.CONTACTS, clean)
    cells["Date"] += f" {random.randrange(8, 20):02d}:{random.randrange(60):02d}"
    return Row(cells=cells, clean=clean)


def sale_row(
    random: Random, clean: Mapping[str, str], label: str, *, amount_header: str, separator: str
) -> Row:
    """Return a row of a sales file; `clean` keeps integer cents under `cents`."""
    cents = int(clean["amount"].replace(".", ""))
    cells = french_cells(FileKind.SALES, clean)
    del cells[WITH_TAX]
    shown = without_tax(cents) if amount_header == WITHOUT_TAX else cents
    return Row(
        cells={
            **cells,
            "Désignation": label,
            "Date": cells["Date"].replace("/", separator),
            "Qté": _quantity(random, cells["Qté"]),
            amount_header: french_amount(random, shown),
            SELLER: random.choice(_SELLERS),
        },
        clean=clean,
        anonymous=not clean["client_code"],
    )


def _quantity(random: Random, text: str) -> str:
    return f"{text},00" if random.random() < 0.2 else text
