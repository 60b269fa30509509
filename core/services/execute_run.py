"""A run: created by a user, executed by a worker, published as a whole or not at all."""

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from typing import Any

from duckdb import DuckDBPyConnection

from core.errors import Busy, CrmError, NotFound
from core.i18n import N_
from core.policy import Policy, parse_policy
from core.reco.product_figures import compute_product_figures
from core.reco.ranking import Ranked, explain_ranked
from core.services.accounts import Actor, Role, require
from core.services.as_of import as_of_day
from core.services.audit_trail import Action, record
from core.services.compute_lists import COMPUTING, Stages, compute_lists
from core.services.policies import current_version
from core.services.progress import Progress, no_progress
from core.services.run_basis import basis_of
from core.services.run_insights import keep_insights
from core.services.run_reports import summary_of
from core.services.run_summary import canonical_json, compute_qc, compute_summary
from core.services.shard_plan import (
    PLANNING,
    clear_abandoned,
    is_planned,
    is_sharded,
    plan_shards,
    stop_shards,
)
from core.services.shard_run import AskShard, complete_shards
from core.services.workbench import workbench
from core.store.dataset import load_revision
from core.store.identity import new_id
from core.store.locks import RUN_LOCK, exclusive
from core.store.run_rows import store_lists, store_product_figures, store_verdicts
from core.store.runs import (
    Run,
    RunStatus,
    fail_run,
    find_run,
    finish_run,
    insert_run,
    start_run,
)
from core.store.statistics import OF_RUNS, refresh_statistics
from core.store.tenant import TenantStore

STAGES: Mapping[str, str] = {
    "read": N_("Reading the data"),
    **COMPUTING,
    "summarise": N_("Counting"),
    "store": N_("Storing the results"),
}
CUSTOMERS_EXPLAINED = 100_000  # at a time

_BUSY = N_("Another run of this company is under way. Wait until it has finished.")
_UNEXPECTED = N_("The run stopped on an unexpected error. Launch it again, or read the log.")


def create_run(
    store: TenantStore,
    actor: Actor,
    *,
    as_of: date | str | None = None,
    top_n: int | None = None,
    silence_window_days: int | None = None,
    run_id: str | None = None,
) -> str:
    """Record a queued run of the tenant's current policy and return its id, `run_id` if given.

    `as_of` is a date or its ISO text; the default is the demo's fixed date, else today in the
    tenant's time zone. `run_id` is the id to be, default a fresh one; a run that has it is not
    recorded again. Raises `NotAllowed` below analyst and `Refused` on an unusable option.
    """
    require(actor, Role.ANALYST)
    current = current_version(store)
    policy = current.policy.with_run_options(top_n=top_n, silence_window_days=silence_window_days)
    run = Run(
        run_id=run_id or new_id(),
        status=RunStatus.QUEUED,
        as_of=as_of_day(store, as_of),
        policy_json=policy.canonical_json(),
        policy_version=current.version,
        created_at=store.store.now(),
        created_by=actor.username,
    )
    with store.begin() as tx:
        if run_id is not None and find_run(tx, run_id) is not None:
            return run_id
        insert_run(tx, run)
        record(
            store,
            tx,
            actor.user_id,
            Action.RUN_LAUNCHED,
            run.run_id,
            as_of=run.as_of.isoformat(),
            policy_version=run.policy_version,
        )
    return run.run_id


def execute(
    store: TenantStore,
    run_id: str,
    progress: Progress = no_progress,
    ask: AskShard | None = None,
) -> dict[str, Any]:
    """Execute the run and return its summary; a run that is done is not touched again.

    With `ask`, a run of many customers on Postgres is worked on in shards by whom it asks, to the
    same rows, and goes on with those that a killed attempt left; all other rows that it left are
    removed first. Raises `NotFound`, and `Busy` while another run of the tenant executes; any other
    error leaves the run failed, without rows.
    """
    with exclusive(store, RUN_LOCK, _BUSY):
        clear_abandoned(store)
        with store.read() as tx:
            run = find_run(tx, run_id)
        if run is None:
            raise NotFound(N_("There is no such run."))
        if run.status is not RunStatus.DONE:
            _attempt(store, run, progress, ask)
        return summary_of(store, run_id)


def _attempt(store: TenantStore, run: Run, progress: Progress, ask: AskShard | None) -> None:
    is_left = ask is not None and run.status is RunStatus.RUNNING
    goes_on = is_left and is_planned(store, run.run_id)
    if not goes_on:
        stop_shards(store, run.run_id)
        start_run(store, run.run_id)
    try:
        if ask is not None and (goes_on or is_sharded(store)):
            _execute_in_shards(store, run, progress, ask, goes_on=goes_on)
        else:
            with workbench(store, "run") as con:
                _compute_and_publish(store, run, con, Stages(progress, STAGES))
    except Exception as error:
        _end(store, run.run_id, str(error) if isinstance(error, CrmError) else _UNEXPECTED)
        raise


def _end(store: TenantStore, run_id: str, sentence: str) -> None:
    """Fail a run, also when a shard does not end: what that one still writes nobody sees."""
    with suppress(Busy):
        stop_shards(store, run_id)
    fail_run(store, run_id, sentence)


def _execute_in_shards(
    store: TenantStore, run: Run, progress: Progress, ask: AskShard, *, goes_on: bool
) -> None:
    if not goes_on:
        with workbench(store, "run") as con:
            plan_shards(store, run, con, Stages(progress, PLANNING))
    complete_shards(store, run, progress, ask)


def fail(store: TenantStore, run_id: str, why: CrmError) -> None:
    """End a run that nobody works on with a sentence; one that is done stays as it is."""
    with store.read() as tx:
        run = find_run(tx, run_id)
    if run is not None and run.status is not RunStatus.DONE:
        _end(store, run_id, str(why))


def _compute_and_publish(
    store: TenantStore, run: Run, con: DuckDBPyConnection, stages: Stages
) -> None:
    policy = parse_policy(json.loads(run.policy_json))
    read_at = store.store.now()
    with stages.stage("read"), store.read() as tx:
        revision = load_revision(tx, con)
    ranked = compute_lists(con, run.as_of, policy, stages)
    with stages.stage("summarise"):
        summary = compute_summary(con, run, policy, store.tenant.key, revision.sha256)
        qc = compute_qc(con)
        compute_product_figures(con, ranked.model.learned.neighbours[0], run.as_of)
        keep_insights(store, run, con, ranked.history, policy)
    with stages.stage("store"):
        _store_outputs(store, run, policy, con, ranked)
        refresh_statistics(store, OF_RUNS)
    summary["timings"] = stages.timings
    finish_run(
        store,
        run.run_id,
        finished_at=store.store.now(),
        summary_json=canonical_json(summary),
        qc_json=canonical_json(qc),
        basis_json=canonical_json(basis_of(revision, read_at)),
    )


def _store_outputs(
    store: TenantStore, run: Run, policy: Policy, con: DuckDBPyConnection, ranked: Ranked
) -> None:
    """Store verdicts, and the lists in parts: sentences and reasons take memory."""
    store_product_figures(store, con, run.run_id)
    store_verdicts(store, con, run.run_id)
    customers = ranked.history.customers
    for low in range(0, customers, CUSTOMERS_EXPLAINED):
        part = (low, min(low + CUSTOMERS_EXPLAINED, customers))
        explain_ranked(con, ranked, "repaired_list", run.as_of, policy, store.tenant.language, part)
        store_lists(store, con, run.run_id)
