"""Questions why a customer changed between two runs, and the answers.

A person has one question at a time: another one takes the earlier one away.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.store.runs import is_id
from core.store.tenant import Transaction, as_moment


@dataclass(frozen=True, kw_only=True)
class StoredTrial:
    """A customer of two runs; `result_json` stands once her causes are tried."""

    trial_id: str
    older_id: str
    newer_id: str
    customer: str
    created_at: datetime
    created_by: str
    result_json: str | None = None

    @property
    def question(self) -> tuple[str, str, str]:
        """Return what is asked."""
        return self.older_id, self.newer_id, self.customer


_FIND = """
SELECT
    CAST(trial_id AS TEXT) AS trial_id,
    CAST(older_id AS TEXT) AS older_id,
    CAST(newer_id AS TEXT) AS newer_id,
    customer,
    created_at,
    created_by,
    result_json
FROM cause_trial
WHERE tenant_id = :tenant
"""

_INSERT = """
INSERT INTO cause_trial
    (tenant_id, trial_id, older_id, newer_id, customer, created_at, created_by)
VALUES
    (:tenant, :trial_id, :older_id, :newer_id, :customer, :created_at, :created_by)
"""


def find_trial(tx: Transaction, trial_id: str) -> StoredTrial | None:
    """Return a question, or None; a malformed id finds none."""
    if not is_id(trial_id):
        return None
    row = tx.row(f"{_FIND} AND trial_id = :trial_id", trial_id=trial_id.lower())
    return _stored(row) if row else None


def find_trial_by(tx: Transaction, username: str) -> StoredTrial | None:
    """Return the question that a person has, or None."""
    row = tx.row(f"{_FIND} AND created_by = :username", username=username)
    return _stored(row) if row else None


def store_trial(tx: Transaction, trial: StoredTrial) -> None:
    """Record a question in the place of what this person asked before."""
    tx.execute(
        "DELETE FROM cause_trial WHERE tenant_id = :tenant AND created_by = :username",
        username=trial.created_by,
    )
    values = {name: value for name, value in vars(trial).items() if name != "result_json"}
    tx.execute(_INSERT, **values)


def store_trial_result(tx: Transaction, trial_id: str, result_json: str) -> None:
    """Keep the answer to a question, if it is still wanted."""
    tx.execute(
        "UPDATE cause_trial SET result_json = :result_json"
        " WHERE tenant_id = :tenant AND trial_id = :trial_id",
        trial_id=trial_id,
        result_json=result_json,
    )


def _stored(row: dict[str, Any]) -> StoredTrial:
    created_at = as_moment(row["created_at"])
    assert created_at is not None
    return StoredTrial(**{**row, "created_at": created_at})
