"""Backtests: of a tenant's own past, or of bare baskets."""

from pathlib import Path
from typing import Annotated

import typer

from core.cli.terminal import AsJson, language_of_user, print_result


def backtest(
    baskets: Annotated[
        Path | None, typer.Option("--baskets", help="JSON file of known baskets.")
    ] = None,
    future: Annotated[
        Path | None, typer.Option("--future", help="JSON file of the baskets that came next.")
    ] = None,
    k: Annotated[int, typer.Option("--k", help="How many items are ranked.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Measure the recommender against plain baselines, on what customers then bought."""
    from core.services.backtest_baskets import backtest_baskets
    from core.services.backtest_words import report_lines

    if baskets is None or future is None:
        raise typer.BadParameter("give --baskets and --future together")
    report = backtest_baskets(baskets, future, k)
    print_result(report, as_json, report_lines(report, language_of_user()))
