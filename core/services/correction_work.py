"""The work of a correction: its rows judged in the place of the rejected rows of their file."""

from dataclasses import asdict, replace
from functools import partial

import pyarrow as pa
from duckdb import DuckDBPyConnection

from core.contracts import FileKind
from core.ingest.changeset import FileVersion, Known, compare
from core.ingest.clean import ParsedFile
from core.ingest.correction import (
    count_anonymous_more,
    count_merged,
    create_merged_rows,
    family_of,
    merge_findings,
    show_as_own,
    take_over_waiting,
)
from core.ingest.folding import fold_file
from core.ingest.labels import resolve_labels
from core.ingest.parquet import write_parquet
from core.ingest.report import build_report, count_issues
from core.ingest.withdrawal import find_beside, find_withdrawn, forget_family
from core.services.corrected_report import CORRECTED
from core.services.correction_files import (
    CorrectedFile,
    CorrectionPlace,
    corrected_files,
    parse_original,
    parse_own,
    recognise,
)
from core.services.import_archive import ImportArchive
from core.services.import_created import move_created
from core.services.import_decisions import open_decisions
from core.services.import_history import version_of, versions_before
from core.services.import_known import fetch_named, fetch_products
from core.services.import_opt_outs import keep_opt_outs
from core.services.import_release import known_state, release_held
from core.services.import_sources import (
    CORRECTED_LINES,
    ISSUES,
    MERGED_BUCKETS,
    MERGED_ISSUES,
    TAKEN_ROWS,
)
from core.services.import_state import (
    add_layer,
    create_labels,
    move_state,
    open_state,
    state_table,
    withdraw,
)
from core.services.import_work import (
    ORDER,
    STAGE_CHECK,
    STAGE_READ,
    FileWork,
    try_step,
)
from core.services.progress import Progress
from core.store.imports import ImportEntry, own_sha256
from core.store.tenant import TenantStore


def work_correction(
    store: TenantStore,
    entry: ImportEntry,
    archive: ImportArchive,
    con: DuckDBPyConnection,
    progress: Progress,
) -> list[FileWork]:
    """Work a correction as `work_through` works an import; return its files.

    Raises `Refused` when the corrected import is not loaded.
    """
    with store.read() as tx:
        place = CorrectionPlace(store=store, tx=tx, con=con, archive=archive, entry=entry)
        jobs = corrected_files(place)
        for number, job in enumerate(jobs):
            progress(STAGE_READ, number, len(jobs))
            try_step(job.work, partial(recognise, place, job))
        if not any(job.work.waits_for for job in jobs):
            open_state(con)
            fetch_products(tx, con)
            open_decisions(tx, con, entry)
            _check_all(place, jobs, progress)
    return [job.work for job in jobs]


def _check_all(place: CorrectionPlace, jobs: list[CorrectedFile], progress: Progress) -> None:
    ordered = sorted(jobs, key=_order)
    for number, job in enumerate(ordered):
        progress(STAGE_CHECK, number, len(ordered))
        try_step(job.work, partial(_check, place, job))
        if job.work.waits_for is None:
            assert job.work.parsed is not None
            version = version_of(job.work.file)
            file_no = job.work.file.file_no
            kind, prefix = job.work.parsed.kind, job.work.prefix
            move_state(place.con, kind, prefix, version, file_no)
            if kind is FileKind.SALES:
                _withdraw(place, prefix, version, file_no)
                retold = move_created(place.store, place.tx, place.con, prefix, version, file_no)
                job.work.report["retold"] = retold
    if not any(job.work.waits_for for job in jobs):
        release_held(place.store, place.tx, place.con, take_over=partial(_take_over, place, jobs))
    progress(STAGE_CHECK, len(ordered), len(ordered))


def _withdraw(place: CorrectionPlace, prefix: str, version: FileVersion, file_no: int) -> None:
    """Let lines that wait by now be seen as the other files say them, or not at all."""
    con, kind = place.con, FileKind.SALES
    if not find_withdrawn(con, prefix, state_table(kind)):
        return
    add_layer(con, kind, prefix, f"{prefix}_others", version, file_no)
    withdraw(con, kind, f"{prefix}_withdrawn", version, file_no)


def _take_over(place: CorrectionPlace, jobs: list[CorrectedFile]) -> None:
    for job in jobs:
        family = [source.import_id for source in job.sources]
        take_over_waiting(place.con, job.work.prefix, family, job.work.file.file_no)


def _order(job: CorrectedFile) -> tuple[int, int]:
    assert job.work.mapping is not None
    return ORDER.index(job.work.mapping.kind), job.work.file.file_no


