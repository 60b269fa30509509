"""The work of an import: every file read, checked and compared, in DuckDB.

Files are worked in the order products, clients, sales, contacts, so that a sale finds the
product and the customer that came with it. The state of the tenant is kept in DuckDB tables
`state_<kind>` that each file moves on; what differs from the database at the end is what a load
stages.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from duckdb import DuckDBPyConnection

from core.contracts import FileKind
from core.errors import CrmError, Refused
from core.i18n import N_
from core.ingest.clean import ParsedFile, ParseOptions, parse_table
from core.ingest.dialect import Dialect
from core.ingest.folding import fold_file
from core.ingest.mapping import (
    ColumnMapping,
    dump_mapping,
    header_fingerprint,
    parse_mapping,
    parse_moment,
)
from core.ingest.reader import RawTable, ReadLimits, read_dialect, read_table
from core.ingest.report import build_report
from core.ingest.suggest import MappingSuggestion, suggest_mapping
from core.services.import_archive import ImportArchive
from core.services.import_history import keep_said, version_of, versions_before
from core.services.import_release import compare_with_state, release_held
from core.services.import_state import (
    count_renumbered,
    create_labels,
    move_state,
    open_state,
)
from core.services.progress import Progress
from core.settings import Settings
from core.store.imports import ImportEntry, ImportFile, find_mapping
from core.store.tenant import TenantStore, Transaction

ORDER = (FileKind.PRODUCTS, FileKind.CLIENTS, FileKind.SALES, FileKind.CONTACTS)
ANY_OF = "any_of"
STAGE_READ = N_("Reading the files")
STAGE_CHECK = N_("Checking and comparing")


@dataclass(kw_only=True)
class FileWork:
    """One file on its way: what was recognised, then what was found, or why it waits."""

    file: ImportFile
    dialect: Dialect | None = None
    raw: RawTable | None = None
    suggestion: MappingSuggestion | None = None
    samples: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    mapping: ColumnMapping | None = None
    parsed: ParsedFile | None = None
    report: dict[str, Any] = field(default_factory=dict)
    waits_for: CrmError | None = None

    @property
    def prefix(self) -> str:
        """Prefix of this file's DuckDB tables."""
        return f"f{self.file.file_no}"

    @property
    def mapping_json(self) -> str:
        """The mapping as canonical JSON, part of what makes two imports the same."""
        assert self.mapping is not None
        return json.dumps(dump_mapping(self.mapping), sort_keys=True, ensure_ascii=False)

    @property
    def layout_json(self) -> str:
        """The mapping as remembered for the next file: without the date of this one."""
        assert self.mapping is not None
        layout = dump_mapping(replace(self.mapping, exported_at=None))
        return json.dumps(layout, sort_keys=True, ensure_ascii=False)


def limits_of(settings: Settings) -> ReadLimits:
    """Return the reader's limits from the settings."""
    return ReadLimits(
        max_bytes=settings.max_upload_mb * 1_000_000,
        max_columns=settings.max_columns,
        max_cell_bytes=settings.max_cell_chars,
    )


def work_through(
    store: TenantStore,
    entry: ImportEntry,
    archive: ImportArchive,
    con: DuckDBPyConnection,
    progress: Progress,
) -> list[FileWork]:
    """Read, check and compare every file of `entry`; return them in the ledger's order.

    A file that cannot go on carries its error in `waits_for`; the others are still worked as
    far as they can be, so that everything there is to answer is known at once.
    """
    works = [FileWork(file=file) for file in entry.files]
    with store.read() as tx:
        for number, work in enumerate(works):
            progress(STAGE_READ, number, len(works))
            _try(work, partial(_recognise, store, tx, archive, con, work))
        if not any(work.waits_for for work in works):
            open_state(tx, con)
            archive.clear_said()
            _check_all(store, tx, entry, archive, con, works, progress)
    return works


def _try(work: FileWork, step: Callable[[], None]) -> None:
    try:
        step()
    except Refused as error:
        if "name" in error.values:  # the archive's copy has a number in its name
            error.values["name"] = work.file.name
        work.waits_for = error


def _recognise(
    store: TenantStore,
    tx: Transaction,
    archive: ImportArchive,
    con: DuckDBPyConnection,
    work: FileWork,
) -> None:
    limits = limits_of(store.store.settings)
    path = archive.original(work.file.file_no, work.file.name)
    work.dialect = read_dialect(path, limits)
    work.raw = read_table(
        con, path, work.dialect, f"raw{work.file.file_no}", archive.work(), limits
    )
    work.samples = work.raw.samples(con)
    chosen = json.loads(work.file.mapping_json) if work.file.mapping_json else {}
    kind = FileKind(chosen["kind"]) if chosen.get("kind") else None
    work.suggestion = suggest_mapping(work.raw.headers, work.samples, kind=kind)
    work.mapping = _mapping_of(tx, work.raw, chosen, work.suggestion)
    work.mapping.check(work.raw.headers)
    told = parse_moment(work.mapping.exported_at) if work.mapping.exported_at else None
    work.file = replace(work.file, exported_at=told or work.file.exported_at)


