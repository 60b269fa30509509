"""Previews of policies that are not saved: what was asked, and what came of it.

A person has one preview at a time: asking for another takes the earlier one away.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.store.runs import is_id
from core.store.tenant import Transaction, as_moment


@dataclass(frozen=True, kw_only=True)
class StoredPreview:
    """A policy to be compared with the policy of a run; `result_json` stands once it is."""

    preview_id: str
    run_id: str
    policy_json: str
    created_at: datetime
    created_by: str
    result_json: str | None = None


_FIND = """
SELECT
    CAST(preview_id AS TEXT) AS preview_id,
    CAST(run_id AS TEXT) AS run_id,
    policy_json,
    created_at,
    created_by,
    result_json
FROM policy_preview
WHERE tenant_id = :tenant
"""

_INSERT = """
INSERT INTO policy_preview (tenant_id, preview_id, run_id, policy_json, created_at, created_by)
VALUES (:tenant, :preview_id, :run_id, :policy_json, :created_at, :created_by)
"""

_STORE_RESULT = """
UPDATE policy_preview SET result_json = :result_json
WHERE tenant_id = :tenant AND preview_id = :preview_id
"""


def find_preview(tx: Transaction, preview_id: str) -> StoredPreview | None:
    """Return a preview, or None; a malformed id finds none."""
    if not is_id(preview_id):
        return None
    row = tx.row(f"{_FIND} AND preview_id = :preview_id", preview_id=preview_id.lower())
    return _stored(row) if row else None


def find_preview_by(tx: Transaction, username: str) -> StoredPreview | None:
    """Return the preview that a person has, or None."""
    row = tx.row(f"{_FIND} AND created_by = :username", username=username)
    return _stored(row) if row else None


def store_preview(tx: Transaction, preview: StoredPreview) -> None:
    """Record what is asked, in the place of what this person asked before."""
    tx.execute(
        "DELETE FROM policy_preview WHERE tenant_id = :tenant AND created_by = :username",
        username=preview.created_by,
    )
    values = {name: value for name, value in vars(preview).items() if name != "result_json"}
    tx.execute(_INSERT, **values)


def store_preview_result(tx: Transaction, preview_id: str, result_json: str) -> None:
    """Keep what came of a preview, if it is still wanted."""
    tx.execute(_STORE_RESULT, preview_id=preview_id, result_json=result_json)


def _stored(row: dict[str, Any]) -> StoredPreview:
    created_at = as_moment(row["created_at"])
    assert created_at is not None
    return StoredPreview(**{**row, "created_at": created_at})
