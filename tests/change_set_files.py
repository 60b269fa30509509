"""The small files of a change-set walked on the pages, and the company they come to."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from core.services.accounts import SYSTEM
from core.services.import_paths import import_paths
from core.store.tenant import TenantStore
from ui.views.column_titles import COLUMN_TITLES

AS_OF = date(2026, 10, 31)
CATALOGUE = {
    "clients.csv": """client_code,email,name,phone,email_opt_out
C1,anne@example.com,Anne,+33600000001,no
C2,bruno@example.com,Bruno,+33600000002,yes
C3,cleo@example.com,Cleo,+33600000003,no
C4,dan@example.com,Dan,+33600000004,no
""",
    "products.csv": """product_key,name,family_crm,price_ttc
RIE-2021,Riesling Grand Cru 2021,Blanc,14.00
PIN-2020,Pinot Noir Réserve 2020,Rouge,18.00
CRE-BRUT,Crémant Brut,Bulles,11.50
""",
}
# One cell is no number, one label is misspelt, and every day may be a month as well.
_LINES = """A1;Riesling Grand Cru 2021;C1;6;84,00;03/04/2026
A2;Crémant Brut;C2;2;23,00;05/04/2026
A3;Pinot Noir Réserve 2020;C3;three;54,00;07/06/2026
A4;Pinot Nior Reserv 2020;C4;1;18,00;08/06/2026
A5;Crémant Brut;C3;1;11,50;09/06/2026
"""
MISSPELT = "Pinot Nior Reserv 2020"
# The words of a till that nobody knows, and what each means.
UNKNOWN_HEADERS = {
    "Rif": "Document number",
    "Voce": "Product label",
    "Chi": "Customer code",
    "Pz": "Quantity",
    "Tot": "Amount, tax included",
    "Quando": "Date of the sale",
}
COLUMN_OF = {title: name for name, title in COLUMN_TITLES.items()}
TILL = {"till.csv": f"{';'.join(UNKNOWN_HEADERS)}\n{_LINES}"}
KNOWN_TILL = {
    "till.csv": "document_id;product_label;client_code;quantity;amount;sale_date\n"
    + _LINES.replace("09/06", "19/06")  # which settles the order of the dates
}
SCAN = {"scan.csv": "%PDF-1.4 not a table"}
# It would write to C2 again, who has left, and C3 has another telephone.
NEWER_CLIENTS = {
    "clients_new.csv": """client_code,email,name,phone,email_opt_out
C2,bruno@example.com,Bruno,+33600000002,no
C3,cleo@example.com,Cleo,+33699999999,no
"""
}


def write_files(folder: Path, files: Mapping[str, str]) -> list[Path]:
    """Write `files` (name to text) and return their paths."""
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in files]


def load_files(company: TenantStore, folder: Path, files: Mapping[str, str]) -> str:
    """Import `files` without a page; return the id of the import."""
    report = import_paths(company, SYSTEM, write_files(folder, files), as_of=AS_OF)
    return str(report["import_id"])
