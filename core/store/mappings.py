"""The mappings a tenant has used: per kind and header fingerprint, every version kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.store.tenant import Transaction, as_moment


@dataclass(frozen=True, kw_only=True)
class StoredMapping:
    """One version of how files with one row of headers are read."""

    kind: str
    fingerprint: str
    version: int
    mapping_json: str
    created_at: datetime
    created_by: str


def find_mapping(tx: Transaction, fingerprint: str) -> StoredMapping | None:
    """Return the latest mapping kept for files with these headers, or None."""
    return _latest(tx, "fingerprint", fingerprint)


def find_mapping_of_kind(tx: Transaction, kind: str) -> StoredMapping | None:
    """Return the latest mapping kept for files of `kind`, or None."""
    return _latest(tx, "kind", kind)


def _latest(tx: Transaction, column: str, value: str) -> StoredMapping | None:
    row = tx.row(
        f"""
        SELECT * FROM import_mapping
        WHERE tenant_id = :tenant AND {column} = :value
        ORDER BY created_at DESC, version DESC LIMIT 1
        """,
        value=value,
    )
    return _stored(row) if row else None


def load_mappings(tx: Transaction, fingerprint: str | None = None) -> list[StoredMapping]:
    """Return every version kept, of one row of headers or of all, the latest first."""
    rows = tx.rows(
        """
        SELECT * FROM import_mapping
        WHERE tenant_id = :tenant AND fingerprint = coalesce(:fingerprint, fingerprint)
        ORDER BY created_at DESC, kind, fingerprint, version DESC
        """,
        fingerprint=fingerprint,
    )
    return [_stored(row) for row in rows]


def store_mapping(
    tx: Transaction, kind: str, fingerprint: str, mapping_json: str, now: datetime, user: str
) -> None:
    """Remember a mapping for files with these headers, as a new version when it differs."""
    latest = find_mapping(tx, fingerprint)
    if latest is not None and latest.mapping_json == mapping_json:
        return
    tx.execute(
        """
        INSERT INTO import_mapping
            (tenant_id, kind, fingerprint, version, mapping_json, created_at, created_by)
        SELECT :tenant, :kind, :fingerprint, coalesce(max(version), 0) + 1, :mapping_json,
            :now, :user
        FROM import_mapping
        WHERE tenant_id = :tenant AND fingerprint = :fingerprint
        """,
        kind=kind,
        fingerprint=fingerprint,
        mapping_json=mapping_json,
        now=now,
        user=user,
    )


def _stored(row: Mapping[str, Any]) -> StoredMapping:
    moment = as_moment(row["created_at"])
    assert moment is not None
    return StoredMapping(
        kind=row["kind"],
        fingerprint=row["fingerprint"],
        version=row["version"],
        mapping_json=row["mapping_json"],
        created_at=moment,
        created_by=row["created_by"],
    )
