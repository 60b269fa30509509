"""The second half of a run in shards: each worked on by whoever is free, then all added up.

A shard is worked on under a lock that dies with its worker, as often as it takes, and nobody sees
its rows before the run is published. So a worker that is lost costs its shard alone.
"""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from duckdb import DuckDBPyConnection

from core.errors import Busy, Refused
from core.i18n import N_
from core.policy import parse_policy
from core.reco.portable import footing_of
from core.reco.ranking import explain_ranked
from core.services.compute_lists import compute_listed
from core.services.progress import Progress, no_progress
from core.services.run_basis import code_digest
from core.services.run_summary import canonical_json
from core.services.shard_figures import add_up, count_shard, qc_figures, summary_figures
from core.services.shard_parts import Part, create_tables, unpack
from core.services.workbench import workbench
from core.store.locks import exclusive, is_held
from core.store.run_rows import delete_outputs_of, store_lists, store_verdicts
from core.store.run_shards import (
    COMMON,
    Shard,
    drop_shards,
    fail_shard,
    finish_shard,
    load_part,
    load_shards,
    shard_lock,
    stream_figures,
    try_shard,
)
from core.store.runs import Run, find_run, finish_run
from core.store.statistics import OF_RUNS, refresh_statistics
from core.store.tenant import TenantStore

AskShard = Callable[[TenantStore, str], None]
"""Asks for the work on the shard of a `shard_subject`; to be asked again does no harm."""

IN_SHARDS = N_("Ranking and auditing, part by part")
MOST_TRIES = 5
_LOOK_SECONDS = 0.25
_HELD = "held"  # never said
_OTHER_VERSION = N_(
    "This worker is of another version than the one that began the run. Run one version everywhere."
)
_FAILED = N_(
    "A part of the run did not succeed in %(tries)s tries. Launch the run again, or read the log."
)


def shard_subject(run_id: str, shard_no: int) -> str:
    """Return the name under which the work on a shard is asked for."""
    return f"{run_id}.{shard_no}"


def work_shard(store: TenantStore, subject: str, progress: Progress = no_progress) -> None:
    """Make the lists of one shard and store their rows, still unseen.

    Nothing happens when it is done, wanted no more, or worked on by another. Rows that a lost
    worker left are removed first.
    """
    run_id, _, number = subject.rpartition(".")
    lock = shard_lock(run_id, int(number))
    with suppress(Busy), exclusive(store, lock, _HELD):
        progress(IN_SHARDS, 0, 1)
        tries = try_shard(store, run_id, int(number))
        if tries:
            _work_on(store, run_id, int(number), tries)


def _work_on(store: TenantStore, run_id: str, shard_no: int, tries: int) -> None:
    with store.read() as tx:
        run = find_run(tx, run_id)
        common, own = load_part(tx, run_id, COMMON), load_part(tx, run_id, shard_no)
    if run is None or common is None or own is None:
        return
    try:
        with workbench(store, shard_lock(run_id, shard_no)) as con:
            figures = _compute(store, run, con, unpack(common), unpack(own), is_first=tries == 1)
    except Exception as error:
        told = error.message if isinstance(error, Refused) else type(error).__name__
        fail_shard(store, run_id, shard_no, tries, told)
        raise
    finish_shard(store, run_id, shard_no, tries, canonical_json(figures), store.store.now())


def _compute(
    store: TenantStore,
    run: Run,
    con: DuckDBPyConnection,
    common: Part,
    own: Part,
    *,
    is_first: bool,
) -> dict[str, Any]:
    """Store the rows of the customers of `own`; return what they count.

    Raises `Refused` where other code or libraries began the run: rows might differ.
    """
    if common.notes["basis"]["code"]["sha256"] != code_digest():
        raise Refused(_OTHER_VERSION)
    policy = parse_policy(json.loads(run.policy_json))
    create_tables(con, {**common.tables, **own.tables})
    if not is_first:
        delete_outputs_of(store, run.run_id, own.tables["customer_numbers"]["customer"].to_pylist())
    footing = footing_of(common.arrays, own.arrays)
    compute_listed(con, footing, run.as_of, policy, "customer_failures")
    store_verdicts(store, con, run.run_id)
    explain_ranked(con, footing, "repaired_list", run.as_of, policy, store.tenant.language)
    store_lists(store, con, run.run_id)
    return count_shard(con, policy)


def complete_shards(store: TenantStore, run: Run, progress: Progress, ask: AskShard) -> None:
    """Wait until every shard of the run is done, asking for each, then publish the run.

    Raises `Refused` when a shard does not succeed.
    """
    began = time.perf_counter()
    _wait_for(store, run.run_id, progress, ask)
    refresh_statistics(store, OF_RUNS)
    with store.read() as tx:
        common = load_part(tx, run.run_id, COMMON)
        total = add_up(stream_figures(tx, run.run_id))
    assert common is not None, "it stays until the run is published"
    notes = unpack(common).notes
    timings = {**notes["timings"], "shards": round(time.perf_counter() - began, 3)}
    finish_run(
        store,
        run.run_id,
        finished_at=store.store.now(),
        summary_json=canonical_json(
            {**notes["heading"], **summary_figures(total), "timings": timings}
        ),
        qc_json=canonical_json(qc_figures(total)),
        basis_json=canonical_json(notes["basis"]),
    )
    drop_shards(store, run.run_id)


def _wait_for(store: TenantStore, run_id: str, progress: Progress, ask: AskShard) -> None:
    asked: dict[int, int] = {}  # by shard, its tries when it was asked for last
    while True:
        with store.read() as tx:
            shards = load_shards(tx, run_id)
        waiting = [shard for shard in shards if not shard.is_done]
        progress(IN_SHARDS, len(shards) - len(waiting), len(shards))
        if not waiting:
            return
        for shard in waiting:
            if _is_to_ask(store, run_id, shard, asked.get(shard.shard_no)):
                ask(store, shard_subject(run_id, shard.shard_no))
                asked[shard.shard_no] = shard.tries
        time.sleep(_LOOK_SECONDS)


def _is_to_ask(store: TenantStore, run_id: str, shard: Shard, asked_at: int | None) -> bool:
    """Tell whether a shard was never asked for, or its last try failed or lost its worker."""
    if asked_at is None:
        return True
    if shard.tries == asked_at:
        return False
    if shard.error is None and is_held(store, shard_lock(run_id, shard.shard_no)):
        return False
    if shard.tries >= MOST_TRIES:
        raise Refused(
            _OTHER_VERSION if shard.error == _OTHER_VERSION else _FAILED, tries=shard.tries
        )
    return True
