"""Command line: the same use cases as the pages, for schedules and scripts.

With `--json` one JSON object goes to standard output; messages go to standard error. Exit code
0: done; 1: refused or failed, with a sentence; 2: wrong usage. What computes is imported by the
command that needs it, so that the others start at once.
"""

import json
import logging
import os
import sys
import uuid
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from core.errors import CrmError, Refused, frames_of
from core.i18n import LANGUAGES, N_, SOURCE_LANGUAGE, translate
from core.services import accounts
from core.services.accounts import SYSTEM, Role
from core.settings import current_settings
from core.store.schema import migrate
from core.store.tenant import Store, TenantStore, utc_now

_LOG = logging.getLogger(__name__)

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    help="ia-crm: import, recommend, audit, export and send, for one tenant at a time.",
)
tenant_app = typer.Typer(no_args_is_help=True, help="Companies using this instance.")
user_app = typer.Typer(no_args_is_help=True, help="People who may sign in.")
campaign_app = typer.Typer(no_args_is_help=True, help="E-mailings of a run.")
app.add_typer(tenant_app, name="tenant")
app.add_typer(user_app, name="user")
app.add_typer(campaign_app, name="campaign")

TenantKey = Annotated[str, typer.Option("--tenant", help="Key of the tenant.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
AsOf = Annotated[
    datetime | None,
    typer.Option("--as-of", formats=["%Y-%m-%d"], help="Day to compute for, as YYYY-MM-DD."),
]
CampaignId = Annotated[str, typer.Option("--campaign", help="Id printed by prepare.")]


def main() -> None:
    """Run the command line; an error ends it with a sentence and exit code 1."""
    language = _language()
    try:
        app()
    except CrmError as error:
        _fail(error.sentence(language))
    except Exception as error:  # noqa: BLE001 - the last place where a sentence can be said
        reference = uuid.uuid4().hex[:8]
        _LOG.error("command failed, reference %s: %s", reference, frames_of(error))
        _fail(
            translate(
                language,
                N_("The command stopped on an unexpected error (reference %(reference)s)."),
                reference=reference,
            )
        )


def _language() -> str:
    wanted = os.environ.get("LC_ALL") or os.environ.get("LANG") or SOURCE_LANGUAGE
    return wanted[:2] if wanted[:2] in LANGUAGES else SOURCE_LANGUAGE


def _fail(sentence: str) -> NoReturn:
    _say(sentence)
    sys.exit(1)


def _say(sentence: str) -> None:
    typer.echo(sentence, err=True)


def _tell_stage(stage: str, done: int, _total: int, /) -> None:
    if done == 0:
        _say(f"{translate(_language(), stage)} …")


def _print(result: Mapping[str, Any], as_json: bool, lines: list[str]) -> None:
    if as_json:
        typer.echo(json.dumps(result, ensure_ascii=False, sort_keys=True))
    else:
        for line in lines:
            typer.echo(line)


def _store() -> Store:
    settings = current_settings()
    logging.basicConfig(level=settings.log_level, stream=sys.stderr)
    return Store(settings, utc_now)


def _tenant(key: str) -> TenantStore:
    store = _store()
    return store.tenant_store(accounts.tenant_by_key(store, key))


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None


@app.command()
def init() -> None:
    """Create or update the database."""
    from core.jobs import migrate_jobs

    settings = current_settings()
    migrate(settings)
    migrate_jobs(settings)
    _say(translate(_language(), N_("The database is ready.")))


@tenant_app.command("add")
def tenant_add(
    key: Annotated[str, typer.Argument(help="Short name: small letters, digits and -.")],
    name: Annotated[str, typer.Option("--name", help="Name as people read it.")],
    language: Annotated[str, typer.Option("--language", help="fr or en.")] = "fr",
) -> None:
    """Add a company."""
    accounts.create_tenant(_store(), key, name, language=language)
    _say(translate(_language(), N_("Tenant %(key)s is there."), key=key))


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
    store = _store()
    accounts.create_user(store, accounts.tenant_by_key(store, tenant), username, password, role)
    _say(translate(_language(), N_("User %(name)s may sign in."), name=username))


@app.command("import")
def import_(
    tenant: TenantKey,
    paths: Annotated[list[Path], typer.Argument(help="Files, or a folder of files.")],
    mapping: Annotated[
        Path | None, typer.Option("--mapping", help="JSON mapping of the columns.")
    ] = None,
    as_of: AsOf = None,
    plan: Annotated[bool, typer.Option("--plan", help="Show what would change, only.")] = False,
    confirm_opt_outs: Annotated[
        bool, typer.Option("--confirm-opt-outs", help="Accept many opt-outs at once.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check files, show what they change, and load them: all or nothing."""
    from core.services.import_paths import import_paths
    from core.services.import_report import report_lines

    store = _tenant(tenant)
    report = import_paths(
        store,
        SYSTEM,
        paths,
        mapping_file=mapping,
        as_of=_day(as_of),
        only_plan=plan,
        confirm_opt_outs=confirm_opt_outs,
        progress=_tell_stage,
    )
    _print(report, as_json, report_lines(report, _language()))


@app.command("run")
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

    store = _tenant(tenant)
    run_id = create_run(
        store, SYSTEM, as_of=_day(as_of), top_n=top_n, silence_window_days=silence_window_days
    )
    summary = execute(store, run_id, _tell_stage)
    counts = translate(
        _language(),
        N_("Run %(run_id)s: %(customers)s customers, %(eligible)s eligible."),
        run_id=run_id,
        customers=summary["customers"],
        eligible=summary["eligible"],
    )
    _print(summary, as_json, [counts])


@app.command("export")
def export(
    tenant: TenantKey,
    run_id: Annotated[str, typer.Option("--run", help="Id of the run.")],
    out: Annotated[Path, typer.Option("--out", help="Folder to write to.")],
) -> None:
    """Write the four standard files of a run, and their Excel twins."""
    from core.services.export_run import write_exports

    for path in write_exports(_tenant(tenant), run_id, out):
        typer.echo(str(path))


@campaign_app.command("prepare")
def campaign_prepare(
    tenant: TenantKey,
    run_id: Annotated[str, typer.Option("--run", help="Id of the run.")],
    template: Annotated[str, typer.Option("--template", help="Name of the message.")],
    batch_size: Annotated[int, typer.Option("--batch-size", help="200 to 300.")] = 250,
    as_json: AsJson = False,
) -> None:
    """Freeze who would receive what."""
    from core.services.campaign_reports import status_of
    from core.services.prepare_campaign import prepare

    store = _tenant(tenant)
    campaign_id = prepare(store, SYSTEM, run_id, template, batch_size)
    status = status_of(store, campaign_id).to_dict()
    _print({**status, "campaign_id": campaign_id}, as_json, [campaign_id])


@campaign_app.command("send")
def campaign_send(tenant: TenantKey, campaign_id: CampaignId, as_json: AsJson = False) -> None:
    """Work through the campaign; a dry run, which contacts nobody."""
    from core.services.send_campaign import send_dry

    store = _tenant(tenant)
    send_dry(store, campaign_id, _tell_stage)
    _print_status(store, campaign_id, as_json)


@campaign_app.command("status")
def campaign_status(tenant: TenantKey, campaign_id: CampaignId, as_json: AsJson = False) -> None:
    """Show the sums of the campaign's journal."""
    _print_status(_tenant(tenant), campaign_id, as_json)


def _print_status(store: TenantStore, campaign_id: str, as_json: bool) -> None:
    from core.services.campaign_reports import status_of

    status = status_of(store, campaign_id).to_dict()
    _print(status, as_json, [f"{name}: {value}" for name, value in sorted(status.items())])


@app.command("worker")
def worker() -> None:
    """Work on queued jobs until interrupted."""
    from core.serve import work_until_interrupted

    work_until_interrupted(_store())


@app.command("serve")
def serve(
    port: Annotated[int, typer.Option("--port", help="Port of the pages.")] = 8501,
) -> None:
    """Serve the pages and run one worker beside them, restarting it when it dies."""
    if not Path("app.py").exists():
        raise Refused(N_("Start this command from the folder of the project."))
    from core.serve import serve_until_interrupted

    serve_until_interrupted(port)
