"""Backtest of bare baskets: two files in the public format, no tenant, no database."""

from pathlib import Path
from typing import Any

from core.errors import FileRefused, NotFound, Refused
from core.i18n import N_
from core.policy import Policy
from core.reco.backtest.bare_baskets import read_bare_trial
from core.reco.backtest.outcome import answer, conclude
from core.reco.backtest.trials import learn_trial
from core.services.backtest_report import report_of

BASKETS = "baskets"
SEED = 20_000
MOST_RANKED = 100


def backtest_baskets(history: Path, future: Path, k: int) -> dict[str, Any]:
    """Score the recommender and the baselines on two files of bare baskets; return the report.

    Order stands in for dates, the policy is the default one. Raises `NotFound` and `FileRefused`
    on a file that cannot be used, `Refused` on a `k` out of range.
    """
    check_ranked(k)
    trial = read_bare_trial((history.name, _text(history)), (future.name, _text(future)))
    outcome = conclude([answer(trial, learn_trial(trial, Policy()), k)], SEED)
    return report_of(outcome, protocol=BASKETS, k=k, items=trial.history.items)


def check_ranked(k: int) -> None:
    """Raise `Refused` unless `k` items can be ranked."""
    if not 1 <= k <= MOST_RANKED:
        raise Refused(
            N_("%(k)s items cannot be ranked. Choose a number from 1 to %(most)s."),
            k=k,
            most=MOST_RANKED,
        )


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileRefused(N_("%(file)s is not UTF-8 text."), file=path.name) from error
    except OSError as error:
        raise NotFound(
            N_("%(file)s cannot be read. Check that the file is there."), file=path.name
        ) from error
