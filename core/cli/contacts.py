"""What Brevo knows of the tenant's contacts."""

from typing import Annotated

import typer

from core.cli.terminal import AsJson, TenantKey, open_tenant, print_result, tell_stage
from core.services.accounts import SYSTEM

app = typer.Typer(no_args_is_help=True, help="What Brevo knows of the tenant's contacts.")


@app.command("sync")
def sync(
    tenant: TenantKey,
    run_id: Annotated[
        str | None, typer.Option("--run", help="Id of the run; default: the newest.")
    ] = None,
    live: Annotated[
        bool, typer.Option("--live", help="Push for real; without it the plan is printed.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show which contacts of a run would be pushed to Brevo; with --live push them."""
    from core.services.sync_contacts import plan_sync, sync_contacts

    store = open_tenant(tenant)
    if live:
        report = sync_contacts(store, SYSTEM, run_id, tell_stage).to_dict()
    else:
        report = plan_sync(store, SYSTEM, run_id).to_dict()
    shown = {**report, "attributes": " ".join(report["attributes"])}
    print_result(report, as_json, [f"{name}: {value}" for name, value in sorted(shown.items())])


@app.callback()
def contacts() -> None:
    """Keep `sync` a command of its own while it is the only one."""
