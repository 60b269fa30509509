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
from core.contracts import RunVersion
from core.i18n import N_, translate
from core.services.accounts import SYSTEM

app = typer.Typer(no_args_is_help=True, help="The runs of a tenant.")
_LISTED = 100


def run(
    tenant: TenantKey,
    as_of: AsOf = None,
    top_n: Annotated[
        int | None, typer.Option("--top-n", help="Bottles per customer; default: the policy's.")
    ] = None,
    silence_window_days: Annotated[
        int | None,
        typer.Option(
            "--silence-window-days",
            help="Days of silence after a message; default: the policy's.",
        ),
    ] = None,
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


@app.command("list")
def list_(tenant: TenantKey, as_json: AsJson = False) -> None:
    """List the runs, the newest first."""
    from core.services.run_reports import list_runs

    found = [
        {
            "run_id": card.run_id,
            "status": card.status.value,
            "as_of": card.as_of.isoformat(),
            "created_at": card.created_at.isoformat(timespec="seconds"),
            "customers": card.customers,
            "eligible": card.eligible,
            "policy_version": card.policy_version,
        }
        for card in list_runs(open_tenant(tenant), limit=_LISTED)
    ]
    lines = ["  ".join(str(value) for value in run.values()) for run in found]
    print_result({"runs": found}, as_json, lines)


@app.command("compare")
def compare(
    tenant: TenantKey,
    before: Annotated[str, typer.Argument(help="Id of the earlier run.")],
    after: Annotated[str, typer.Argument(help="Id of the later run.")],
    customer: Annotated[
        str | None, typer.Option("--customer", help="Say why this customer changed.")
    ] = None,
    recompute: Annotated[
        bool,
        typer.Option("--recompute", help="Compute what each cause alone changes for --customer."),
    ] = False,
    kind: Annotated[
        str, typer.Option("--kind", help="Customers to list: changed, list, verdict, gained …")
    ] = "changed",
    limit: Annotated[int, typer.Option("--limit", min=0, help="Customers to list.")] = 20,
    offset: Annotated[int, typer.Option("--offset", min=0, help="Customers to skip.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Say what differs between two runs, which customers changed, and why."""
    from core.services.cause_trial import trials_data, try_causes
    from core.services.comparison_report import comparison_data, comparison_lines
    from core.services.run_comparison import (
        compare_runs,
        customer_of_comparison,
        customers_of_comparison,
    )

    store = open_tenant(tenant)
    comparison = compare_runs(store, before, after)
    if customer is not None:
        found = [customer_of_comparison(store, before, after, customer)]
    else:
        found = list(
            customers_of_comparison(store, before, after, kind=kind, limit=limit, offset=offset)
        )
    language = language_of_user()
    lines = comparison_lines(comparison, found, language)
    result = comparison_data(comparison, found, language)
    if customer is not None and recompute:
        trials = try_causes(store, before, after, customer, tell_stage)
        result["trials"] = trials_data(trials)
        lines += [f"  {line}" for line in trials.lines(language)]
    print_result(result, as_json, lines)


def export(
    tenant: TenantKey,
    run_id: Annotated[str, typer.Option("--run", help="Id of the run.")],
    out: Annotated[Path, typer.Option("--out", help="Folder to write to.")],
    version: Annotated[
        RunVersion, typer.Option("--version", help="The run's own lists, or the reviewed ones.")
    ] = RunVersion.REVIEWED,
) -> None:
    """Write the files of a run: the standard ones and the call list, as Excel too, the report."""
    from core.services.export_run import write_exports

    for path in write_exports(open_tenant(tenant), SYSTEM, run_id, out, version=version):
        typer.echo(str(path))
