"""The report of an import: what was recognised of each file, and what came of its rows."""

from collections.abc import Mapping, Sequence
from typing import Any

from duckdb import DuckDBPyConnection

from core.errors import CrmError, QuestionOpen
from core.i18n import N_, translate
from core.ingest.mapping import dump_mapping
from core.services.import_archive import archive_of
from core.services.import_release import count_released
from core.services.import_work import FileWork
from core.store.imports import ImportEntry
from core.store.tenant import TenantStore

ASKING, PLANNED = "asking", "planned"
BUCKETS = ("loaded", "unchanged", "merged", "duplicate", "held", "rejected")
_SAMPLES_SHOWN = 3


def build_import_report(
    store: TenantStore,
    con: DuckDBPyConnection,
    entry: ImportEntry,
    works: Sequence[FileWork],
) -> dict[str, Any]:
    """Return the report of a worked import, JSON-ready: its files, totals and status."""
    files = [
        {
            **work.report,
            "file_no": work.file.file_no,
            "name": work.file.name,
            "recognition": recognition_of(work),
        }
        for work in works
    ]
    asking = any(work.waits_for for work in works)
    counted = ("rows_in", *BUCKETS, "anonymous")
    return {
        "import_id": entry.import_id,
        "run_id": entry.import_id,
        "tenant": store.tenant.key,
        "as_of": entry.as_of.isoformat(),
        "status": ASKING if asking else PLANNED,
        "files": files,
        "released": 0 if asking else count_released(con),
        "totals": {name: sum(f.get(name, 0) for f in files) for name in counted},
        "report": str(archive_of(store, entry.import_id).report),
    }


def report_lines(report: Mapping[str, Any], language: str) -> list[str]:
    """Return the report as lines of text, one per file."""
    line = N_(
        "%(name)s: %(rows_in)s rows; %(loaded)s loaded, %(unchanged)s unchanged,"
        " %(merged)s merged, %(duplicate)s duplicate, %(held)s held, %(rejected)s rejected"
    )
    return [translate(language, line, **file) for file in report["files"] if "rows_in" in file]


def recognition_of(work: FileWork) -> dict[str, Any]:
    """Return, JSON-ready, what was recognised of a file: for the page's mapping table.

    Keys: `kind` and `headers` (header, samples, column, confidence) as mapped or else as
    suggested, `mapping`, `dialect`, and `waits_for` (message, values, question, options) when
    something must be answered first.
    """
    known = work.mapping or work.suggestion
    return {
        "file_no": work.file.file_no,
        "name": work.file.name,
        "sha256": work.file.sha256,
        "exported_at": work.file.exported_at.isoformat(),
        "kind": known.kind if known else None,
        "headers": _headers_of(work),
        "mapping": dump_mapping(work.mapping) if work.mapping else None,
        "dialect": dict(work.dialect.evidence) if work.dialect else {},
        "waits_for": _waiting(work.waits_for),
    }


def _headers_of(work: FileWork) -> list[dict[str, Any]]:
    if work.raw is None:
        return []
    known = work.mapping or work.suggestion
    column_of = {h: name for name, h in (known.columns if known else {}).items()}
    confidence = work.suggestion.confidence if work.suggestion else {}
    return [
        {
            "header": header,
            "samples": list(work.samples.get(header, ()))[:_SAMPLES_SHOWN],
            "column": column_of.get(header),
            "confidence": confidence.get(column_of.get(header, ""), 0.0),
        }
        for header in work.raw.headers
    ]


def _waiting(error: CrmError | None) -> dict[str, Any] | None:
    if error is None:
        return None
    asked = error if isinstance(error, QuestionOpen) else None
    return {
        **error.to_data(),
        "question": asked.question if asked else None,
        "options": list(asked.options) if asked else [],
    }
