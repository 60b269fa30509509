"""Backtest of a tenant: asked for by a user, worked on by a worker, kept with its report."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from duckdb import DuckDBPyConnection

from core.errors import CrmError, Refused
from core.i18n import N_
from core.policy import Policy, parse_policy
from core.reco.backtest.outcome import Answers, answer, conclude
from core.reco.backtest.rolling import (
    LEAST_DAYS_BEFORE,
    last_basket_trial,
    read_past,
    rolling_dates,
    rolling_trial,
    set_apart,
)
from core.reco.backtest.trials import learn_trial
from core.services.accounts import Actor, Role, require
from core.services.as_of import as_of_day
from core.services.backtest_baskets import SEED, check_ranked
from core.services.backtest_cards import LOCK, found_backtest
from core.services.backtest_report import report_of
from core.services.policies import current_policy
from core.services.progress import Progress, no_progress
from core.services.run_summary import canonical_json
from core.services.workbench import workbench
from core.store.backtests import Backtest, insert_backtest, settle_backtest
from core.store.dataset import load_dataset
from core.store.identity import new_id
from core.store.locks import exclusive
from core.store.patience import Patience
from core.store.runs import RunStatus
from core.store.tenant import TenantStore

ROLLING, LAST_BASKET = "rolling", "last-basket"
PROTOCOLS = (ROLLING, LAST_BASKET)
RANKED, WINDOW_DAYS, DATES = 10, 90, 4  # unless asked otherwise
LONGEST_WINDOW, MOST_DATES = 365, 24
LONGEST_LIST = 20  # that a policy allows

READ = N_("Reading the data")
LOOK_BACK = N_("Looking back from the dates of the past")
_BUSY = N_("Another backtest of this company is under way. Wait until it has finished.")
_UNEXPECTED = N_("The backtest stopped on an unexpected error. Start it again, or read the log.")
_PAST_A_LOOK = Patience(seconds=0.5, tell=lambda: None)  # a page holds the lock while it looks
_OUT_OF_RANGE = N_("%(name)s is %(value)s and must be from 1 to %(most)s.")


@dataclass(frozen=True, kw_only=True)
class Options:
    """What is measured: protocol, items ranked, last day looked at, windows looked back on."""

    protocol: str
    k: int
    as_of: date
    window_days: int
    dates: int
    policy: Policy


def create_backtest(
    store: TenantStore,
    actor: Actor,
    *,
    protocol: str = ROLLING,
    k: int = RANKED,
    as_of: date | str | None = None,
    window_days: int = WINDOW_DAYS,
    dates: int = DATES,
) -> str:
    """Record a backtest of the tenant's current policy and return its id.

    Raises `NotAllowed` below analyst and `Refused` on an unusable option.
    """
    require(actor, Role.ANALYST)
    _check(protocol, k, window_days, dates)
    options = {
        "protocol": protocol,
        "k": k,
        "as_of": as_of_day(store, as_of).isoformat(),
        "window_days": window_days,
        "dates": dates,
        "policy": current_policy(store).model_dump(mode="json"),
    }
    backtest = Backtest(
        backtest_id=new_id(),
        status=RunStatus.QUEUED,
        options_json=canonical_json(options),
        created_at=store.store.now(),
        created_by=actor.username,
    )
    with store.begin() as tx:
        insert_backtest(tx, backtest)
    return backtest.backtest_id


def _check(protocol: str, k: int, window_days: int, dates: int) -> None:
    check_ranked(k)
    if protocol not in PROTOCOLS:
        raise Refused(
            N_("There is no protocol %(protocol)s. Choose one of %(known)s."),
            protocol=protocol,
            known=", ".join(PROTOCOLS),
        )
    for name, value, most in (
        ("window_days", window_days, LONGEST_WINDOW),
        ("dates", dates, MOST_DATES),
    ):
        if not 1 <= value <= most:
            raise Refused(_OUT_OF_RANGE, name=name, value=value, most=most)


def execute_backtest(
    store: TenantStore, backtest_id: str, progress: Progress = no_progress
) -> dict[str, Any]:
    """Work the backtest out and return its report; one that is done is not touched again.

    Raises `NotFound`, and `Busy` while another one of the tenant is worked out; any other error
    leaves it failed.
    """
    with exclusive(store, LOCK, _BUSY, _PAST_A_LOOK):
        backtest = found_backtest(store, backtest_id)
        if backtest.status is not RunStatus.DONE:
            _attempt(store, backtest, progress)
        report: dict[str, Any] = json.loads(found_backtest(store, backtest_id).report_json or "")
        return report


def _attempt(store: TenantStore, backtest: Backtest, progress: Progress) -> None:
    with store.begin() as tx:
        settle_backtest(tx, backtest.backtest_id, RunStatus.RUNNING)
    try:
        report = _compute(store, _options(backtest), progress)
    except Exception as error:
        said = error if isinstance(error, CrmError) else CrmError(_UNEXPECTED)
        fail_backtest(store, backtest.backtest_id, said)
        raise
    with store.begin() as tx:
        settle_backtest(
            tx,
            backtest.backtest_id,
            RunStatus.DONE,
            finished_at=store.store.now(),
            report_json=canonical_json(report),
        )


def fail_backtest(store: TenantStore, backtest_id: str, why: CrmError) -> None:
    """End a backtest with a sentence; one that is done stays as it is."""
    with store.begin() as tx:
        kept = canonical_json(why.to_data())
        settle_backtest(tx, backtest_id, RunStatus.FAILED, error=kept)


def _options(backtest: Backtest) -> Options:
    given = json.loads(backtest.options_json)
    return Options(
        protocol=given["protocol"],
        k=given["k"],
        as_of=date.fromisoformat(given["as_of"]),
        window_days=given["window_days"],
        dates=given["dates"],
        policy=parse_policy(given["policy"]),
    )


def _compute(store: TenantStore, options: Options, progress: Progress) -> dict[str, Any]:
    progress(READ, 0, 2)
    with workbench(store, "backtest") as con:
        with store.read() as tx:
            dataset_hash = load_dataset(tx, con)
        set_apart(con)
        found = (
            look_back(con, options, progress)
            if options.protocol == ROLLING
            else _last_baskets(con, options, progress)
        )
    return {
        **found,
        "tenant": store.tenant.key,
        "as_of": options.as_of.isoformat(),
        "dataset_hash": dataset_hash,
        "policy_sha256": options.policy.sha256(),
    }


def look_back(
    con: DuckDBPyConnection, options: Options, progress: Progress = no_progress
) -> dict[str, Any]:
    """Return the report of a rolling backtest; needs `rolling.set_apart`."""
    policy = options.policy.model_copy(update=_list_options(options))
    found = read_past(con, options.as_of, policy)
    if found is None:
        return _report([], options, dates=[])
    past, _facts = found
    dates = rolling_dates(past.first, past.last, options.window_days, options.dates)

    def answers() -> Iterator[Answers]:
        for number, day in enumerate(dates):
            progress(LOOK_BACK, number, len(dates))
            trial, model, lists = rolling_trial(
                con, past, day, options.window_days, policy, options.k
            )
            yield answer(trial, model, options.k, lists)

    answered = list(answers())
    return _report(
        answered,
        options,
        days=(past.last - past.first).days,
        days_needed=LEAST_DAYS_BEFORE + options.window_days,
        window_days=options.window_days,
        dates=[
            {
                "as_of": day.isoformat(),
                "until": (day + timedelta(days=options.window_days)).isoformat(),
                "customers": len(one.customer),
            }
            for day, one in zip(dates, answered, strict=True)
        ],
    )


def _list_options(options: Options) -> dict[str, int]:
    top_n = min(options.k, LONGEST_LIST)
    return {"top_n": top_n, "pool_size": max(options.policy.pool_size, top_n)}


def _last_baskets(con: DuckDBPyConnection, options: Options, progress: Progress) -> dict[str, Any]:
    progress(LOOK_BACK, 1, 2)
    found = read_past(con, options.as_of, options.policy)
    if found is None:
        return _report([], options)
    trial = last_basket_trial(con, found[1], options.as_of)
    return _report([answer(trial, learn_trial(trial, options.policy), options.k)], options)


def _report(answers: list[Answers], options: Options, **more: object) -> dict[str, Any]:
    return report_of(conclude(answers, SEED), protocol=options.protocol, k=options.k, **more)
