"""The policies of a tenant, one row per version: versions are added, never changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.store.tenant import Transaction, as_moment


@dataclass(frozen=True, kw_only=True)
class StoredPolicy:
    """One version of a tenant's policy, with who saved it, when and why."""

    version: int
    policy_json: str
    sha256: str
    created_at: datetime
    created_by: str
    note: str


_SELECT = """
SELECT version, policy_json, sha256, created_at, created_by, note
FROM policy
WHERE tenant_id = :tenant
"""

_INSERT = """
INSERT INTO policy (tenant_id, version, policy_json, sha256, created_at, created_by, note)
VALUES (:tenant, :version, :policy_json, :sha256, :created_at, :created_by, :note)
ON CONFLICT (tenant_id, version) DO NOTHING
"""


def find_policy(tx: Transaction, version: int | None = None) -> StoredPolicy | None:
    """Return one version, by default the newest; None where there is none."""
    of_version = "" if version is None else "AND version = :version"
    values = {} if version is None else {"version": version}
    row = tx.row(f"{_SELECT} {of_version} ORDER BY version DESC LIMIT 1", **values)
    return _stored(row) if row else None


def load_policies(tx: Transaction) -> list[StoredPolicy]:
    """Return every version, the newest first."""
    return [_stored(row) for row in tx.rows(f"{_SELECT} ORDER BY version DESC")]


def store_policy(tx: Transaction, policy: StoredPolicy) -> bool:
    """Add a version; tell whether its number was still free."""
    return tx.execute(_INSERT, **vars(policy)) == 1


def _stored(row: Mapping[str, Any]) -> StoredPolicy:
    created_at = as_moment(row["created_at"])
    assert created_at is not None
    return StoredPolicy(**{**row, "created_at": created_at})
