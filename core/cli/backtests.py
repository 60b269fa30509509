"""Backtests: of a tenant's own past, or of bare baskets."""

from pathlib import Path
from typing import Annotated, Any

import typer

from core.cli.terminal import (
    AsJson,
    AsOf,
    day_of,
    language_of_user,
    open_tenant,
    print_result,
    tell_stage,
)
from core.services.accounts import SYSTEM

_WHAT = "give --tenant, or --baskets and --future together"


def backtest(
    tenant: Annotated[str | None, typer.Option("--tenant", help="Key of the tenant.")] = None,
    protocol: Annotated[
        str, typer.Option("--protocol", help="For a tenant: rolling or last-basket.")
    ] = "rolling",
    baskets: Annotated[
        Path | None, typer.Option("--baskets", help="JSON file of known baskets.")
    ] = None,
    future: Annotated[
        Path | None, typer.Option("--future", help="JSON file of the baskets that came next.")
    ] = None,
    k: Annotated[int, typer.Option("--k", help="How many items are ranked.")] = 10,
    as_of: AsOf = None,
    window_days: Annotated[
        int, typer.Option("--window-days", help="Days after each date that are looked at.")
    ] = 90,
    dates: Annotated[int, typer.Option("--dates", help="Dates of the past, at most.")] = 4,
    as_json: AsJson = False,
) -> None:
    """Measure the recommender against plain baselines, on what customers then bought."""
    from core.services.backtest_baskets import backtest_baskets
    from core.services.backtest_words import report_lines

    is_bare = baskets is not None or future is not None
    if is_bare == (tenant is not None):
        raise typer.BadParameter(_WHAT)
    if tenant is not None:
        given = {"protocol": protocol, "k": k, "window_days": window_days, "dates": dates}
        report = _of_tenant(tenant, as_of=day_of(as_of), **given)
    elif baskets is None or future is None:
        raise typer.BadParameter(_WHAT)
    else:
        report = backtest_baskets(baskets, future, k)
    print_result(report, as_json, report_lines(report, language_of_user()))


def _of_tenant(key: str, **options: Any) -> dict[str, Any]:
    from core.services.backtest import create_backtest, execute_backtest

    store = open_tenant(key)
    return execute_backtest(store, create_backtest(store, SYSTEM, **options), tell_stage)
