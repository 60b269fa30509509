"""People who may sign in, for whoever runs the instance."""

import os
from typing import Annotated

import typer

from core.cli.terminal import AsJson, TenantKey, language_of_user, open_tenant, print_result, say
from core.i18n import N_, translate
from core.services import accounts
from core.services.accounts import SYSTEM, Role, fold_username

app = typer.Typer(no_args_is_help=True, help="People who may sign in.")

Username = Annotated[str, typer.Option("--username", help="Name to sign in with.")]
MemberName = Annotated[str, typer.Option("--username", help="Name of a user of the company.")]
RoleChoice = Annotated[Role, typer.Option("--role", help="What she may do.")]

_SHOWN_ONCE = N_("This password is shown once; at the first sign-in another one has to be chosen.")


@app.command("add")
def add(tenant: TenantKey, username: Username, role: RoleChoice = Role.ANALYST) -> None:
    """Add a person; the password comes from CRM_PASSWORD or is asked."""
    password = os.environ.get("CRM_PASSWORD") or typer.prompt(
        "Password", hide_input=True, confirmation_prompt=True, err=True
    )
    at = open_tenant(tenant)
    accounts.create_user(at.store, at.tenant, username, password, role)
    say(translate(language_of_user(), N_("User %(name)s may sign in."), name=username))


@app.command("create")
def create(
    tenant: TenantKey,
    username: Username,
    role: RoleChoice = Role.ANALYST,
    as_json: AsJson = False,
) -> None:
    """Add a person with an initial password, which is printed once.

    Who has an account already becomes a user of this company too, and keeps the password.
    """
    from core.services.operator_users import create_or_join

    made = create_or_join(open_tenant(tenant), username, role)
    _print_password(made.username, made.password, as_json)


@app.command("list")
def list_(tenant: TenantKey, as_json: AsJson = False) -> None:
    """Show the users of a company."""
    from core.services.users import list_members

    found = [
        {
            "username": one.username,
            "role": one.role.value,
            "active": one.is_active,
            "initial_password": one.has_initial_password,
            "second_factor": one.has_second_factor,
            "last_used": one.seen_at.isoformat() if one.seen_at else None,
        }
        for one in list_members(open_tenant(tenant), SYSTEM)
    ]
    lines = [f"{one['username']}  {one['role']}" for one in found if one["active"]]
    print_result({"users": found}, as_json, lines)


@app.command("reset-password")
def reset_password(tenant: TenantKey, username: MemberName, as_json: AsJson = False) -> None:
    """Print an initial password for a user, once; every session and the second factor end."""
    from core.services.operator_users import reset_access

    made = reset_access(open_tenant(tenant), fold_username(username))
    _print_password(made.username, made.password, as_json)


@app.command("deactivate")
def deactivate(tenant: TenantKey, username: MemberName, as_json: AsJson = False) -> None:
    """Let a user not enter the company any more; the sessions there end."""
    from core.services.operator_users import member_named
    from core.services.users import deactivate as deactivate_member

    at = open_tenant(tenant)
    member = member_named(at, fold_username(username))
    deactivate_member(at, SYSTEM, member.user_id)
    print_result({"username": member.username, "active": False}, as_json, [member.username])


@app.command("lift-second-factor")
def lift_second_factor(tenant: TenantKey, as_json: AsJson = False) -> None:
    """Let a company demand a second factor no more; who has one goes on being asked for it."""
    from core.services.factor_demand import lift_factor_demand

    at = open_tenant(tenant)
    lift_factor_demand(at, SYSTEM)
    print_result({"demands_second_factor": False}, as_json, [at.tenant.key])


def _print_password(username: str, password: str | None, as_json: bool) -> None:
    if password is not None:
        say(translate(language_of_user(), _SHOWN_ONCE))
    lines = [username] if password is None else [username, password]
    print_result({"username": username, "password": password}, as_json, lines)
