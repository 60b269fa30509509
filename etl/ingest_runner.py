"""`python -m etl.ingest_runner --tenant KEY --source DIR`: import one folder as one import."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from core.errors import CrmError
from core.i18n import SOURCE_LANGUAGE
from core.services import accounts
from core.services.accounts import SYSTEM
from core.services.import_paths import import_paths
from core.services.import_report import report_lines
from core.services.import_turn import patience_of_command
from core.settings import current_settings
from core.store.tenant import Store, utc_now


def ingest(
    tenant: Annotated[str, typer.Option("--tenant", help="Key of the tenant.")],
    source: Annotated[Path, typer.Option("--source", help="Folder with the files.")],
    mapping: Annotated[Path | None, typer.Option("--mapping", help="JSON mapping.")] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Only show what would change.")] = False,
) -> None:
    """Import the tables of one folder for one tenant; with --plan print the report as JSON."""
    settings = current_settings()
    patience = patience_of_command(settings, SOURCE_LANGUAGE, lambda s: typer.echo(s, err=True))
    store = Store(settings, utc_now, patience)
    tenant_store = store.tenant_store(accounts.tenant_by_key(store, tenant))
    report = import_paths(tenant_store, SYSTEM, [source], mapping_file=mapping, only_plan=plan)
    if plan:
        typer.echo(json.dumps(report, ensure_ascii=False, sort_keys=True))
        return
    for line in report_lines(report, "en"):
        typer.echo(line)


def main() -> None:
    """Run the command; exit 1 with a sentence when it is refused."""
    try:
        typer.run(ingest)
    except CrmError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