def _mapping_of(
    tx: Transaction,
    raw: RawTable,
    chosen: Mapping[str, Any],
    suggestion: MappingSuggestion,
) -> ColumnMapping:
    """Return the mapping chosen for the file, else the one remembered, else the suggested one."""
    if ANY_OF in chosen:
        chosen = _fitting(chosen[ANY_OF], raw.headers, suggestion.kind)
    if chosen.get("columns"):
        return parse_mapping(chosen)
    if not chosen:
        remembered = find_mapping(tx, header_fingerprint(raw.headers))
        if remembered:
            return parse_mapping(json.loads(remembered))
    return _completed(suggestion, chosen)


def _fitting(
    candidates: Sequence[Mapping[str, Any]], headers: Sequence[str], kind: FileKind | None
) -> Mapping[str, Any]:
    """Return the candidate that reads most of the file's headers and no header it lacks."""
    fitting = [
        (len(used), number)
        for number, candidate in enumerate(candidates)
        if (used := parse_mapping(candidate).used_headers()) <= set(headers)
        and (candidate.get("columns") or candidate["kind"] == kind)
    ]
    return candidates[max(fitting)[1]] if fitting else {}


def _completed(suggestion: MappingSuggestion, chosen: Mapping[str, Any]) -> ColumnMapping:
    """Return the suggestion with what was chosen put over it (a tax rate, a date order, …)."""
    base = dump_mapping(suggestion.to_mapping(tax_rate=chosen.get("tax_rate")))
    return parse_mapping({**base, **{name: told for name, told in chosen.items() if told}})


def _check_all(
    store: TenantStore,
    tx: Transaction,
    entry: ImportEntry,
    archive: ImportArchive,
    con: DuckDBPyConnection,
    works: list[FileWork],
    progress: Progress,
) -> None:
    ordered = sorted(works, key=_place)
    for number, work in enumerate(ordered):
        progress(STAGE_CHECK, number, len(ordered))
        is_late = _is_late(work, ordered[:number])
        _try(work, partial(_check, store, tx, entry, archive, con, work, is_late))
        if work.waits_for is None:
            assert work.mapping is not None
            version = version_of(work.file)
            move_state(con, work.mapping.kind, work.prefix, version, work.file.file_no)
    if not any(work.waits_for for work in works):
        release_held(store, tx, con, archive)
    progress(STAGE_CHECK, len(ordered), len(ordered))


def _place(work: FileWork) -> tuple[int, str, int]:
    assert work.mapping is not None
    return (
        ORDER.index(work.mapping.kind),
        version_of(work.file).exported_at.isoformat(),
        work.file.file_no,
    )


def _is_late(work: FileWork, before: Sequence[FileWork]) -> bool:
    """Whether a file worked before, exported at the same moment, has the higher version."""
    assert work.mapping is not None
    key = version_of(work.file).key()
    return any(
        other.mapping is not None
        and other.mapping.kind is work.mapping.kind
        and version_of(other.file).key() > key
        for other in before
    )


def _check(
    store: TenantStore,
    tx: Transaction,
    entry: ImportEntry,
    archive: ImportArchive,
    con: DuckDBPyConnection,
    work: FileWork,
    is_late: bool,
) -> None:
    assert work.raw is not None
    assert work.mapping is not None
    assert work.dialect is not None
    options = ParseOptions(as_of=entry.as_of, tenant_currency=store.tenant.currency)
    work.parsed = parse_table(con, work.raw, work.mapping, work.dialect, options, work.prefix)
    labels = create_labels(con) if work.mapping.kind is FileKind.SALES else None
    fold_file(con, work.parsed, work.mapping, labels=labels)
    kind, version = work.mapping.kind, version_of(work.file)
    versions = versions_before(store, tx, con, archive, kind, work.prefix, version, is_late=is_late)
    compare_with_state(con, work.parsed, work.mapping, versions, version)
    keep_said(con, archive, kind, work.prefix, version)
    report = build_report(
        con,
        work.parsed,
        work.raw,
        work.mapping,
        work.dialect,
        name=work.file.name,
        sha256=work.file.sha256,
    )
    work.report = report.to_dict()
    work.report["renumbered"] = count_renumbered(con, work.prefix) if kind is FileKind.SALES else 0
    _archive_tables(con, archive, work)


def _archive_tables(con: DuckDBPyConnection, archive: ImportArchive, work: FileWork) -> None:
    assert work.raw is not None
    number = work.file.file_no
    for table, path in (
        (work.raw.table, archive.staged(number, "rows")),
        (f"{work.prefix}_issues", archive.staged(number, "issues")),
        (f"{work.prefix}_buckets", archive.staged(number, "buckets")),
        (f"{work.prefix}_load", archive.curated(number)),
    ):
        con.execute(f"COPY {table} TO '{path}' (FORMAT parquet)")
