"""Which of several causes changed a customer: the older run computed again, one thing changed.

Each trial takes the older run's data, as-of date and policy, puts one of them in the newer run's
place, and is computed by the code of a run, learning from all customers, for this one alone.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from duckdb import DuckDBPyConnection

from core.errors import NotFound, Refused
from core.i18n import N_, translate
from core.policy import Policy, parse_policy
from core.services.comparison_records import Cause, CustomerDifference
from core.services.compute_lists import COMPUTING, Stages, compute_lists
from core.services.progress import Progress, no_progress
from core.services.run_basis import intact_seq
from core.services.run_comparison import compare_runs, customer_of_comparison
from core.services.workbench import workbench
from core.store.dataset import load_revision
from core.store.locks import exclusive
from core.store.runs import Run, find_run
from core.store.tenant import TenantStore

_STAGES: Mapping[str, str] = {"read": N_("Reading the data"), **COMPUTING}
_BUSY = N_("Another question of this kind is being worked on. Wait until it has finished.")
_GONE = N_(
    "The data of one of the runs are gone, since an import was undone: its causes cannot be tried."
)
_NOT_IN_BOTH = N_("This customer is in one of the runs only.")
_TITLES: Mapping[Cause, str] = {
    Cause.DATA: N_("The data alone"),
    Cause.DATE: N_("The as-of date alone"),
    Cause.POLICY: N_("The policy alone"),
}
_ALL = N_("%(cause)s: makes the whole change.")
_NONE = N_("%(cause)s: changes nothing.")
_PART = N_("%(cause)s: changes something, but not to this.")
_TOGETHER = N_("None of them makes the whole change: they act together.")
_UNLIKE = N_(
    "The older run computed again by the present program comes out otherwise: the program, a"
    " suppression or a sent message has changed since."
)
_OUTCOME = """
SELECT scenario, product_key
FROM repaired_list
JOIN product_numbers USING (product_no)
WHERE customer_no = $customer_no
ORDER BY rank
"""

Outcome = tuple[str, tuple[tuple[str, str], ...]]
"""A verdict, and the list as pairs of scenario and product."""


@dataclass(frozen=True, kw_only=True)
class _Trial:
    """What one computation takes: `cause` None takes all of the older run."""

    cause: Cause | None
    as_of: date
    policy: Policy


@dataclass(frozen=True, kw_only=True)
class CauseTrials:
    """What each cause alone makes of the older run: the whole change, a part of it or nothing.

    `is_like` is False when the older run does not come out as it did.
    """

    whole: tuple[Cause, ...]
    part: tuple[Cause, ...]
    nothing: tuple[Cause, ...]
    is_like: bool

    def lines(self, language: str) -> list[str]:
        """Return the result in sentences."""
        groups = ((_ALL, self.whole), (_PART, self.part), (_NONE, self.nothing))
        said = [
            translate(language, sentence, cause=translate(language, _TITLES[cause]))
            for sentence, causes in groups
            for cause in causes
        ]
        if self.is_like and not self.whole and len(said) > 1:
            said.append(translate(language, _TOGETHER))
        return said if self.is_like else [*said, translate(language, _UNLIKE)]


def try_causes(
    store: TenantStore,
    older_id: str,
    newer_id: str,
    customer: str,
    progress: Progress = no_progress,
) -> CauseTrials:
    """Compute what data, date and policy alone change for one customer of both runs.

    Raises `NotFound`, and `Refused` when the data of a run are gone.
    """
    causes = [c for c in compare_runs(store, older_id, newer_id).causes if c in _TITLES]
    difference = customer_of_comparison(store, older_id, newer_id, customer)
    if difference.reason_before is None or difference.reason_after is None:
        raise NotFound(_NOT_IN_BOTH)
    with exclusive(store, "why", _BUSY), workbench(store, "why") as con:
        outcomes = _compute(store, con, (older_id, newer_id), customer, causes, progress)
    base = outcomes.pop(None)
    before, after = _outcomes_of(difference)
    changing = [cause for cause, outcome in outcomes.items() if outcome != base]
    whole = tuple(cause for cause in causes if outcomes[cause] == after and after != base)
    return CauseTrials(
        whole=whole,
        part=tuple(cause for cause in causes if cause in changing and cause not in whole),
        nothing=tuple(cause for cause in causes if cause not in changing),
        is_like=base == before,
    )


def _compute(
    store: TenantStore,
    con: DuckDBPyConnection,
    run_ids: tuple[str, str],
    customer: str,
    causes: Sequence[Cause],
    progress: Progress,
) -> dict[Cause | None, Outcome]:
    with store.read() as tx:
        older, newer = (_found(find_run(tx, run_id)) for run_id in run_ids)
        seqs = (intact_seq(tx, older), intact_seq(tx, newer))
    if None in seqs:
        raise Refused(_GONE)
    on_older, on_newer = _trials(older, newer, causes)
    total = sum(1 + len(COMPUTING) * len(t) for t in (on_older, on_newer) if t)
    stages = Stages(progress, _STAGES, total=total)
    outcomes: dict[Cause | None, Outcome] = {}
    for seq, trials in zip(seqs, (on_older, on_newer), strict=True):
        if trials:
            with stages.stage("read"), store.read() as tx:
                load_revision(tx, con, seq)
        for trial in trials:
            outcomes[trial.cause] = _outcome(con, trial, customer, stages)
    return outcomes


def _trials(older: Run, newer: Run, causes: Sequence[Cause]) -> tuple[list[_Trial], list[_Trial]]:
    """Return what is computed on the data of the older run, and on those of the newer one."""
    before, after = (parse_policy(json.loads(run.policy_json)) for run in (older, newer))
    trials = [_Trial(cause=None, as_of=older.as_of, policy=before)]
    if Cause.DATE in causes:
        trials.append(_Trial(cause=Cause.DATE, as_of=newer.as_of, policy=before))
    if Cause.POLICY in causes:
        trials.append(_Trial(cause=Cause.POLICY, as_of=older.as_of, policy=after))
    on_newer = [_Trial(cause=Cause.DATA, as_of=older.as_of, policy=before)]
    return trials, on_newer if Cause.DATA in causes else []


def _outcome(con: DuckDBPyConnection, trial: _Trial, customer: str, stages: Stages) -> Outcome:
    # Customers are numbered in bytewise order.
    before = "SELECT count(*) FROM customers WHERE customer < $customer"
    [(number,)] = con.execute(before, {"customer": customer}).fetchall()
    compute_lists(con, trial.as_of, trial.policy, stages, [(number, number + 1)])
    values = {"customer_no": number}
    items = con.execute(_OUTCOME, values).fetchall()
    verdict = "SELECT reason FROM verdicts WHERE customer_no = $customer_no"
    [(reason,)] = con.execute(verdict, values).fetchall()
    return str(reason), tuple((str(s), str(p)) for s, p in items)


def _outcomes_of(difference: CustomerDifference) -> tuple[Outcome, Outcome]:
    before, after = (
        tuple((item.scenario, item.product_key) for item in items)
        for items in (difference.before, difference.after)
    )
    return (str(difference.reason_before), before), (str(difference.reason_after), after)


def _found(run: Run | None) -> Run:
    assert run is not None
    return run


def trials_data(trials: CauseTrials) -> dict[str, Any]:
    """Return the result JSON-ready."""
    return {name: list(getattr(trials, name)) for name in ("whole", "part", "nothing")} | {
        "is_like": trials.is_like
    }


def trials_from(data: Mapping[str, Any]) -> CauseTrials:
    """Return what `trials_data` wrote."""
    groups = {name: tuple(Cause(c) for c in data[name]) for name in ("whole", "part", "nothing")}
    return CauseTrials(**groups, is_like=data["is_like"])
