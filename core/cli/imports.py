"""Import files: check, show, load."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from core.cli.terminal import (
    AsJson,
    AsOf,
    TenantKey,
    day_of,
    fail,
    language_of_user,
    open_tenant,
    print_result,
    tell_stage,
)
from core.services.accounts import SYSTEM

Answer = Annotated[str | None, typer.Option(help="Answer for the files that leave it open.")]
Paths = Annotated[list[Path], typer.Argument(help="Files, or a folder of files.")]
MappingFile = Annotated[Path | None, typer.Option("--mapping", help="JSON mapping of the columns.")]
LeaveOut = Annotated[
    list[str] | None, typer.Option("--leave-out", help="Name of a file to leave out.")
]
OnlyPlan = Annotated[bool, typer.Option("--plan", help="Only show what would change, as JSON.")]
ConfirmOptOuts = Annotated[
    bool, typer.Option("--confirm-opt-outs", help="Accept many opt-outs at once.")
]


def import_files(
    tenant: TenantKey,
    paths: Paths,
    mapping: MappingFile = None,
    as_of: AsOf = None,
    date_order: Answer = None,
    decimal: Answer = None,
    tax_rate: Answer = None,
    sheet: Answer = None,
    kind: Answer = None,
    leave_out: LeaveOut = None,
    plan: OnlyPlan = False,
    confirm_opt_outs: ConfirmOptOuts = False,
    as_json: AsJson = False,
) -> None:
    """Check files, show what they change, and load them: all or nothing."""
    from core.services.import_paths import import_paths

    store = open_tenant(tenant)
    report = import_paths(
        store,
        SYSTEM,
        paths,
        mapping_file=mapping,
        answers=_given(
            date_order=date_order, decimal=decimal, tax_rate=tax_rate, sheet=sheet, kind=kind
        ),
        as_of=day_of(as_of),
        leave_out=frozenset(leave_out or ()),
        only_plan=plan,
        confirm_opt_outs=confirm_opt_outs,
        progress=tell_stage,
    )
    _tell(report, as_json=as_json or plan)


def _tell(report: Mapping[str, Any], *, as_json: bool) -> None:
    """Print what was found; end with exit code 1 when the import waits for somebody."""
    from core.services.file_findings import finding_lines, waiting_lines
    from core.services.import_report import report_lines

    language = language_of_user()
    lines = [*finding_lines(report, language), *report_lines(report, language)]
    print_result(report, as_json, lines)
    waiting = waiting_lines(report, language)
    if waiting:
        fail("\n".join(waiting))


def _given(**answers: str | None) -> dict[str, str]:
    return {question: answer for question, answer in answers.items() if answer is not None}
