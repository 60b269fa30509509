"""Labels that no product has."""

from pathlib import Path
from typing import Annotated

import typer

from core.cli.terminal import AsJson, TenantKey, open_tenant, print_result, tell_stage
from core.errors import Refused
from core.i18n import N_
from core.services.accounts import SYSTEM

app = typer.Typer(no_args_is_help=True, help="Product labels that no product has.")


@app.command("list")
def list_(
    tenant: TenantKey,
    limit: Annotated[int, typer.Option("--limit", help="How many labels at most.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List the unknown labels of waiting rows, the largest revenue first."""
    from core.services.alias_batch import describe_labels

    found = describe_labels(open_tenant(tenant), limit=limit)
    lines = [f"{label['label']}  {label['rows']}" for label in found["labels"]]
    print_result(found, as_json, lines)


@app.command("decide")
def decide(
    tenant: TenantKey,
    label: Annotated[str | None, typer.Option("--label", help="Label as it is listed.")] = None,
    product: Annotated[
        str | None, typer.Option("--product", help="Key of its product; without: ignore it.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", help="JSON object: label to product key, or null.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say which product a label means, and load the rows that waited for it."""
    from core.services.alias_batch import decide_and_load, read_decisions

    decisions = read_decisions(file) if file else {}
    if label:
        decisions[label] = product
    if not decisions:
        raise Refused(N_("Nothing is decided. Give --label, or --file."))
    done = decide_and_load(open_tenant(tenant), SYSTEM, decisions, tell_stage)
    print_result(done, as_json, [str(done["released"])])
