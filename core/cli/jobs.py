"""Jobs: what workers do, and stopping it."""

from collections.abc import Iterable
from typing import Annotated, Any

import typer

from core.cli.terminal import AsJson, TenantKey, language_of_user, open_tenant, print_result
from core.errors import Refused
from core.i18n import N_, translate
from core.services.accounts import SYSTEM

app = typer.Typer(no_args_is_help=True, help="What workers do, what waits, what is over.")

_LISTED = 50
_UNKNOWN = N_("%(asked)s is not known here. Choose one of: %(known)s.")


@app.command("list")
def list_(
    tenant: TenantKey,
    kind: Annotated[
        str | None, typer.Option("--kind", help="Of this kind alone, such as run.")
    ] = None,
    state: Annotated[
        str | None,
        typer.Option(
            "--state", help="In this state alone: queued, running, done, failed or stopped."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what runs and waits, then the last that are over."""
    from core.jobs.kinds import TITLES
    from core.jobs.listing import active_jobs, past_jobs
    from core.jobs.records import STATES

    _check_known(kind, TITLES)
    _check_known(state, STATES)
    store = open_tenant(tenant)
    active = active_jobs(store, SYSTEM)
    past = past_jobs(store, SYSTEM, kind=kind, state=state, limit=_LISTED)
    shown = [
        job for job in active if kind in (None, job.kind) and state in (None, job.state.status)
    ]
    found = [_record(job) for job in (*shown, *past)]
    lines = ["  ".join(str(value) for value in one.values() if value) for one in found]
    print_result({"jobs": found}, as_json, lines)


def _check_known(asked: str | None, known: Iterable[str]) -> None:
    if asked not in (None, *known):
        raise Refused(_UNKNOWN, asked=asked, known=", ".join(known))


def _record(job: Any) -> dict[str, object]:
    return {
        "job": job.name,
        "state": job.state.status,
        "asked_by": job.asked_by,
        "asked_at": job.asked_at.isoformat(),
        "ended_at": job.ended_at.isoformat() if job.ended_at else None,
        "tries": job.tries,
        "error": job.state.error_sentence(language_of_user()) or None,
        "log": job.state.log or None,
    }


@app.command("cancel")
def cancel(
    tenant: TenantKey,
    job: Annotated[str, typer.Option("--job", help="Name printed by list.")],
    as_json: AsJson = False,
) -> None:
    """Stop a job: one that waits never begins, one that runs ends where it next says how far."""
    from core.jobs.stopping import stop_job

    stopped = stop_job(open_tenant(tenant), SYSTEM, job)
    said = translate(language_of_user(), N_("Job %(name)s is asked to end."), name=stopped.name)
    print_result(_record(stopped), as_json, [said])
