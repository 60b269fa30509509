"""The instance: database, companies, people, processes."""

import os
from pathlib import Path
from typing import Annotated

import typer

from core.cli.terminal import TenantKey, language_of_user, open_store, say
from core.errors import Refused
from core.i18n import N_, translate
from core.services import accounts
from core.services.accounts import Role
from core.settings import current_settings

tenant_app = typer.Typer(no_args_is_help=True, help="Companies using this instance.")
user_app = typer.Typer(no_args_is_help=True, help="People who may sign in.")


def init() -> None:
    """Create or update the database."""
    from core.jobs import migrate_jobs
    from core.store.schema import migrate

    settings = current_settings()
    migrate(settings)
    migrate_jobs(settings)
    say(translate(language_of_user(), N_("The database is ready.")))


@tenant_app.command("add")
def tenant_add(
    key: Annotated[str, typer.Argument(help="Short name: small letters, digits and -.")],
    name: Annotated[str, typer.Option("--name", help="Name as people read it.")],
    language: Annotated[str, typer.Option("--language", help="fr or en.")] = "fr",
) -> None:
    """Add a company."""
    accounts.create_tenant(open_store(), key, name, language=language)
    say(translate(language_of_user(), N_("Tenant %(key)s is there."), key=key))


@user_app.command("add")
def user_add(
    tenant: TenantKey,
    username: Annotated[str, typer.Option("--username", help="Name to sign in with.")],
    role: Annotated[Role, typer.Option("--role", help="What she may do.")] = Role.ANALYST,
) -> None:
    """Add a person; the password comes from CRM_PASSWORD or is asked."""
    password = os.environ.get("CRM_PASSWORD") or typer.prompt(
        "Password", hide_input=True, confirmation_prompt=True, err=True
    )
    store = open_store()
    accounts.create_user(store, accounts.tenant_by_key(store, tenant), username, password, role)
    say(translate(language_of_user(), N_("User %(name)s may sign in."), name=username))


def worker() -> None:
    """Work on queued jobs until interrupted."""
    from core.serve import work_until_interrupted

    work_until_interrupted(open_store())


def serve(
    port: Annotated[int, typer.Option("--port", help="Port of the pages.")] = 8501,
) -> None:
    """Serve the pages and run one worker beside them, restarting it when it dies."""
    if not Path("app.py").exists():
        raise Refused(N_("Start this command from the folder of the project."))
    from core.serve import serve_until_interrupted

    serve_until_interrupted(port)
