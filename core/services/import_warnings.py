"""The warnings of an import, from its report and the last one of the same kind."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from core.contracts import FILE_KIND_TITLES, FileKind
from core.formats import format_date, format_money, format_month, format_number
from core.i18n import N_, SOURCE_LANGUAGE, translate
from core.ingest.figures import FileFigures
from core.ingest.import_facts import EarlierFiles, FileFacts, ImportFacts, MonthLine
from core.ingest.warning_table import RULES, find_warnings
from core.store.import_reports import load_last_report
from core.store.tenant import TenantStore

Report = Mapping[str, Any]

_MONTHS_NAMED = 6


def warnings_of(
    store: TenantStore, report: Report, alarm: Mapping[str, int] | None, *, is_whole: bool
) -> list[dict[str, Any]]:
    """Return the warnings of a worked import, JSON-ready, gravest first.

    `is_whole` is false when the files are a part by intention (corrected rows): then they are not
    compared with what came before.

    Each has `code`, `file` (None: the import as a whole), `values`, and `sentence` and `remedy` in
    English; `warning_text` puts them into another language.
    """
    files = [_file_facts(file) for file in report["files"] if "figures" in file]
    kinds = sorted({file.kind for file in files})
    facts = ImportFacts(
        files=files,
        earlier=_earlier(store, kinds) if is_whole else {},
        months=[
            MonthLine(month=m["month"], rows_before=m["rows_before"], rows_after=m["rows_after"])
            for m in report["months"][FileKind.SALES]
        ],
        released=report["released"],
        **(alarm or {}),
    )
    found = [
        {"code": code, "file": warned.file, "values": dict(warned.values)}
        for code, warned in find_warnings(facts)
    ]
    return [{**warning, **_said(warning, store.tenant.currency)} for warning in found]


def _said(warning: Report, currency: str) -> dict[str, str]:
    sentence, remedy = warning_text(warning, SOURCE_LANGUAGE, currency)
    return {"sentence": sentence, "remedy": remedy}


def _file_facts(file: Report) -> FileFacts:
    return FileFacts(
        name=file["name"],
        kind=FileKind(file["kind"]),
        rows_in=file["rows_in"],
        loaded=file["loaded"],
        held=file["held"],
        rejected=file["rejected"],
        opt_outs_kept=file["opt_outs_kept"],
        period=_period(file),
        changed={change["column"]: change["rows"] for change in file["changes"]},
        renumbered=file.get("renumbered", 0),
        figures=FileFigures(**file["figures"]),
    )


def _period(file: Report) -> tuple[str, str] | None:
    return (file["period"][0], file["period"][1]) if file["period"] else None


def _earlier(store: TenantStore, kinds: Sequence[FileKind]) -> dict[FileKind, EarlierFiles]:
    with store.read() as tx:
        reports = {kind: load_last_report(tx, kind.value) for kind in kinds}
    found = {kind: _files_of(text, kind) for kind, text in reports.items() if text}
    return {kind: _earlier_files(files) for kind, files in found.items() if files}


def _files_of(report_json: str, kind: FileKind) -> list[Report]:
    """Return the files of `kind` with their figures, which reports of older versions lack."""
    files = json.loads(report_json)["files"]
    return [file for file in files if file.get("kind") == kind and "figures" in file]


def _earlier_files(files: Sequence[Report]) -> EarlierFiles:
    periods = [period for file in files if (period := _period(file))]
    largest = max(files, key=lambda file: (file["figures"]["identities"], file["sha256"]))
    rows = sum(file["figures"]["rows"] for file in files)
    columns = sorted({column for file in files for column in file["figures"]["filled"]})
    cells = {c: sum(file["figures"]["filled"].get(c, 0) for file in files) for c in columns}
    return EarlierFiles(
        identities=sum(file["figures"]["identities"] for file in files),
        median_cents=largest["figures"]["median_cents"],
        period=(min(p[0] for p in periods), max(p[1] for p in periods)) if periods else None,
        filled={column: count / rows for column, count in cells.items()} if rows else {},
    )


def grave_warnings(report: Report) -> list[Report]:
    """Return the warnings of a report that a person has to see before it is loaded."""
    return [w for w in report.get("warnings", ()) if RULES[w["code"]].is_grave]


def warning_text(
    warning: Report,
    language: str,
    currency: str,
    column_title: Callable[[str], str] = str,
) -> tuple[str, str]:
    """Return sentence and remedy of a warning in `language`, figures as its reader writes them.

    `column_title` gives the title of a contract column.
    """
    rule = RULES[warning["code"]]
    values = {
        name: _written(name, value, language, currency, column_title)
        for name, value in warning["values"].items()
    }
    return translate(language, rule.sentence, **values), translate(language, rule.remedy)


def _written(
    name: str, value: Any, language: str, currency: str, column_title: Callable[[str], str]
) -> str:
    """Return a value as its name says: `kind`, `column`, `day`, `months`, `…_cents`, a count."""
    if name == "kind":
        return translate(language, FILE_KIND_TITLES[FileKind(value)])
    if name == "column":
        return column_title(value)
    if name == "day":
        return format_date(date.fromisoformat(value), language)
    if name == "months":
        return months_text(value, language)
    if name.endswith("_cents"):
        return format_money(value, currency, language)
    return format_number(value, language)


def months_text(months: Sequence[str], language: str) -> str:
    """Return months (`2026-03`) as a person lists them, the first ones when they are many."""
    shown = [format_month(date.fromisoformat(f"{m}-01"), language) for m in months[:_MONTHS_NAMED]]
    listed = ", ".join(shown)
    rest = len(months) - len(shown)
    if not rest:
        return listed
    more = N_("%(months)s and %(count)s more")
    return translate(language, more, months=listed, count=format_number(rest, language))
