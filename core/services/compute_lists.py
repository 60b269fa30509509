"""From a tenant's data to audited lists: what a run does, and a preview that stores nothing."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date

from duckdb import DuckDBPyConnection

from core.audit.addresses import check_addresses
from core.audit.gate import decide
from core.audit.repair import repair_lists
from core.audit.rules import find_issues
from core.i18n import N_
from core.policy import Policy
from core.reco.features import build_facts
from core.reco.ranking import Footing, Ranked, rank_candidates, rank_on
from core.reco.shards import Slice
from core.services.progress import Progress

COMPUTING: Mapping[str, str] = {
    "facts": N_("Computing the facts about customers and products"),
    "addresses": N_("Checking the e-mail addresses"),
    "rank": N_("Ranking the candidates"),
    "repair": N_("Repairing the lists"),
    "audit": N_("Auditing the lists"),
}


class Stages:
    """Tells the progress of each stage and keeps how many seconds it took.

    `titles` are gettext source strings by the name of a stage, `total` how many follow in all.
    """

    def __init__(
        self, progress: Progress, titles: Mapping[str, str], total: int | None = None
    ) -> None:
        self._progress = progress
        self._titles = titles
        self._total = total or len(titles)
        self._done = 0
        self.timings: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time the block as the stage `name`."""
        self._progress(self._titles[name], self._done, self._total)
        start = time.perf_counter()
        yield
        self.timings[name] = round(time.perf_counter() - start, 3)
        self._done += 1


def compute_lists(
    con: DuckDBPyConnection,
    as_of: date,
    policy: Policy,
    stages: Stages,
    sample: Sequence[Slice] | None = None,
) -> Ranked:
    """Create `customer_facts`, `candidates`, `repaired_list`, `repairs`, `issues` and `verdicts`.

    Needs the tables of `core.contracts.DATASET_TABLES`. With `sample`, ranges of customer numbers,
    everything is learned from all customers and lists are made for these alone: the same lists.
    """
    with stages.stage("facts"):
        facts = build_facts(con, as_of, policy)
    with stages.stage("addresses"):
        check_addresses(con)
    with stages.stage("rank"):
        ranked = rank_candidates(con, facts, as_of, policy, sample=sample)
    with stages.stage("repair"):
        repair_lists(con, as_of, policy)
    with stages.stage("audit"):
        find_issues(con, "repaired_list", as_of, policy)
        decide(con, "repaired_list", policy)
    return ranked


def compute_listed(
    con: DuckDBPyConnection, footing: Footing, as_of: date, policy: Policy, failures: str
) -> None:
    """Create the same tables for the customers of `footing`, learned from all of them before.

    `failures` is what `judge_customers` found of these customers.
    """
    rank_on(con, footing, as_of, policy)
    repair_lists(con, as_of, policy)
    find_issues(con, "repaired_list", as_of, policy, failures)
    decide(con, "repaired_list", policy)
