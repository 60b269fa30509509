"""The files of a correction, read: each with its original, its rows and what they correct."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from duckdb import DuckDBPyConnection

from core.errors import NotFound, Refused
from core.i18n import N_
from core.ingest.clean import ParseOptions, parse_table
from core.ingest.correction import create_base
from core.ingest.dialect import read_dialect
from core.ingest.mapping import ColumnMapping, parse_mapping
from core.ingest.reader import RawTable, open_table, read_table
from core.ingest.values import Formats
from core.services.corrected_report import reports_with_corrections
from core.services.corrected_rows import CorrectedRows, create_own_raw, sort_rows
from core.services.import_archive import ImportArchive
from core.services.import_erased import reject_erased_rows
from core.services.import_rejects import sent_rows
from core.services.import_sources import RowSource, sources_of
from core.services.import_work import FileWork, limits_of
from core.store.imports import ImportEntry, load_import_entry, own_sha256
from core.store.tenant import TenantStore, Transaction

NOT_LOADED = N_(
    "These rows were rejected from an import that is not loaded any more. Import the whole file"
    " again, or load that import first."
)
_NO_ROWS = N_("The file these rows were rejected from is not there any more.")


@dataclass(kw_only=True)
class CorrectedFile:
    """One corrected file: its work, where the rows of its original come from, its own rows."""

    work: FileWork
    parent: ImportEntry
    counted: Mapping[str, Any]
    sources: list[RowSource]
    sent: RawTable | None = None
    own: RawTable | None = None
    rows: CorrectedRows | None = None

    @property
    def own_prefix(self) -> str:
        """Prefix of the tables of the correction's own rows."""
        return f"own{self.work.file.file_no}"


@dataclass(frozen=True, kw_only=True)
class CorrectionPlace:
    """Where a correction is worked."""

    store: TenantStore
    tx: Transaction
    con: DuckDBPyConnection
    archive: ImportArchive
    entry: ImportEntry


def corrected_files(place: CorrectionPlace) -> list[CorrectedFile]:
    """Return the files of a correction; raise `Refused` when the corrected import is not loaded."""
    assert place.entry.parent_id is not None
    parent = load_import_entry(place.tx, place.entry.parent_id)
    if parent is None or parent.status != "loaded":
        raise Refused(NOT_LOADED)
    report = reports_with_corrections(place.store, [parent])[parent.import_id]
    counted = {file["file_no"]: file for file in report["files"]}
    return [
        CorrectedFile(
            work=FileWork(file=file),
            parent=parent,
            counted=counted[file.file_no],
            sources=sources_of(place.store, parent, file.file_no),
        )
        for file in place.entry.files
    ]


def recognise(place: CorrectionPlace, job: CorrectedFile) -> None:
    """Read the corrected file and find for each of its rows the one it corrects."""
    if not job.sources:
        raise NotFound(_NO_ROWS)
    work, file, limits = job.work, job.work.file, limits_of(place.store.store.settings)
    path, work_dir = place.archive.original(file.file_no, file.name), place.archive.work()
    original = job.sources[0].dialect
    work.dialect = read_dialect(path, limits)
    job.sent = read_table(place.con, path, work.dialect, f"sent{file.file_no}", work_dir, limits)
    sent = {row.line: row for row in sent_rows(job.sources, limits)}
    before = _corrected_before(place.con, job.sources)
    job.rows = sort_rows(
        place.con, job.sent, work.dialect.headers, original, sent, before, file.name
    )
    job.own = create_own_raw(place.con, job.rows, job.sent, original, f"{job.own_prefix}_raw")
    work.raw = replace(job.own, rows_in=job.sent.rows_in, bad_rows=job.sent.bad_rows)
    work.samples = job.own.samples(place.con)
    work.mapping = parse_mapping(json.loads(file.mapping_json or "{}"))
    work.file = replace(file, sha256=_version(job))


def _version(job: CorrectedFile) -> str:
    """Return a version that follows the original's, and those of its earlier corrections."""
    original = job.parent.file(job.work.file.file_no)
    assert original is not None
    return f"{original.sha256}+{len(job.sources):04d}+{own_sha256(job.work.file)}"


def _corrected_before(con: DuckDBPyConnection, sources: list[RowSource]) -> dict[int, str]:
    """Return what the last correction of each line that was corrected said, by its fingerprint."""
    said: dict[int, str] = {}
    for source in sources:
        if source.corrected is not None:
            path = str(source.corrected)
            rows = con.execute("SELECT DISTINCT line, said FROM read_parquet(?)", [path])
            said |= dict(rows.fetchall())
    return said


def parse_own(place: CorrectionPlace, job: CorrectedFile) -> Formats:
    """Parse the changed rows, as of the day of the correction; return what they settle."""
    assert job.own is not None
    assert job.work.mapping is not None
    options = ParseOptions(as_of=place.entry.as_of, tenant_currency=place.store.tenant.currency)
    mapping = _pinned(job.work.mapping, job.sources[0], is_own=True)
    dialect = job.sources[0].dialect
    parsed = parse_table(place.con, job.own, mapping, dialect, options, job.own_prefix)
    job.work.erased_rows = reject_erased_rows(place.store, place.tx, place.con, parsed)
    return parsed.formats


def _pinned(mapping: ColumnMapping, source: RowSource, *, is_own: bool) -> ColumnMapping:
    """Return the mapping with what the original settled: a few rows alone may settle otherwise.

    Dates that were ISO are settled anew: a spreadsheet writes them in the order of its country.
    """
    decimal, order = source.settled.get("decimal"), source.settled.get("date_order")
    if is_own and order == "iso":
        order = None
    return replace(
        mapping,
        decimal=mapping.decimal or decimal or None,
        date_order=mapping.date_order or order or None,
    )


def parse_original(place: CorrectionPlace, job: CorrectedFile) -> str:
    """Parse the original once more and return the prefix of the rows of it that count so far."""
    assert job.work.mapping is not None
    con, source, number = place.con, job.sources[0], job.work.file.file_no
    limits = limits_of(place.store.store.settings)
    raw = open_table(
        con, source.path, source.dialect, f"original{number}_raw", place.archive.work(), limits
    )
    options = ParseOptions(as_of=job.parent.as_of, tenant_currency=place.store.tenant.currency)
    mapping = _pinned(job.work.mapping, source, is_own=False)
    parsed = parse_table(con, raw, mapping, source.dialect, options, f"original{number}")
    reject_erased_rows(place.store, place.tx, con, parsed)
    corrections = [(str(each.corrected), str(each.taken_rows)) for each in job.sources[1:]]
    if not corrections:
        return f"original{number}"
    create_base(con, f"original{number}_rows", f"base{number}_rows", corrections)
    return f"base{number}"
