"""The audit trail: written out, and checked to be whole."""

from pathlib import Path
from typing import Annotated

import typer

from core.cli.terminal import AsJson, TenantKey, language_of_user, open_tenant, print_result
from core.errors import Refused
from core.i18n import N_, translate
from core.services.accounts import SYSTEM

app = typer.Typer(no_args_is_help=True, help="Who did what and when, each entry bound to the last.")

_WHOLE = N_("The audit trail is whole: %(count)s entries, the last one is %(sha256)s.")
_BROKEN = N_(
    "The audit trail does not fit at entry %(number)s: it was changed there, or entries are"
    " missing. Compare it with the last copy that was downloaded."
)


@app.command("verify")
def verify(tenant: TenantKey, as_json: AsJson = False) -> None:
    """Check that no entry was changed, inserted or removed."""
    from core.services.audit_trail import verify_trail

    found = verify_trail(open_tenant(tenant), SYSTEM)
    if found.broken_at is not None:
        raise Refused(_BROKEN, number=found.broken_at)
    line = translate(language_of_user(), _WHOLE, count=found.entries, sha256=found.sha256)
    print_result({"entries": found.entries, "sha256": found.sha256}, as_json, [line])


@app.command("export")
def export(
    tenant: TenantKey, out: Annotated[Path, typer.Option("--out", help="File to write.")]
) -> None:
    """Write the whole trail as CSV, the oldest entry first."""
    from core.services.audit_trail import trail_csv

    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(f".{out.name}.part")
    with part.open("wb") as stream:
        stream.writelines(trail_csv(open_tenant(tenant), SYSTEM))
    typer.echo(str(part.replace(out)))
