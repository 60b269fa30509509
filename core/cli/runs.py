"""Runs and their files."""

from pathlib import Path
from typing import Annotated

import typer

from core.cli.terminal import (
    AsJson,
    AsOf,
    TenantKey,
    day_of,
    language_of_user,
    open_tenant,
    print_result,
    tell_stage,
)
from core.i18n import N_, translate
from core.services.accounts import SYSTEM


def run(
    tenant: TenantKey,
    as_of: AsOf = None,
    top_n: Annotated[int, typer.Option("--top-n", help="Bottles per customer.")] = 5,
    silence_window_days: Annotated[
        int, typer.Option("--silence-window-days", help="Days of silence after a message.")
    ] = 14,
    as_json: AsJson = False,
) -> None:
    """Work out the recommendations of every customer and audit them."""
    from core.services.execute_run import create_run, execute

    store = open_tenant(tenant)
    run_id = create_run(
        store, SYSTEM, as_of=day_of(as_of), top_n=top_n, silence_window_days=silence_window_days
    )
    summary = execute(store, run_id, tell_stage)
    counts = translate(
        language_of_user(),
        N_("Run %(run_id)s: %(customers)s customers, %(eligible)s eligible."),
        run_id=run_id,
        customers=summary["customers"],
        eligible=summary["eligible"],
    )
    print_result(summary, as_json, [counts])


def export(
    tenant: TenantKey,
    run_id: Annotated[str, typer.Option("--run", help="Id of the run.")],
    out: Annotated[Path, typer.Option("--out", help="Folder to write to.")],
) -> None:
    """Write the four standard files of a run, and their Excel twins."""
    from core.services.export_run import write_exports

    for path in write_exports(open_tenant(tenant), run_id, out):
        typer.echo(str(path))
