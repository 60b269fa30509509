"""Shards of runs as jobs of their own queue: any worker takes the next one."""

from core.jobs.kinds import SHARD
from core.jobs.queue import enqueue
from core.services.accounts import SYSTEM, list_tenants
from core.services.shard_plan import clear_abandoned
from core.store.tenant import Store, TenantStore


def ask_shard(store: TenantStore, subject: str) -> None:
    """Ask for the work on a shard; behind one that runs, maybe without its worker, another waits.

    Whoever comes second finds the shard done or held, and leaves it.
    """
    enqueue(store, SYSTEM, SHARD, subject)


def look_after_shards(store: Store) -> None:
    """Forget what runs that were given up have left of their shards."""
    for tenant in list_tenants(store):
        clear_abandoned(store.tenant_store(tenant))
