"""Whom a campaign of a run would be written to now."""

import json

import duckdb
from duckdb import DuckDBPyConnection

from core.audit import check_addresses
from core.contracts import RunVersion
from core.errors import NotFound, Refused
from core.i18n import N_
from core.outreach.audience import Audience, select_audience
from core.outreach.holdout import check_share
from core.policy import parse_policy
from core.services.addressee_checks import local_day, mark_suppressed
from core.store.addressees import fetch_addressees, fetch_items, fetch_verdicts
from core.store.runs import Run, RunStatus, find_run
from core.store.tenant import TenantStore


def audience_of_run(store: TenantStore, run_id: str, holdout_share: float = 0.0) -> Audience:
    """Return whom a campaign of this run would be written to now; nothing is stored.

    Raises `NotFound`, and `Refused` for a run that is not done or a share outside 0 to 0.5.
    """
    share = check_share(holdout_share)
    run = done_run(store, run_id)
    with duckdb.connect() as con:
        return select_of_run(store, con, run, share)


def select_of_run(
    store: TenantStore,
    con: DuckDBPyConnection,
    run: Run,
    holdout_share: float,
    *,
    with_items: bool = False,
) -> Audience:
    """Create what `select_audience` does for a run as it was reviewed, and return the audience.

    Of the tables it reads `customers` and, with `with_items`, the lists as `items` are left for
    whoever composes the messages.
    """
    run_at = run.at(RunVersion.REVIEWED)
    with store.read() as tx:
        fetch_verdicts(tx, con, run_at)
        if with_items:
            fetch_items(tx, con, run_at)
        fetch_addressees(tx, con)
    policy = parse_policy(json.loads(run.policy_json))
    check_addresses(con)
    mark_suppressed(con, policy.audit, local_day(store))
    return select_audience(con, store.tenant_id, holdout_share=holdout_share)


def done_run(store: TenantStore, run_id: str) -> Run:
    """Return a finished run; raise `NotFound`, and `Refused` for one that is not done."""
    with store.read() as tx:
        run = find_run(tx, run_id)
    if run is None:
        raise NotFound(N_("There is no such run."))
    if run.status != RunStatus.DONE:
        raise Refused(N_("This run is not done. Wait until it is, or launch another."))
    return run
