"""E-mailings of a run."""

from typing import Annotated

import typer

from core.cli.terminal import AsJson, TenantKey, open_tenant, print_result, tell_stage
from core.services.accounts import SYSTEM
from core.store.tenant import TenantStore

app = typer.Typer(no_args_is_help=True, help="E-mailings of a run.")

CampaignId = Annotated[str, typer.Option("--campaign", help="Id printed by prepare.")]


@app.command("prepare")
def prepare_(
    tenant: TenantKey,
    run_id: Annotated[str, typer.Option("--run", help="Id of the run.")],
    template: Annotated[str, typer.Option("--template", help="Name of the message.")],
    batch_size: Annotated[int, typer.Option("--batch-size", help="200 to 300.")] = 250,
    as_json: AsJson = False,
) -> None:
    """Freeze who would receive what."""
    from core.services.campaign_reports import status_of
    from core.services.prepare_campaign import prepare

    store = open_tenant(tenant)
    campaign_id = prepare(store, SYSTEM, run_id, template, batch_size)
    status = status_of(store, campaign_id).to_dict()
    print_result({**status, "campaign_id": campaign_id}, as_json, [campaign_id])


@app.command("send")
def send(tenant: TenantKey, campaign_id: CampaignId, as_json: AsJson = False) -> None:
    """Work through the campaign; a dry run, which contacts nobody."""
    from core.services.send_dry import send_dry

    store = open_tenant(tenant)
    send_dry(store, campaign_id, tell_stage)
    _print_status(store, campaign_id, as_json)


@app.command("status")
def status(tenant: TenantKey, campaign_id: CampaignId, as_json: AsJson = False) -> None:
    """Show the sums of the campaign's journal."""
    _print_status(open_tenant(tenant), campaign_id, as_json)


def _print_status(store: TenantStore, campaign_id: str, as_json: bool) -> None:
    from core.services.campaign_reports import status_of

    status = status_of(store, campaign_id).to_dict()
    print_result(status, as_json, [f"{name}: {value}" for name, value in sorted(status.items())])
