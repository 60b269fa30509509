"""Data protection: what is known of a person, erasure, retention, what to do after a restore."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from core.cli.terminal import AsJson, TenantKey, open_store, open_tenant, print_result, tell_stage
from core.services.accounts import SYSTEM

app = typer.Typer(
    no_args_is_help=True, help="Export or erase a person; erase who was kept long enough."
)
Term = Annotated[str, typer.Argument(help="A whole customer code or e-mail address.")]


@app.command("export")
def export(
    term: Term,
    tenant: TenantKey,
    out: Annotated[
        Path | None, typer.Option("--out", help="File to write; default: standard output.")
    ] = None,
) -> None:
    """Write everything known about a person as JSON."""
    from core.services.person_export import person_json

    pieces = person_json(open_tenant(tenant), SYSTEM, term)
    if out is None:
        for piece in pieces:
            sys.stdout.write(piece.decode())
        return
    with out.open("wb") as stream:
        stream.writelines(pieces)
    typer.echo(str(out))


@app.command("erase")
def erase(
    term: Term,
    tenant: TenantKey,
    confirm: Annotated[
        str, typer.Option("--confirm", help="The same code or address once more.")
    ] = "",
    reason: Annotated[str, typer.Option("--reason", help="asked, objected or mistake.")] = "asked",
    as_json: AsJson = False,
) -> None:
    """Erase a person everywhere; without --confirm say who would be erased."""
    from core.jobs import forget_jobs
    from core.services.erasure import ask_erasure, find_people, request_of
    from core.services.erasure import erase as do_erase

    store = open_tenant(tenant)
    if not confirm:
        found = find_people(store, SYSTEM, term)
        codes = list(found.customers) if found else []
        addresses = list(found.addresses) if found else []
        told = {"customers": codes, "addresses": addresses}
        print_result(told, as_json, [f"{name}: {' '.join(v)}" for name, v in told.items()])
        return
    request_id = ask_erasure(store, SYSTEM, term, reason=reason, confirmation=confirm)
    counts = do_erase(store, request_id, tell_stage, forget_jobs)
    state = request_of(store, request_id).state
    lines = [f"{request_id}: {state}", *(f"{name}: {n}" for name, n in sorted(counts.items()) if n)]
    print_result({"request_id": request_id, "state": state, "counts": counts}, as_json, lines)


@app.command("retention")
def retention(
    tenant: TenantKey,
    confirm: Annotated[
        int | None, typer.Option("--confirm", help="Erase them: the number that was shown.")
    ] = None,
    prospect_months: Annotated[
        int | None, typer.Option("--prospect-months", help="Change how long prospects are kept.")
    ] = None,
    customer_months: Annotated[
        int | None, typer.Option("--customer-months", help="Change how long customers are kept.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=0, help="People to list.")] = 20,
    offset: Annotated[int, typer.Option("--offset", min=0, help="People to skip.")] = 0,
    as_json: AsJson = False,
) -> None:
    """List who has been kept long enough; with --confirm erase them in portions."""
    from core.jobs import forget_jobs
    from core.services import retention as service
    from core.store.retention import RetentionRule

    store = open_tenant(tenant)
    if prospect_months is not None or customer_months is not None:
        known = service.retention_rule(store)
        rule = RetentionRule(
            prospect_months=prospect_months or known.prospect_months,
            customer_months=customer_months or known.customer_months,
        )
        service.set_retention_rule(store, SYSTEM, rule)
    if confirm is not None:
        service.ask_retention(store, SYSTEM, people=confirm)
        service.erase_due(store, SYSTEM, tell_stage, forget_jobs)
    preview = service.preview_retention(store, SYSTEM)
    due = service.due_people(store, SYSTEM, limit=limit, offset=offset)
    listed = [json.loads(json.dumps(vars(person), default=str)) for person in due]
    told = {"people": preview.people, **vars(preview.rule), "due": listed}
    lines = [f"people: {preview.people}"]
    lines += [f"{person.customer}  {person.last_action or '-'}" for person in due]
    print_result(told, as_json, lines)


@app.command("reapply")
def reapply(
    tenant: TenantKey,
    lists: Annotated[
        list[Path] | None, typer.Option("--list", help="A list kept apart from the backup.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Erase again, after a backup was brought back, whoever had been erased."""
    from core.jobs import forget_jobs
    from core.services import reapply as service

    store = open_tenant(tenant)
    people = service.reapply(store, SYSTEM, lists or (), forget_jobs)
    told = {"erased_again": people, "unusable": service.unusable_hashes(store)}
    print_result(told, as_json, [f"{name}: {value}" for name, value in told.items()])


@app.command("resume")
def resume(tenant: TenantKey, as_json: AsJson = False) -> None:
    """Go on with every erasure that is not done, and with contacts left at Brevo."""
    from core.jobs import forget_jobs
    from core.services.erase_brevo import try_forget_contacts
    from core.services.erasure import erase as do_erase
    from core.services.erasure import open_erasures

    store = open_tenant(tenant)
    open_ones = open_erasures(store)
    for request_id in open_ones:
        do_erase(store, request_id, tell_stage, forget_jobs)
    told = {"resumed": len(open_ones), **vars(try_forget_contacts(store))}
    print_result(told, as_json, [f"{name}: {value}" for name, value in told.items()])


@app.command("compact")
def compact(
    full: Annotated[
        bool, typer.Option("--full", help="On Postgres: write every table anew, under a lock.")
    ] = False,
) -> None:
    """Rewrite what deleted rows left in the database's files."""
    from core.store import reclaim

    reclaim.compact(open_store(), full=full)
    typer.echo("compacted")
