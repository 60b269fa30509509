"""The backtests of a tenant as a page shows them: their state, why one failed, what was found."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from core.errors import NotFound, sentence_of
from core.i18n import N_, SOURCE_LANGUAGE
from core.store.backtests import Backtest, find_backtest, load_backtests
from core.store.locks import is_held
from core.store.runs import RunStatus
from core.store.tenant import TenantStore

LOCK = "backtest"
"""What is held while a backtest of the tenant is worked out."""


@dataclass(frozen=True, kw_only=True)
class BacktestCard:
    """A backtest as a page shows it; `report` is None until it is done.

    `error` is an error's `to_data()`. Of one whose process was killed the status stays RUNNING.
    """

    backtest_id: str
    status: RunStatus
    protocol: str
    k: int
    as_of: date
    created_at: datetime
    created_by: str
    error: Mapping[str, Any] | None
    report: dict[str, Any] | None

    def error_sentence(
        self, language: str = SOURCE_LANGUAGE, write: Callable[[object], str] = str
    ) -> str:
        """Return why it failed, in `language`, each value as `write` has it."""
        return sentence_of(self.error, language, write) if self.error else ""


def backtest_of(store: TenantStore, backtest_id: str) -> BacktestCard:
    """Return one backtest; raises `NotFound`."""
    return _card(found_backtest(store, backtest_id))


def list_backtests(store: TenantStore, limit: int = 20) -> list[BacktestCard]:
    """Return the tenant's backtests, the newest first."""
    with store.read() as tx:
        return [_card(one) for one in load_backtests(tx, limit)]


def is_under_way(store: TenantStore) -> bool:
    """Tell whether a backtest of the tenant is worked out, by a worker or a command."""
    return is_held(store, LOCK)


def found_backtest(store: TenantStore, backtest_id: str) -> Backtest:
    """Return one backtest as it is kept; raises `NotFound`."""
    with store.read() as tx:
        backtest = find_backtest(tx, backtest_id)
    if backtest is None:
        raise NotFound(N_("There is no such backtest."))
    return backtest


def _card(backtest: Backtest) -> BacktestCard:
    given = json.loads(backtest.options_json)
    report = backtest.report_json
    return BacktestCard(
        backtest_id=backtest.backtest_id,
        status=backtest.status,
        protocol=given["protocol"],
        k=given["k"],
        as_of=date.fromisoformat(given["as_of"]),
        created_at=backtest.created_at,
        created_by=backtest.created_by,
        error=None if backtest.error is None else _error(backtest.error),
        report=None if report is None else json.loads(report),
    )


def _error(kept: str) -> Mapping[str, Any]:
    """Return an error as it was kept; earlier versions kept its English sentence."""
    try:
        found: Mapping[str, Any] = json.loads(kept)
    except ValueError:
        return {"message": kept, "values": {}}
    return found
