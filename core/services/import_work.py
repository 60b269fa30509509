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
from core.ingest.changeset import forget_compared
from core.ingest.clean import ParsedFile, ParseOptions, parse_table
from core.ingest.dialect import Dialect
from core.ingest.findings import Finding, found
from core.ingest.folding import fold_file
from core.ingest.mapping import (
    ColumnMapping,
    dump_mapping,
    parse_mapping,
    parse_moment,
)
from core.ingest.parquet import write_parquet
from core.ingest.reader import RawTable, ReadLimits, open_table
from core.ingest.repeats import count_repeated
from core.ingest.report import build_report
from core.ingest.suggest import MappingSuggestion, suggest_mapping
from core.ingest.values import Formats
from core.services.file_mapping import choose_mapping, read_dialect_of
from core.services.import_archive import ImportArchive
from core.services.import_created import move_created
from core.services.import_decisions import open_decisions
from core.services.import_erased import reject_erased_rows
from core.services.import_history import version_of, versions_before
from core.services.import_known import count_renumbered, fetch_named, fetch_products
from core.services.import_opt_outs import keep_opt_outs
from core.services.import_release import compare_with_state, release_held
from core.services.import_sold import find_sold
from core.services.import_state import labels_for, move_state, open_state
from core.services.progress import Progress
from core.settings import Settings
from core.store.imports import ImportEntry, ImportFile
from core.store.tenant import TenantStore, Transaction

ORDER = (FileKind.PRODUCTS, FileKind.CLIENTS, FileKind.SALES, FileKind.CONTACTS)
_RECORD_BYTES = 16 << 20
STAGE_READ = N_("Reading the files")
STAGE_CHECK = N_("Checking and comparing")
_GIVES_WAY = N_(
    "The order of dates or the decimal sign of the last file does not fit this one: its own"
    " cells count."
)


@dataclass(kw_only=True)
class FileWork:
    """One file on its way: what was recognised, then what was found, or why it waits."""

    file: ImportFile
    dialect: Dialect | None = None
    raw: RawTable | None = None
    suggestion: MappingSuggestion | None = None
    samples: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    mapping: ColumnMapping | None = None
    remembered: frozenset[str] = frozenset()
    parsed: ParsedFile | None = None
    erased_rows: int = 0
    notes: dict[str, Finding] = field(default_factory=dict)
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
        max_workbook_bytes=settings.max_workbook_mb * 1_000_000,
        max_columns=settings.max_columns,
        max_cell_bytes=settings.max_cell_chars,
        max_record_bytes=max(_RECORD_BYTES, 2 * settings.max_cell_chars),
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
            try_step(work, partial(_recognise, store, tx, archive, con, work))
        if not any(work.waits_for for work in works):
            again = True
            while again:
                open_state(con)
                fetch_products(tx, con)
                open_decisions(tx, con, entry)
                _check_all(store, tx, entry, archive, con, works, progress)
                again = _found_sold(store, tx, con, works)
    return works


def _found_sold(
    store: TenantStore, tx: Transaction, con: DuckDBPyConnection, works: Sequence[FileWork]
) -> bool:
    """Tell whether returns that were held need not wait, so that all is to be worked again."""
    if any(work.waits_for for work in works):
        return False
    sales = [work for work in works if work.mapping and work.mapping.kind is FileKind.SALES]
    return find_sold(store, tx, con, [work.prefix for work in sales])


def try_step(work: FileWork, step: Callable[[], None]) -> None:
    """Take one step of `work`; what stands against it is what the file then waits for."""
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
    chosen = json.loads(work.file.mapping_json) if work.file.mapping_json else {}
    work.dialect = read_dialect_of(tx, path, chosen, limits)
    work.raw = open_table(
        con, path, work.dialect, f"raw{work.file.file_no}", archive.work(), limits
    )
    work.samples = work.raw.samples(con)
    kind = FileKind(chosen["kind"]) if chosen.get("kind") else None
    work.suggestion = suggest_mapping(work.raw.headers, work.samples, kind=kind)
    choice = choose_mapping(tx, work.raw.headers, chosen, work.suggestion)
    work.mapping, work.remembered = choice.mapping, choice.remembered
    work.notes = {"mapping": choice.why} if choice.why else {}
    work.mapping.check(work.raw.headers)
    told = parse_moment(work.mapping.exported_at) if work.mapping.exported_at else None
    work.file = replace(work.file, exported_at=told or work.file.exported_at)


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
        try_step(work, partial(_check, store, tx, entry, archive, con, work, is_late))
        if work.waits_for is None:
            assert work.mapping is not None
            version = version_of(work.file)
            move_state(con, work.mapping.kind, work.prefix, version, work.file.file_no)
            if work.mapping.kind is FileKind.SALES:
                retold = move_created(store, tx, con, work.prefix, version, work.file.file_no)
                work.report["retold"] = retold
    if not any(work.waits_for for work in works):
        release_held(store, tx, con, [work.file.sha256 for work in works])
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
    if work.parsed is None:
        options = ParseOptions(
            as_of=entry.as_of,
            tenant_currency=store.tenant.currency,
            remembered=work.remembered,
        )
        work.parsed = parse_table(con, work.raw, work.mapping, work.dialect, options, work.prefix)
        work.erased_rows = reject_erased_rows(store, tx, con, work.parsed)
        _give_way(work, work.parsed.formats)
    else:
        forget_compared(con, work.parsed)
    labels = labels_for(con, work.prefix) if work.mapping.kind is FileKind.SALES else None
    fold_file(con, work.parsed, work.mapping, labels=labels)
    kind, version = work.mapping.kind, version_of(work.file)
    creates = kind is FileKind.SALES and "customers" in work.mapping.create_missing
    fetch_named(tx, con, kind, work.prefix, creates_customers=creates)
    versions = versions_before(store, tx, con, kind, work.prefix, version, is_late=is_late)
    compare_with_state(con, work.parsed, work.mapping, versions, version)
    opted_out = keep_opt_outs(tx, con, work.parsed)
    report = build_report(
        con,
        work.parsed,
        work.raw,
        work.mapping,
        work.dialect,
        name=work.file.name,
        sha256=work.file.sha256,
        opted_out=opted_out,
    )
    work.report = report.to_dict()
    if kind is FileKind.SALES:
        work.report["renumbered"] = count_renumbered(tx, con, work.prefix)
        work.report["repeated"] = count_repeated(con, work.prefix)
    _archive_tables(con, archive, work)


def _give_way(work: FileWork, formats: Formats) -> None:
    """Take out of the mapping what was remembered and what the cells of the file contradict."""
    assert work.mapping is not None
    given = dump_mapping(work.mapping)
    read = {"date_order": formats.date_order, "decimal": formats.decimal}
    wrong = {name for name in work.remembered if given[name] != read[name]}
    if wrong:
        kept = {name: value for name, value in given.items() if name not in wrong}
        work.mapping = parse_mapping(kept)
        work.notes["gives_way"] = found(_GIVES_WAY)


def _archive_tables(con: DuckDBPyConnection, archive: ImportArchive, work: FileWork) -> None:
    """Keep the issues of a file, and what became of the rows that are not simply loaded."""
    for table, rows in (
        ("issues", f"FROM {work.prefix}_issues"),
        ("buckets", f"FROM {work.prefix}_buckets WHERE bucket <> 'loaded'"),
    ):
        path = archive.staged(work.file.file_no, table)
        write_parquet(con, rows, path)
