"""The policies of a tenant, one row per version."""

from core.store.tenant import Transaction


def find_policy_json(tx: Transaction) -> str | None:
    """Return the tenant's newest policy as JSON, None when it never set one."""
    found = tx.scalar(
        "SELECT policy_json FROM policy WHERE tenant_id = :tenant ORDER BY version DESC LIMIT 1"
    )
    return None if found is None else str(found)
