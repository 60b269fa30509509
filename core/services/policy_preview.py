"""What a policy that is not saved would change of the last run: computed like it, stored nowhere.

Both policies are computed by the code of a run on the same data, those of the last run while its
imports stand, else the data of today; many customers are represented by a sample that is the same
each time. What is learned is learned from all customers, so the lists are those of a whole run.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from duckdb import DuckDBPyConnection

from core.counts import count_rows
from core.errors import NotFound, Refused
from core.i18n import N_
from core.policy import Policy, parse_policy
from core.reco.shards import Slice
from core.services.accounts import Actor, Role, require
from core.services.compute_lists import COMPUTING, Stages, compute_lists
from core.services.policies import current_policy
from core.services.policy_checks import with_changes
from core.services.policy_fields import Change, changes_between
from core.services.preview_figures import compute_differences, keep_sample
from core.services.progress import Progress, no_progress
from core.services.run_basis import code_digest, intact_seq
from core.services.run_summary import canonical_json
from core.services.workbench import workbench
from core.store.dataset import load_revision
from core.store.identity import new_id
from core.store.locks import PREVIEW_LOCK, exclusive
from core.store.policy_previews import (
    StoredPreview,
    find_preview,
    find_preview_by,
    store_preview,
    store_preview_result,
)
from core.store.run_reads import load_product_names
from core.store.runs import Run, find_run, load_runs
from core.store.tenant import TenantStore

MOST_SAMPLED = 20_000
_BLOCK = 100  # customers who follow each other: a kernel is not called for each
_STAGES: Mapping[str, str] = {
    "read": N_("Reading the data"),
    **COMPUTING,
    "compare": N_("Comparing the lists"),
}
_BUSY = N_("Another preview of this company is under way. Wait until it has finished.")
_NO_RUN = N_("There is no finished run to compare with. Launch a run first.")
_NO_PREVIEW = N_("There is no such preview. Ask for it again.")


@dataclass(frozen=True, kw_only=True)
class Preview:
    """A preview: what it compares, and its figures (`compute_differences`) once they are there.

    `figures` also has `customers` in all, `is_same_data` and `is_same_code` as the last run had.
    """

    preview_id: str
    run_id: str
    as_of: date
    policy: Policy
    changes: tuple[Change, ...]
    figures: Mapping[str, Any] | None
    product_names: Mapping[str, str]

    @property
    def is_sample(self) -> bool:
        """Tell whether the figures are those of a part of the customers."""
        return self.figures is not None and self.figures["sampled"] < self.figures["customers"]


def ask_preview(store: TenantStore, actor: Actor, changes: Mapping[str, object]) -> str:
    """Record that `changes` of the policy in force shall be previewed; return the preview's id.

    The same question of the same person has the same id. Raises `NotAllowed` below analyst,
    `PolicyRefused` on values that cannot be used, and `Refused` without a finished run.
    """
    require(actor, Role.ANALYST)
    policy = with_changes(current_policy(store), changes)
    with store.begin() as tx:
        runs = load_runs(tx, limit=1, done_only=True)
        if not runs:
            raise Refused(_NO_RUN)
        asked = StoredPreview(
            preview_id=new_id(),
            run_id=runs[0].run_id,
            policy_json=policy.canonical_json(),
            created_at=store.store.now(),
            created_by=actor.username,
        )
        earlier = find_preview_by(tx, actor.username)
        if earlier and (earlier.run_id, earlier.policy_json) == (asked.run_id, asked.policy_json):
            return earlier.preview_id
        store_preview(tx, asked)
    return asked.preview_id


def preview_of(store: TenantStore, preview_id: str) -> Preview:
    """Return a preview with its figures, if they are there; raise `NotFound`."""
    with store.read() as tx:
        stored = find_preview(tx, preview_id)
        run = find_run(tx, stored.run_id) if stored else None
        if stored is None or run is None:
            raise NotFound(_NO_PREVIEW)
        figures = json.loads(stored.result_json) if stored.result_json else None
        names = load_product_names(tx, _products(figures)) if figures else {}
    policy = parse_policy(json.loads(stored.policy_json))
    return Preview(
        preview_id=preview_id,
        run_id=run.run_id,
        as_of=run.as_of,
        policy=policy,
        changes=changes_between(parse_policy(json.loads(run.policy_json)), policy),
        figures=figures,
        product_names=names,
    )


def compute_preview(
    store: TenantStore, preview_id: str, progress: Progress = no_progress
) -> dict[str, Any]:
    """Compute the figures of a preview, keep and return them; raise `NotFound` and `Busy`."""
    with exclusive(store, PREVIEW_LOCK, _BUSY):
        with store.read() as tx:
            stored = find_preview(tx, preview_id)
            run = find_run(tx, stored.run_id) if stored else None
        if stored is None or run is None:
            raise NotFound(_NO_PREVIEW)
        policy = parse_policy(json.loads(stored.policy_json))
        stages = Stages(progress, _STAGES, total=2 + 2 * len(COMPUTING))
        with workbench(store, "preview") as con:
            figures = _compute(store, run, policy, con, stages)
        with store.begin() as tx:
            store_preview_result(tx, preview_id, canonical_json(figures))
    return figures


def _compute(
    store: TenantStore, run: Run, policy: Policy, con: DuckDBPyConnection, stages: Stages
) -> dict[str, Any]:
    with stages.stage("read"), store.read() as tx:
        revision = load_revision(tx, con, intact_seq(tx, run))
    customers = count_rows(con, "customers")
    sample = sample_of(customers)
    before = parse_policy(json.loads(run.policy_json))
    for side, one in (("before", before), ("after", policy)):
        compute_lists(con, run.as_of, one, stages, sample)
        keep_sample(con, sample, side)
    with stages.stage("compare"):
        figures = compute_differences(con)
    summary = json.loads(run.summary_json or "{}")
    basis = json.loads(run.basis_json or "{}")
    return {
        **figures,
        "customers": customers,
        "is_same_data": revision.sha256 == summary["dataset_hash"],
        "is_same_code": basis.get("code", {}).get("sha256") == code_digest(),
    }


def sample_of(customers: int) -> Sequence[Slice] | None:
    """Return ranges of customer numbers, spread evenly; None when all are few enough.

    >>> len(sample_of(500_000)), sample_of(20_000)
    (200, None)
    """
    if customers <= MOST_SAMPLED:
        return None
    blocks, wanted = customers // _BLOCK, MOST_SAMPLED // _BLOCK
    lows = [place * blocks // wanted * _BLOCK for place in range(wanted)]
    return [(low, low + _BLOCK) for low in lows]


def _products(figures: Mapping[str, Any]) -> list[str]:
    lists = [example[side] for example in figures["examples"] for side in ("before", "after")]
    return sorted({item["product_key"] for items in lists for item in items})
