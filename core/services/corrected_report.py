"""The report of an import as its loaded corrections have left it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from core.store.import_relations import load_corrections
from core.store.import_states import UNDONE
from core.store.imports import ImportEntry
from core.store.tenant import TenantStore

CORRECTED = "corrected"  # in a correction's file report: the corrected file's counts and issues


def reports_with_corrections(
    store: TenantStore, entries: Sequence[ImportEntry]
) -> dict[str, dict[str, Any]]:
    """Return the report of each entry by its import id, `{}` where none was worked out yet.

    Each loaded correction has moved the counts of the file it corrects; the sum stays.
    """
    with store.read() as tx:
        corrections = load_corrections(tx, [entry.import_id for entry in entries])
    return {
        entry.import_id: _corrected(
            report_kept(entry),
            [report_kept(c) for c in corrections if c.parent_id == entry.import_id],
        )
        for entry in entries
    }


def report_kept(entry: ImportEntry) -> dict[str, Any]:
    """Return the report kept with an entry as it was worked out, `{}` before that.

    Its status is the one the import was left in, also when that was its undoing.
    """
    report: dict[str, Any] = json.loads(entry.report_json) if entry.report_json else {}
    return {**report, "status": entry.status} if entry.status == UNDONE and report else report


def _corrected(report: dict[str, Any], corrections: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    if not corrections:
        return report
    latest = {file["file_no"]: file[CORRECTED] for c in corrections for file in c["files"]}
    files = [{**file, **latest.get(file["file_no"], {})} for file in report["files"]]
    totals = {name: sum(file.get(name, 0) for file in files) for name in report["totals"]}
    return {
        **report,
        "files": files,
        "totals": totals,
        "corrections": [correction["import_id"] for correction in corrections],
    }
