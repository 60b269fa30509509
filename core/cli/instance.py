"""The instance: database, companies, people, processes."""

from pathlib import Path
from typing import Annotated

import typer

from core.cli.terminal import (
    AsJson,
    language_of_user,
    open_store,
    print_result,
    say,
    tell_stage,
)
from core.errors import Refused
from core.i18n import N_, translate
from core.services import accounts
from core.settings import current_settings

tenant_app = typer.Typer(no_args_is_help=True, help="Companies using this instance.")


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


@tenant_app.command("erase")
def tenant_erase(
    key: Annotated[str, typer.Argument(help="Key of the company.")],
    confirm: Annotated[str, typer.Option("--confirm", help="The same key once more.")] = "",
    as_json: AsJson = False,
) -> None:
    """Erase a company with all it has; without --confirm say how much that is."""
    from core.jobs import forget_all_jobs
    from core.services.tenant_erasure import erase_tenant, rows_of_tenant

    store = open_store()
    if not confirm:
        told = rows_of_tenant(store, key)
        print_result({"rows": told}, as_json, [f"{name}: {n}" for name, n in told.items()])
        return
    done = vars(erase_tenant(store, key, confirm, forget_all_jobs, tell_stage))
    print_result(done, as_json, [f"{name}: {n}" for name, n in done.items()])


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
