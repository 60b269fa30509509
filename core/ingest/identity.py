"""What makes two rows speak of the same thing, per kind of file."""

from collections.abc import Mapping

from core.contracts import COLUMNS, FileKind

# The column of `{p}_rows` that holds a row's identity.
IDENTITY: Mapping[FileKind, str] = {
    FileKind.CLIENTS: "customer",
    FileKind.PRODUCTS: "product_key",
    FileKind.SALES: "line_key",
    FileKind.CONTACTS: "event_key",
}
# Fields that are not kept: the label helps to find the product, the address has `email_norm`.
NOT_STORED: Mapping[FileKind, frozenset[str]] = {
    FileKind.CLIENTS: frozenset(),
    FileKind.PRODUCTS: frozenset(),
    FileKind.SALES: frozenset({"product_label"}),
    FileKind.CONTACTS: frozenset({"email"}),
}

LINE_KEY = """
CASE WHEN line_no IS NOT NULL THEN document_id || chr(31) || '#' || line_no
ELSE document_id || chr(31) || coalesce(product_key, '?' || lower(product_label))
  || chr(31) || coalesce(customer, '') END
"""
EMAIL_NORM = "lower(email)"
EVENT_KEY = f"""
concat_ws(chr(31), coalesce(customer, ''), coalesce({EMAIL_NORM}, ''), contact_date, status,
  coalesce(channel, ''), coalesce(campaign, ''))
"""


def identity_columns(kind: FileKind) -> str:
    """Return the SQL, led by a comma, of the columns added to the fields of `kind`."""
    if kind is FileKind.SALES:
        return f", {LINE_KEY} AS line_key"
    if kind is FileKind.CONTACTS:
        return f", {EMAIL_NORM} AS email_norm, {EVENT_KEY} AS event_key"
    return f", {EMAIL_NORM} AS email_norm" if kind is FileKind.CLIENTS else ""


def fields_of(kind: FileKind) -> tuple[str, ...]:
    """Return the fields of `kind` in the order of the contract."""
    return tuple(column.field for column in COLUMNS[kind])


def stored_fields(kind: FileKind) -> tuple[str, ...]:
    """Return the fields of `kind` that are kept and compared."""
    return tuple(field for field in fields_of(kind) if field not in NOT_STORED[kind])
