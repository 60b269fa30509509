"""Every customer code and address that a tenant's tables know, in parts."""

from collections.abc import Iterator

from core.store.subjects import CUSTOMER, EMAIL
from core.store.tenant import TenantStore

_AT_ONCE = 20_000
_KNOWN = (
    (CUSTOMER, "customer", "customer"),
    (CUSTOMER, "sale_line", "customer"),
    (CUSTOMER, "contact_history", "customer"),
    (CUSTOMER, "suppression", "customer"),
    (CUSTOMER, "next_action_output", "customer"),
    (CUSTOMER, "delivery", "customer"),
    (EMAIL, "customer", "email_norm"),
    (EMAIL, "contact_history", "email_norm"),
    (EMAIL, "suppression", "email_norm"),
    (EMAIL, "delivery", "email_norm"),
    (EMAIL, "brevo_event", "email_norm"),
)


def stream_known(store: TenantStore) -> Iterator[tuple[str, list[str]]]:
    """Yield kind and values, each value once per table."""
    with store.read() as tx:
        for kind, table, column in _KNOWN:
            sql = f"""
            SELECT DISTINCT {column} FROM {table}
            WHERE tenant_id = :tenant AND {column} IS NOT NULL
            """
            for rows in tx.stream(sql, _AT_ONCE):
                yield kind, [row[0] for row in rows]
