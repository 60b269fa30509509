"""E-mailings of a run."""

from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from core.cli.terminal import AsJson, TenantKey, open_tenant, print_result, tell_stage
from core.services.accounts import SYSTEM
from core.store.tenant import TenantStore

app = typer.Typer(no_args_is_help=True, help="E-mailings of a run.")

CampaignId = Annotated[str, typer.Option("--campaign", help="Id printed by prepare.")]


Live = Annotated[bool, typer.Option("--live", help="Send for real; a dry run without it.")]


@app.command("prepare")
def prepare_(
    tenant: TenantKey,
    run_id: Annotated[str, typer.Option("--run", help="Id of the run.")],
    template: Annotated[str, typer.Option("--template", help="Name of the message, or brevo:ID.")],
    batch_size: Annotated[int, typer.Option("--batch-size", help="200 to 300.")] = 250,
    holdout: Annotated[
        float, typer.Option("--holdout", help="Share not written to, to measure the effect.")
    ] = 0.0,
    live: Live = False,
    as_json: AsJson = False,
) -> None:
    """Freeze who would receive what."""
    from core.outreach.protocol import Mode
    from core.services.campaign_reports import status_of
    from core.services.prepare_campaign import prepare

    store = open_tenant(tenant)
    mode = Mode.LIVE if live else Mode.DRY
    campaign_id = prepare(
        store,
        SYSTEM,
        run_id,
        template,
        batch_size,
        mode=mode,
        holdout_share=holdout,
        progress=tell_stage,
    )
    status = status_of(store, campaign_id).to_dict()
    print_result({**status, "campaign_id": campaign_id}, as_json, [campaign_id])


@app.command("send")
def send_(
    tenant: TenantKey,
    campaign_id: CampaignId,
    live: Live = False,
    confirm: Annotated[
        int | None, typer.Option("--confirm", help="How many recipients are still to come.")
    ] = None,
    at: Annotated[
        datetime | None,
        typer.Option("--at", help="When a worker begins, in the company's time; at once without."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Work through the campaign; a campaign prepared live also takes --live and --confirm."""
    from core.services.campaign_control import confirm_live, confirm_mode
    from core.services.send_campaign import send

    store = open_tenant(tenant)
    confirm_mode(store, campaign_id, is_live=live)
    if live:
        start_at = None if at is None else at.replace(tzinfo=ZoneInfo(store.tenant.time_zone))
        recipients = -1 if confirm is None else confirm
        confirm_live(store, SYSTEM, campaign_id, recipients, start_at=start_at)
    if at is None:
        send(store, campaign_id, tell_stage)
    _print_status(store, campaign_id, as_json)


@app.command("pause")
def pause_(tenant: TenantKey, campaign_id: CampaignId, as_json: AsJson = False) -> None:
    """Let the campaign claim nobody more; what is under way is finished."""
    from core.services.campaign_control import pause

    store = open_tenant(tenant)
    pause(store, SYSTEM, campaign_id)
    _print_status(store, campaign_id, as_json)


@app.command("resume")
def resume_(tenant: TenantKey, campaign_id: CampaignId, as_json: AsJson = False) -> None:
    """Let a paused campaign go on, and work through what is left of it."""
    from core.services.campaign_control import resume
    from core.services.send_campaign import send

    store = open_tenant(tenant)
    resume(store, SYSTEM, campaign_id)
    send(store, campaign_id, tell_stage)
    _print_status(store, campaign_id, as_json)


@app.command("cancel")
def cancel_(tenant: TenantKey, campaign_id: CampaignId, as_json: AsJson = False) -> None:
    """Cancel what is not sent yet."""
    from core.services.campaign_control import cancel

    store = open_tenant(tenant)
    cancel(store, SYSTEM, campaign_id)
    _print_status(store, campaign_id, as_json)


@app.command("reconcile")
def reconcile_(tenant: TenantKey, campaign_id: CampaignId, as_json: AsJson = False) -> None:
    """Ask Brevo's events what became of unsure messages; a person where it may not be asked."""
    from dataclasses import asdict

    from core.services.campaign_watch import settle_doubts

    brought = settle_doubts(open_tenant(tenant), campaign_id)
    found = {name: str(value) for name, value in asdict(brought).items() if value is not None}
    print_result(found, as_json, [f"{name}: {value}" for name, value in found.items()])


@app.command("restored")
def restored(tenant: TenantKey, as_json: AsJson = False) -> None:
    """Say that a backup was brought back: open campaigns stand still until reconciled."""
    from core.services.campaign_control import note_restore

    epoch = note_restore(open_tenant(tenant), SYSTEM)
    print_result({"epoch": epoch}, as_json, [f"epoch: {epoch}"])


@app.command("status")
def status_(tenant: TenantKey, campaign_id: CampaignId, as_json: AsJson = False) -> None:
    """Show the sums of the campaign's journal."""
    _print_status(open_tenant(tenant), campaign_id, as_json)


@app.command("results")
def results_(
    tenant: TenantKey,
    campaign_id: Annotated[
        str | None, typer.Option("--campaign", help="Id printed by prepare; without it all.")
    ] = None,
    window_days: Annotated[
        int, typer.Option("--window-days", help="Purchases count so many days after the first.")
    ] = 14,
    as_json: AsJson = False,
) -> None:
    """Compare what the customers of a live campaign bought with those held out of it."""
    from core.services.campaign_results import results_of
    from core.services.pooled_results import pooled_results

    store = open_tenant(tenant)
    found = (
        pooled_results(store, window_days)
        if campaign_id is None
        else results_of(store, campaign_id, window_days)
    )
    result = found.to_dict()
    counts = [f"{name}: {value}" for name, value in result.items() if isinstance(value, int | str)]
    effects = [f"{e.measure}: {e.verdict} ({e.doubt or e.difference})" for e in found.effects]
    print_result(result, as_json, [*counts, *effects])


def _print_status(store: TenantStore, campaign_id: str, as_json: bool) -> None:
    from core.services.campaign_reports import status_of

    status = status_of(store, campaign_id).to_dict()
    print_result(status, as_json, [f"{name}: {value}" for name, value in sorted(status.items())])
