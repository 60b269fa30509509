"""Remembered mappings."""

import json
from typing import Annotated

import typer

from core.cli.terminal import AsJson, TenantKey, language_of_user, open_tenant, print_result, say
from core.i18n import N_, translate
from core.services.accounts import SYSTEM

app = typer.Typer(no_args_is_help=True, help="How the files of a tenant are read.")

MappingId = Annotated[
    str | None, typer.Option("--id", help="Id of a layout, as listed; default: all.")
]
MappingVersion = Annotated[int | None, typer.Option("--version", help="Version, as listed.")]


@app.command("list")
def list_(tenant: TenantKey, as_json: AsJson = False) -> None:
    """List the remembered mappings, every version, the latest first."""
    from core.services.mappings import ID_CHARS, list_mappings

    found = [
        {
            "id": stored.fingerprint[:ID_CHARS],
            "kind": stored.kind,
            "version": stored.version,
            "created_at": stored.created_at.isoformat(timespec="seconds"),
            "created_by": stored.created_by,
        }
        for stored in list_mappings(open_tenant(tenant))
    ]
    lines = ["  ".join(str(value) for value in line.values()) for line in found]
    print_result({"mappings": found}, as_json, lines)


@app.command("export")
def export(tenant: TenantKey, layout: MappingId = None, version: MappingVersion = None) -> None:
    """Print a mapping file for --mapping: one layout, or the latest mapping of every kind."""
    from core.services.mappings import export_mappings

    found = export_mappings(open_tenant(tenant), layout, version)
    typer.echo(json.dumps(found, ensure_ascii=False, sort_keys=True))


@app.command("restore")
def restore(
    tenant: TenantKey,
    layout: Annotated[str, typer.Option("--id", help="Id of a layout, as listed.")],
    version: Annotated[int, typer.Option("--version", help="Version, as listed.")],
) -> None:
    """Use an earlier version from now on."""
    from core.services.mappings import go_back

    go_back(open_tenant(tenant), SYSTEM, layout, version)
    say(
        translate(
            language_of_user(), N_("Version %(version)s of mapping %(id)s is used from now on."),
            version=version, id=layout,
        )
    )  # fmt: skip