def _check(place: CorrectionPlace, job: CorrectedFile) -> None:
    con, work = place.con, job.work
    assert work.mapping is not None
    kind, prefix = work.mapping.kind, work.prefix
    formats = parse_own(place, job)
    base = parse_original(place, job)
    labels = create_labels(con) if kind is FileKind.SALES else None
    if kind is FileKind.SALES:
        for parsed in (base, job.own_prefix):
            resolve_labels(con, parsed, labels)
    _place_rows(con, job)
    create_merged_rows(con, kind, prefix, job.own_prefix, f"{base}_rows")
    work.parsed = ParsedFile(kind=kind, prefix=prefix, formats=formats)
    fold_file(con, work.parsed, work.mapping, labels=labels)
    fetch_named(place.tx, con, kind, prefix)
    version = version_of(work.file)
    versions = versions_before(place.store, place.tx, con, kind, prefix, version, is_late=True)
    known = known_state(kind, versions)
    if kind is FileKind.SALES:  # the rows of the other kinds only add to each other
        known = _beside(con, prefix, known, version)
    compare(con, work.parsed, work.mapping, known, version)
    _report(place, job, keep_opt_outs(place.tx, con, work.parsed))


def _beside(con: DuckDBPyConnection, prefix: str, known: Known, version: FileVersion) -> Known:
    """Return what is known beside what the corrected file has said of the merged rows so far."""
    if known.versions is None:
        return known
    forget_family(con, prefix, family_of(version.exported_at, version.sha256[:64]))
    existing, sold = find_beside(con, prefix, str(known.existing), str(known.sold))
    return replace(known, existing=existing, sold=sold)


def _place_rows(con: DuckDBPyConnection, job: CorrectedFile) -> None:
    """Create what was found so far, and the tables that say where each row of the file goes."""
    assert job.rows is not None
    latest, prefix = job.sources[-1], job.work.prefix
    for table, path in (("before_issues", latest.issues), ("before_buckets", latest.buckets)):
        con.execute(f"CREATE OR REPLACE TABLE {table} AS FROM read_parquet(?)", [str(path)])
    for name, rows in (
        ("changed", job.rows.changed),
        ("kept", job.rows.kept),
        ("settled", job.rows.settled),
        ("unknown", job.rows.unknown),
    ):
        columns = list(zip(*rows, strict=True)) or [(), (), ()]
        arrays = [pa.array(column, pa.int64()) for column in columns]
        con.register("placed", pa.table(arrays, names=["own_record", "own_line", "line"]))
        con.execute(f"CREATE OR REPLACE TABLE {prefix}_{name} AS FROM placed")
        con.unregister("placed")
    said = job.rows.said
    con.register(
        "said_now", pa.table({"line": pa.array(said, pa.int64()), "said": [*said.values()]})
    )
    con.execute(
        f"CREATE OR REPLACE TABLE {prefix}_taken AS SELECT DISTINCT c.*, i.record, said"
        f" FROM {prefix}_changed AS c JOIN before_issues AS i USING (line)"
        " JOIN said_now USING (line)"
    )
    con.unregister("said_now")


def _report(place: CorrectionPlace, job: CorrectedFile, opted_out: str | None) -> None:
    """Count what becomes of the correction's rows, and what that makes of the corrected file."""
    con, work, prefix, own = place.con, job.work, job.work.prefix, job.own_prefix
    assert work.raw is not None
    assert work.parsed is not None
    assert work.mapping is not None
    assert work.dialect is not None
    assert job.sent is not None
    merge_findings(con, prefix, own, job.sent.bad_table)
    con.execute(f"CREATE OR REPLACE VIEW merged{prefix}_issues AS FROM {prefix}_merged_issues")
    corrected = {
        **count_merged(con, prefix, job.counted["rows_in"]),
        "anonymous": job.counted["anonymous"] + count_anonymous_more(con, work.parsed),
        "issues": [asdict(issue) for issue in count_issues(con, f"merged{prefix}")],
    }
    _archive_tables(place, job)
    show_as_own(con, work.parsed.kind, prefix, own)
    report = build_report(
        con,
        ParsedFile(kind=work.parsed.kind, prefix=own, formats=work.parsed.formats),
        work.raw,
        work.mapping,
        work.dialect,
        name=work.file.name,
        sha256=own_sha256(work.file),
        opted_out=opted_out,
    )
    work.report = {**report.to_dict(), CORRECTED: corrected}


def _archive_tables(place: CorrectionPlace, job: CorrectedFile) -> None:
    prefix, own = job.work.prefix, job.own_prefix
    for name, rows in (
        (ISSUES, f"{own}_all_issues"),
        (MERGED_ISSUES, f"{prefix}_merged_issues"),
        (MERGED_BUCKETS, f"{prefix}_merged_buckets WHERE bucket <> 'loaded'"),
        (CORRECTED_LINES, f"{prefix}_taken"),
        (TAKEN_ROWS, f"{prefix}_taken_rows"),
    ):
        path = place.archive.staged(job.work.file.file_no, name)
        write_parquet(place.con, f"FROM {rows}", path)
