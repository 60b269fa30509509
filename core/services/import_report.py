"""The report of an import: what was recognised of each file, and what came of its rows."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from duckdb import DuckDBPyConnection

from core.errors import CrmError, QuestionOpen
from core.i18n import N_, translate
from core.ingest.mapping import dump_mapping
from core.ingest.preview import find_unknown
from core.services.file_findings import findings_of
from core.services.import_archive import ImportArchive, archive_of
from core.services.import_decisions import change_of, order_of
from core.services.import_months import months_of
from core.services.import_waiting import count_released_lines
from core.services.import_warnings import warning_text, warnings_of
from core.services.import_work import FileWork
from core.store.import_states import ASKING, PLANNED
from core.store.imports import ImportEntry, Origin
from core.store.tenant import TenantStore

BUCKETS = ("loaded", "unchanged", "merged", "duplicate", "held", "rejected")
_COUNTED = ("rows_in", *BUCKETS, "anonymous")
_SAMPLES_SHOWN = 3
_CODES = 50  # of a code table, as seen in the file


def build_import_report(
    store: TenantStore,
    con: DuckDBPyConnection,
    entry: ImportEntry,
    works: Sequence[FileWork],
    alarm: Mapping[str, int] | None = None,
) -> dict[str, Any]:
    """Return the report of a worked import, JSON-ready: its files, totals and status.

    `alarm` says how many customers it opts out when they are suspiciously many.
    """
    asks, files = is_asking(works), [_of_file(work) for work in works]
    report = {
        **_of_entry(store, entry),
        "status": ASKING if asks else PLANNED,
        "files": files,
        "released": 0 if asks else count_released_lines(con),
        "totals": {name: sum(f.get(name, 0) for f in files) for name in _COUNTED},
    }
    return report if asks else {**report, **_beside(store, con, entry, works, report, alarm)}


def _of_entry(store: TenantStore, entry: ImportEntry) -> dict[str, Any]:
    """Return what the ledger says of the import."""
    return {
        "import_id": entry.import_id,
        "run_id": entry.import_id,
        "tenant": store.tenant.key,
        "as_of": entry.as_of.isoformat(),
        "currency": store.tenant.currency,
        "origin": str(entry.origin),
        "parent_id": entry.parent_id,
        "left_out": _left_out(entry),
        "release": order_of(entry).counts(),
        "change": change_of(entry),
        "report": str(archive_of(store, entry.import_id).report),
    }


def _of_file(work: FileWork) -> dict[str, Any]:
    """Return what came of a file's rows and what was recognised of it."""
    return {
        **work.report,
        "file_no": work.file.file_no,
        "name": work.file.name,
        "recognition": recognition_of(work),
    }


def report_again(entry: ImportEntry, archive: ImportArchive, twin: ImportEntry) -> dict[str, Any]:
    """Return the report of `twin`, loaded of the same bytes, as that of `entry`.

    `same_as` (import_id, loaded_at) tells that loading `entry` changes nothing.
    """
    loaded_at = twin.loaded_at.isoformat() if twin.loaded_at else None
    return {
        **json.loads(twin.report_json or "{}"),
        "import_id": entry.import_id,
        "run_id": entry.import_id,
        "status": PLANNED,
        "report": str(archive.report),
        "left_out": _left_out(entry),
        "same_as": {"import_id": twin.import_id, "loaded_at": loaded_at},
    }


def _left_out(entry: ImportEntry) -> list[dict[str, Any]]:
    return [{"file_no": file.file_no, "name": file.name} for file in entry.files if file.left_out]


def is_asking(works: Sequence[FileWork]) -> bool:
    """Tell whether a file waits for an answer, or cannot be read."""
    return any(work.waits_for for work in works)


def _beside(
    store: TenantStore,
    con: DuckDBPyConnection,
    entry: ImportEntry,
    works: Sequence[FileWork],
    report: Mapping[str, Any],
    alarm: Mapping[str, int] | None,
) -> dict[str, Any]:
    """Return what the import shows beside what is there: months, unknowns, what is suspicious."""
    unknown = find_unknown(con, [work.parsed for work in works if work.parsed])
    months = months_of(store, con)
    is_whole = entry.origin == Origin.FILES
    told = {**report, "months": months}
    # Of what somebody typed there is nothing to suspect a file of.
    is_typed = entry.origin == Origin.HAND
    warnings = [] if is_typed else warnings_of(store, told, alarm, is_whole=is_whole)
    return {
        "months": months,
        "unknown": [asdict(each) for each in unknown],
        "warnings": warnings,
        "opt_out_alarm": alarm,
    }


def report_lines(report: Mapping[str, Any], language: str) -> list[str]:
    """Return the report as lines of text: the warnings, then one line per file."""
    line = N_(
        "%(name)s: %(rows_in)s rows; %(loaded)s loaded, %(unchanged)s unchanged,"
        " %(merged)s merged, %(duplicate)s duplicate, %(held)s held, %(rejected)s rejected"
    )
    warnings = [
        " ".join(warning_text(warning, language, str(report["currency"])))
        for warning in report.get("warnings", ())
    ]
    files = [translate(language, line, **file) for file in report["files"] if "rows_in" in file]
    return [*warnings, *files]


def recognition_of(work: FileWork) -> dict[str, Any]:
    """Return, JSON-ready, what was recognised of a file: for the page's mapping table.

    Keys: `kind` and `headers` (header, samples, column, confidence, codes) as mapped or else as
    suggested, `mapping`, `suggested` (the mapping without anybody's choice), `dialect` (findings,
    put into words by `file_findings`), `sheets`, and `waits_for` (message, values, question,
    options, examples) when something must be answered first.
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
        "suggested": _suggested(work),
        "dialect": findings_of(work),
        "sheets": list(work.dialect.sheets) if work.dialect else [],
        "waits_for": _waiting(work.waits_for),
    }


def _suggested(work: FileWork) -> dict[str, Any] | None:
    rate = work.mapping.tax_rate if work.mapping else None
    try:
        return dump_mapping(work.suggestion.to_mapping(rate)) if work.suggestion else None
    except QuestionOpen:
        return None


def _headers_of(work: FileWork) -> list[dict[str, Any]]:
    if work.raw is None:
        return []
    known = work.mapping or work.suggestion
    column_of = {h: name for name, h in (known.columns if known else {}).items()}
    confidence = work.suggestion.confidence if work.suggestion else {}
    derived = work.mapping.derive.values() if work.mapping else ()
    coded = {rule["of"] for rule in derived if rule["op"] == "lookup"}
    return [
        {
            "header": header,
            "samples": list(work.samples.get(header, ()))[:_SAMPLES_SHOWN],
            "column": column_of.get(header),
            "confidence": confidence.get(column_of.get(header, ""), 0.0),
            "codes": list(work.samples.get(header, ()))[:_CODES] if header in coded else [],
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
        "examples": [asdict(example) for example in asked.examples] if asked else [],
    }
