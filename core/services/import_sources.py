"""The files that the rows of one file of an import come from: the original, then corrections."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.ingest.derive import NUMERIC
from core.ingest.dialect import Dialect
from core.ingest.mapping import parse_mapping
from core.ingest.received import NumberColumns
from core.services.corrected_report import report_kept
from core.services.csv_cells import unescape
from core.services.file_mapping import dialect_of
from core.services.import_archive import archive_of
from core.services.reject_file import find_mark
from core.store.import_relations import load_corrections
from core.store.imports import ImportEntry, Origin
from core.store.tenant import TenantStore

ISSUES = "issues"
BUCKETS = "buckets"
# Of the corrected file, as a correction leaves it; then the rows the correction put into it.
MERGED_ISSUES, MERGED_BUCKETS = "merged_issues", "merged_buckets"
CORRECTED_LINES, TAKEN_ROWS = "corrected", "taken_rows"


@dataclass(frozen=True, kw_only=True)
class RowSource:
    """One received file and what was found in it.

    `issues` and `buckets` (rows not simply loaded) are those of the original as this file leaves
    it; `corrected` (line, own_line) says which of its lines this file replaces, by `taken_rows`;
    `headers_of` names the header of a contract column, `number_headers` has those of numbers,
    `settled` decimal sign and order of dates.
    """

    import_id: str
    file_no: int
    name: str
    path: Path
    dialect: Dialect
    issues: Path
    buckets: Path
    corrected: Path | None
    taken_rows: Path | None
    headers_of: Mapping[str, str]
    number_headers: tuple[str, ...]
    settled: Mapping[str, str]

    @property
    def numbers(self) -> NumberColumns:
        """The columns of a workbook that hold numbers, with the decimal sign settled for them."""
        headers = self.plain_headers
        places = {headers.index(h) for h in self.number_headers if h in headers}
        return NumberColumns(places=places, decimal=self.settled.get("decimal") or ".")

    @property
    def plain_headers(self) -> tuple[str, ...]:
        """The headers as the original has them."""
        headers = self.dialect.headers
        return tuple(unescape(h) for h in headers) if find_mark(headers) else headers


def sources_of(store: TenantStore, entry: ImportEntry, file_no: int) -> list[RowSource]:
    """Return the original of file `file_no`, then its loaded corrections; none if never read."""
    with store.read() as tx:
        corrections = load_corrections(tx, [entry.import_id])
    found = (_source(store, each, file_no) for each in (entry, *corrections))
    sources = [source for source in found if source is not None]
    return sources if sources and sources[0].import_id == entry.import_id else []


def issues_path(store: TenantStore, entry: ImportEntry, file_no: int) -> Path:
    """Return the issues of a file as its loaded corrections leave them, of a correction its own."""
    sources = sources_of(store, entry, file_no) if entry.origin == Origin.FILES else []
    return (
        sources[-1].issues
        if sources
        else archive_of(store, entry.import_id).staged(file_no, ISSUES)
    )


def _source(store: TenantStore, entry: ImportEntry, file_no: int) -> RowSource | None:
    file, archive = entry.file(file_no), archive_of(store, entry.import_id)
    reported = _file_report(entry, file_no)
    is_correction = entry.origin == Origin.CORRECTION
    issues = archive.staged(file_no, MERGED_ISSUES if is_correction else ISSUES)
    if file is None or "dialect" not in reported or not issues.exists():
        return None
    return RowSource(
        import_id=entry.import_id,
        file_no=file_no,
        name=file.name,
        path=archive.original(file_no, file.name),
        dialect=dialect_of(reported["dialect"]),
        issues=issues,
        buckets=archive.staged(file_no, MERGED_BUCKETS if is_correction else BUCKETS),
        corrected=archive.staged(file_no, CORRECTED_LINES) if is_correction else None,
        taken_rows=archive.staged(file_no, TAKEN_ROWS) if is_correction else None,
        headers_of=reported["mapping"]["columns"],
        number_headers=parse_mapping(reported["mapping"]).headers_of(NUMERIC),
        settled=reported["dialect"].get("settled", {}),
    )


def _file_report(entry: ImportEntry, file_no: int) -> Mapping[str, Any]:
    files = report_kept(entry).get("files", [])
    return next((file for file in files if file["file_no"] == file_no), {})
