"""Tokens of the HTTP API."""

from typing import Annotated

import typer

from core.cli.terminal import AsJson, TenantKey, language_of_user, open_tenant, print_result
from core.i18n import N_, translate
from core.services.accounts import SYSTEM, Role

app = typer.Typer(no_args_is_help=True, help="Tokens that programs call the HTTP API with.")

_SHOWN_ONCE = N_("This token is shown once: keep it where the program finds it, and nowhere else.")


@app.command("create")
def create(
    tenant: TenantKey,
    name: Annotated[str, typer.Option("--name", help="What it is for, such as the program.")],
    role: Annotated[Role, typer.Option("--role", help="What it permits.")] = Role.VIEWER,
    days: Annotated[
        int | None, typer.Option("--days", help="How long it is good; default: until revoked.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a token and print it, once."""
    from core.services.api_tokens import create_token

    made = create_token(open_tenant(tenant), SYSTEM, name, role, days)
    typer.echo(translate(language_of_user(), _SHOWN_ONCE), err=True)
    print_result({"token_id": made.token_id, "token": made.secret}, as_json, [made.secret])


@app.command("list")
def list_(tenant: TenantKey, as_json: AsJson = False) -> None:
    """Show the tokens by their ids and names, without the secret."""
    from core.services.api_tokens import list_tokens

    found = [
        {
            "token_id": one.token_id,
            "name": one.name,
            "role": one.role.value,
            "created_at": one.created_at.isoformat(),
            "expires_at": one.expires_at.isoformat() if one.expires_at else None,
            "revoked_at": one.revoked_at.isoformat() if one.revoked_at else None,
            "used_at": one.used_at.isoformat() if one.used_at else None,
            "good": one.is_good,
        }
        for one in list_tokens(open_tenant(tenant), SYSTEM)
    ]
    lines = ["  ".join(str(value) for value in one.values() if value) for one in found]
    print_result({"tokens": found}, as_json, lines)


@app.command("revoke")
def revoke(
    tenant: TenantKey,
    token_id: Annotated[str, typer.Option("--id", help="Id printed by list.")],
    as_json: AsJson = False,
) -> None:
    """Refuse a token from now on."""
    from core.services.api_tokens import revoke_token

    revoke_token(open_tenant(tenant), SYSTEM, token_id)
    print_result({"revoked": token_id}, as_json, [token_id])
