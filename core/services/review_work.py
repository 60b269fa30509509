"""Applying what was decided on a run's lists: refill, audit again, publish as the next review.

A review is worked out from the run's own lists and all decisions in force, on the run's data while
its imports stand, else on those of today, for the customers alone whom new or withdrawn decisions
mean. Its rows are stored unseen and published by one small transaction; a killed attempt leaves
nothing that is read, and is done again from the start.
"""

import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from duckdb import DuckDBPyConnection

from core.audit.addresses import check_addresses
from core.audit.gate import decide
from core.audit.refill import refill_lists
from core.audit.rules import find_issues
from core.contracts import RunVersion
from core.errors import Busy
from core.i18n import N_
from core.policy import Policy, parse_policy
from core.reco.features import build_facts
from core.reco.ranking import rank_candidates
from core.reco.shards import Slice
from core.services.compute_lists import COMPUTING, Stages
from core.services.progress import Progress, no_progress
from core.services.review_lists import arrange_kept, explain_reviewed
from core.services.review_meant import read_decisions
from core.services.run_basis import intact_seq
from core.services.run_reports import finished_run, summary_of
from core.services.run_summary import canonical_json, compute_qc, compute_reviewed
from core.services.workbench import workbench
from core.store.dataset import add_products, load_revision
from core.store.locks import exclusive, review_lock
from core.store.review_rows import clear_unpublished_review, fetch_run, store_review
from core.store.reviews import Decision, load_decisions, publish_review
from core.store.run_outputs import RunAt
from core.store.runs import Run
from core.store.tenant import TenantStore

_STAGES: Mapping[str, str] = {
    "read": N_("Reading the data"),
    **{name: COMPUTING[name] for name in ("facts", "addresses", "rank")},
    "refill": N_("Filling the vacant places"),
    "audit": COMPUTING["audit"],
    "store": N_("Storing the results"),
    "summarise": N_("Counting"),
}
_GAP = 200  # customers who are ranked along: a kernel is not called for each
_HELD = "held"  # never said


def apply_decisions(
    store: TenantStore, run_id: str, progress: Progress = no_progress
) -> dict[str, Any]:
    """Apply the decisions on a run that wait, and return the summary of its reviewed lists.

    Without any, nothing happens, nor while another applies those of this run: whoever does looks
    again once the run is let go, so that none is left over. Raises `NotFound` unless the run is
    finished.
    """
    while _decisions_wait(store, run_id) and _apply_in_turn(store, run_id, progress):
        pass
    return summary_of(store, run_id)


def _decisions_wait(store: TenantStore, run_id: str) -> bool:
    with store.read() as tx:
        run = finished_run(tx, run_id)
        return any(decision.waits for decision in load_decisions(tx, run.run_id))


def _apply_in_turn(store: TenantStore, run_id: str, progress: Progress) -> bool:
    """Apply what waits until nothing does; return False when another does so already."""
    try:
        with exclusive(store, review_lock(run_id), _HELD):
            while _apply_waiting(store, run_id, progress):
                pass
    except Busy:
        return False
    return True


def _apply_waiting(store: TenantStore, run_id: str, progress: Progress) -> bool:
    """Apply the decisions that wait by now, and return whether there were any."""
    with store.read() as tx:
        run = finished_run(tx, run_id)
        decisions = load_decisions(tx, run.run_id)
    if not any(decision.waits for decision in decisions):
        return False
    clear_unpublished_review(store, run.at(RunVersion.REVIEWED))
    with workbench(store, review_lock(run_id)) as con:
        _review(store, run, decisions, con, Stages(progress, _STAGES))
    return True


def _review(
    store: TenantStore,
    run: Run,
    decisions: Sequence[Decision],
    con: DuckDBPyConnection,
    stages: Stages,
) -> None:
    policy = parse_policy(json.loads(run.policy_json))
    to_come = RunAt(run_id=run.run_id, review=run.review_no + 1)
    with stages.stage("read"), store.read() as tx:
        load_revision(tx, con, intact_seq(tx, run))
        # The whole catalogue is searched for a replacement, also what came after the run.
        add_products(tx, con, _chosen(decisions))
        read_decisions(tx, con, run.at(RunVersion.REVIEWED), decisions)
    _compute(store, run, policy, con, stages)
    with stages.stage("store"):
        store_review(store, con, to_come)
    with stages.stage("summarise"):
        with store.read() as tx:
            fetch_run(tx, con, to_come)
        summary = compute_reviewed(con, json.loads(run.summary_json or "{}"), to_come.review)
        qc = compute_qc(con)
    with store.begin() as tx:
        publish_review(
            tx,
            to_come,
            [decision for decision in decisions if decision.waits],
            summary_json=canonical_json(summary),
            qc_json=canonical_json(qc),
        )


def _chosen(decisions: Sequence[Decision]) -> list[str]:
    in_force = (one for one in decisions if one.withdrawn_at is None)
    return sorted({one.replacement for one in in_force if one.replacement})


def _compute(
    store: TenantStore, run: Run, policy: Policy, con: DuckDBPyConnection, stages: Stages
) -> None:
    """Create what a run's rows are stored from, for the customers of `changed`."""
    with stages.stage("facts"):
        facts = build_facts(con, run.as_of, policy)
    with stages.stage("addresses"):
        check_addresses(con)
    with stages.stage("rank"):
        ranked = rank_candidates(con, facts, run.as_of, policy, sample=_slices(con))
    with stages.stage("refill"):
        arrange_kept(con)
        refill_lists(con, run.as_of, policy)
    with stages.stage("audit"):
        con.execute("CREATE OR REPLACE TABLE repaired_list AS SELECT * FROM refilled_list")
        find_issues(con, "repaired_list", run.as_of, policy)
        decide(con, "repaired_list", policy)
        explain_reviewed(con, ranked, run.as_of, policy, store.tenant.language)


def _slices(con: DuckDBPyConnection) -> Sequence[Slice]:
    """Return ranges of customer numbers that hold all who change; near ones are one range."""
    found = con.execute(
        "SELECT customer_no FROM customer_numbers SEMI JOIN changed USING (customer) ORDER BY ALL"
    ).fetchall()
    numbers = [number for (number,) in found]
    if not numbers:
        return [(0, 0)]
    breaks = [at for at, (one, next_) in enumerate(pairwise(numbers), 1) if next_ - one > _GAP]
    edges = [0, *breaks, len(numbers)]
    return [(numbers[low], numbers[high - 1] + 1) for low, high in pairwise(edges)]
