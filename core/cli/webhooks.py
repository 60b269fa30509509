"""Addresses that Brevo tells of messages."""

from typing import Annotated

import typer

from core.cli.terminal import AsJson, TenantKey, language_of_user, open_tenant, print_result
from core.i18n import N_, translate
from core.services.accounts import SYSTEM

app = typer.Typer(no_args_is_help=True, help="Addresses that Brevo posts events of messages to.")

_SHOWN_ONCE = N_("This address is shown once: enter it at Brevo now, and keep it secret.")


@app.command("create")
def create(tenant: TenantKey, as_json: AsJson = False) -> None:
    """Make an address and print it, once."""
    from core.services.webhook_secrets import create_webhook

    made = create_webhook(open_tenant(tenant), SYSTEM)
    _print_address(made.webhook_id, made.url, as_json)


@app.command("rotate")
def rotate(tenant: TenantKey, as_json: AsJson = False) -> None:
    """Make an address, print it once, and refuse all earlier ones."""
    from core.services.webhook_secrets import rotate_webhook

    made = rotate_webhook(open_tenant(tenant), SYSTEM)
    _print_address(made.webhook_id, made.url, as_json)


@app.command("list")
def list_(tenant: TenantKey, as_json: AsJson = False) -> None:
    """Show the addresses by their ids, without the secret parts."""
    from core.services.webhook_secrets import list_webhooks

    found = [
        {
            "webhook_id": one.webhook_id,
            "created_at": one.created_at.isoformat(),
            "revoked_at": one.revoked_at.isoformat() if one.revoked_at else None,
        }
        for one in list_webhooks(open_tenant(tenant), SYSTEM)
    ]
    lines = ["  ".join(str(value) for value in one.values() if value) for one in found]
    print_result({"webhooks": found}, as_json, lines)


@app.command("revoke")
def revoke(
    tenant: TenantKey,
    webhook_id: Annotated[
        str | None, typer.Option("--id", help="Id printed by list; default: all.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Refuse an address from now on, or all of them."""
    from core.services.webhook_secrets import revoke_webhooks

    revoked = revoke_webhooks(open_tenant(tenant), SYSTEM, webhook_id)
    print_result({"revoked": revoked}, as_json, [str(revoked)])


def _print_address(webhook_id: str, url: str, as_json: bool) -> None:
    typer.echo(translate(language_of_user(), _SHOWN_ONCE), err=True)
    print_result({"webhook_id": webhook_id, "url": url}, as_json, [url])
