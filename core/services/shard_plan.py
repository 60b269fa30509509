"""The first half of a run in shards: read, learn from all customers, lay out what shards need.

All is read as of one moment, so shards that are worked on later, and elsewhere, agree.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from time import sleep

from duckdb import DuckDBPyConnection

from core.audit.addresses import check_addresses
from core.audit.rules import judge_customers
from core.contracts import FileKind
from core.errors import Busy
from core.i18n import N_
from core.policy import parse_policy
from core.reco.features import build_facts
from core.reco.portable import customer_arrays, learned_arrays, ranges_of
from core.reco.product_figures import compute_product_figures
from core.reco.ranking import Ranked, learn_ranking
from core.services.compute_lists import COMPUTING, Stages
from core.services.run_basis import basis_of
from core.services.run_insights import keep_insights
from core.services.run_summary import compute_heading
from core.services.shard_parts import COMMON_TABLES, CUSTOMER_TABLES, Part, fetch_tables, pack
from core.store.dataset import load_revision
from core.store.locks import RUN_LOCK, is_held
from core.store.run_rows import store_product_figures
from core.store.run_shards import (
    COMMON,
    abandoned_runs,
    drop_parts,
    drop_shards,
    has_part,
    load_shards,
    shard_lock,
    store_part,
    store_shards,
)
from core.store.runs import Run
from core.store.tenant import TenantStore
from core.store.visible import count_visible

SHARDED_FROM = 100_000  # customers; below, the queue and the laying out cost more than they bring
CUSTOMERS_PER_SHARD = 25_000  # whoever works on them: a lost one costs some seconds
ABANDONED_AFTER = timedelta(days=1)  # no run takes as long

PLANNING: Mapping[str, str] = {
    "read": N_("Reading the data"),
    **{name: COMPUTING[name] for name in ("facts", "addresses", "rank", "audit")},
    "lay_out": N_("Laying out the parts"),
}
_STILL_WORKED_ON = N_("A part of this run is still being worked on. Try again in some minutes.")
_LOOK_SECONDS = 0.25
_LOOKS = 2_400


def is_sharded(store: TenantStore) -> bool:
    """Tell whether a run of this tenant is worked on in shards: many customers, on Postgres."""
    if store.store.data_engine.dialect.name != "postgresql":
        return False
    with store.read() as tx:
        return count_visible(tx, FileKind.CLIENTS) >= SHARDED_FROM


def is_planned(store: TenantStore, run_id: str) -> bool:
    """Tell whether shards of the run wait, or are done: it goes on with them.

    An erasure drops what they need, and nobody was there to be told: the run begins anew.
    """
    with store.read() as tx:
        return bool(load_shards(tx, run_id)) and has_part(tx, run_id, COMMON)


def plan_shards(store: TenantStore, run: Run, con: DuckDBPyConnection, stages: Stages) -> None:
    """Store the parts of a run, then its shards: from then on they may be worked on."""
    policy, read_at = parse_policy(json.loads(run.policy_json)), store.store.now()
    with stages.stage("read"), store.read() as tx:
        revision = load_revision(tx, con)
    with stages.stage("facts"):
        facts = build_facts(con, run.as_of, policy)
    with stages.stage("addresses"):
        check_addresses(con)
    with stages.stage("rank"):
        ranked = learn_ranking(con, facts, run.as_of, policy)
    with stages.stage("audit"):
        judge_customers(con, "customer_failures", run.as_of, policy)
        heading = compute_heading(con, run, policy, store.tenant.key, revision.sha256)
        compute_product_figures(con, ranked.model.learned.neighbours[0], run.as_of)
        keep_insights(store, run, con, ranked.history, policy)
    with stages.stage("lay_out"):
        store_product_figures(store, con, run.run_id)
        customers = _lay_out(store, run, con, ranked)
    notes = {
        "heading": heading,
        "basis": basis_of(revision, read_at),
        "timings": stages.timings,
    }
    common = Part(
        arrays=learned_arrays(ranked), tables=fetch_tables(con, COMMON_TABLES), notes=notes
    )
    store_part(store, run.run_id, COMMON, pack(common))
    store_shards(store, run.run_id, customers)


def stop_shards(store: TenantStore, run_id: str, looks: int = _LOOKS) -> None:
    """Let no shard of the run begin, wait for those at work, and forget them all.

    Afterwards nobody writes rows of the run. Raises `Busy` when one has not ended after so many
    looks, four a second.
    """
    drop_parts(store, run_id)
    with store.read() as tx:
        shards = load_shards(tx, run_id)
    locks = [shard_lock(run_id, shard.shard_no) for shard in shards if not shard.is_done]
    for _look in range(looks):
        locks = [lock for lock in locks if is_held(store, lock)]
        if not locks:
            drop_shards(store, run_id)
            return
        sleep(_LOOK_SECONDS)
    raise Busy(_STILL_WORKED_ON)


def clear_abandoned(store: TenantStore) -> None:
    """Forget the shards of runs that are over, or that nobody has gone on with for a day."""
    with store.read() as tx:
        has_none = not abandoned_runs(tx, datetime.max.replace(tzinfo=UTC))
    if has_none:  # who takes the lock of runs at the moment it is looked at is refused
        return
    is_at_work = is_held(store, RUN_LOCK)  # the run may have waited longer than that
    before = datetime.min.replace(tzinfo=UTC) if is_at_work else store.store.now() - ABANDONED_AFTER
    with store.read() as tx:
        abandoned = abandoned_runs(tx, before)
    for run_id in abandoned:
        with suppress(Busy):  # other work waits for this: who asks next finds it ended
            stop_shards(store, run_id, looks=1)


def _lay_out(store: TenantStore, run: Run, con: DuckDBPyConnection, ranked: Ranked) -> list[int]:
    """Store the part of each shard; return how many customers each has."""
    ranges = ranges_of(ranked.history.customers, CUSTOMERS_PER_SHARD)
    for shard_no, (low, high) in enumerate(ranges, 1):
        part = Part(
            arrays=customer_arrays(ranked, low, high),
            tables=fetch_tables(con, CUSTOMER_TABLES, low=low, high=high),
        )
        store_part(store, run.run_id, shard_no, pack(part))
    return [high - low for low, high in ranges]
