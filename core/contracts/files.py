"""The four input files: their columns, and which cells a row cannot do without."""

from collections.abc import Mapping
from enum import StrEnum

from core.contracts.clients import CLIENT_COLUMNS
from core.contracts.columns import Column
from core.contracts.contacts import CONTACT_COLUMNS
from core.contracts.products import PRODUCT_COLUMNS
from core.contracts.sales import SALE_COLUMNS
from core.i18n import N_


class FileKind(StrEnum):
    """The four kinds of input file."""

    CLIENTS = "clients"
    PRODUCTS = "products"
    SALES = "sales"
    CONTACTS = "contacts"


FILE_KIND_TITLES: Mapping[FileKind, str] = {
    FileKind.CLIENTS: N_("Customers"),
    FileKind.PRODUCTS: N_("Products"),
    FileKind.SALES: N_("Sales"),
    FileKind.CONTACTS: N_("Contacts"),
}

COLUMNS: Mapping[FileKind, tuple[Column, ...]] = {
    FileKind.CLIENTS: CLIENT_COLUMNS,
    FileKind.PRODUCTS: PRODUCT_COLUMNS,
    FileKind.SALES: SALE_COLUMNS,
    FileKind.CONTACTS: CONTACT_COLUMNS,
}

# At least one column of each group must be mapped, and its cell filled, for the row to stand.
REQUIRED_GROUPS: Mapping[FileKind, tuple[tuple[str, ...], ...]] = {
    FileKind.CLIENTS: (),
    FileKind.PRODUCTS: (),
    FileKind.SALES: (("product_key", "product_label"),),
    FileKind.CONTACTS: (("client_code", "email"),),
}

# Required columns whose cell may be blank.
BLANK_ALLOWED: Mapping[FileKind, frozenset[str]] = {
    FileKind.CLIENTS: frozenset(),
    FileKind.PRODUCTS: frozenset(),
    FileKind.SALES: frozenset({"client_code"}),
    FileKind.CONTACTS: frozenset(),
}
