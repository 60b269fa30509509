"""Who may have read a person before she was erased, and writes what was read only afterwards."""

from collections.abc import Iterator

from core.store.campaigns import PREPARING
from core.store.locks import (
    PREVIEW_LOCK,
    PUSH_LOCK,
    campaign_lock,
    is_held,
    review_lock,
)
from core.store.run_shards import open_shard_locks
from core.store.tenant import TenantStore


def are_at_work(store: TenantStore) -> bool:
    """Tell whether a campaign is prepared, a review applied, a preview computed, contacts pushed or
    a shard of a run worked on.

    Each holds its lock from before it reads until it has written, so what began to read after
    an erasure knows nothing of her.
    """
    return any(is_held(store, purpose) for purpose in _purposes(store))


def _purposes(store: TenantStore) -> Iterator[str]:
    with store.read() as tx:
        preparing = tx.rows(
            "SELECT campaign_id FROM campaign WHERE tenant_id = :tenant AND state = :preparing",
            preparing=PREPARING,
        )
        reviewed = tx.rows("SELECT DISTINCT run_id FROM review_decision WHERE tenant_id = :tenant")
        shards = list(open_shard_locks(tx))
    yield from (PREVIEW_LOCK, PUSH_LOCK, *shards)
    yield from (campaign_lock(str(row["campaign_id"])) for row in preparing)
    yield from (review_lock(str(row["run_id"])) for row in reviewed)
