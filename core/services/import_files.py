"""Import: receive files, show what would change, load all of it or nothing.

An import goes received -> planned -> loaded; it waits as `asking` while a file has an open
question, and ends as `discarded` or `undone` when it is not wanted.
"""

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from core.errors import Refused
from core.i18n import N_
from core.ingest.parquet import quote_path
from core.services.accounts import Actor, Role, require
from core.services.audit_trail import Action, record
from core.services.correction_work import work_correction
from core.services.erase_met import forget_met, take_rewritten
from core.services.hand_check import refuse_overtaken, refuse_unreadable
from core.services.import_archive import (
    ImportArchive,
    archive_of,
    exported_at_of,
    keep_original,
    safe_name,
)
from core.services.import_corrections import recognise_correction
from core.services.import_ledger import (
    entry_of,
    open_entry,
    report_of,
    set_state,
)
from core.services.import_load import find_opt_out_alarm, stage_all
from core.services.import_loading import being_loaded, changeable_entry
from core.services.import_publication import complete_archive, publish
from core.services.import_questions import refuse_open_questions, refuse_other_reading
from core.services.import_report import build_import_report, is_asking, report_again
from core.services.import_turn import import_turn
from core.services.import_twin import find_twin_as_read, find_twin_of_bytes
from core.services.import_work import FileWork, work_through
from core.services.progress import Progress, no_progress
from core.store.import_answers import store_file_mapping, store_opt_out_confirmation
from core.store.import_states import DISCARDED, LOADED, OPEN_STATES, store_import_state
from core.store.imports import ImportEntry, ImportFile, Origin, store_import
from core.store.statistics import OF_IMPORTS, refresh_statistics
from core.store.tenant import TenantStore
from core.store.unpublished import clear_unpublished

STAGE_LOAD = N_("Loading")


def receive(
    store: TenantStore,
    actor: Actor,
    files: Sequence[tuple[str, Path]],
    *,
    as_of: date | None = None,
    known_sha256: Mapping[Path, str] | None = None,
    import_id: str | None = None,
) -> str:
    """Take (name, path) files in: keep each in the archive, enter the ledger; return the id.

    `as_of` is the day after which a sale is in the future; default: today in the tenant's time
    zone, or the demo's fixed day. A file in `known_sha256` will not change any more: it is linked
    into the archive, while others are copied. `import_id` is the id to be, default a fresh one.
    Rejected rows that come back corrected are entered as a correction of their import.
    """
    require(actor, Role.ANALYST)
    if not files:
        raise Refused(N_("No file was given. Choose at least one CSV or Excel file."))
    import_id = import_id or str(uuid.uuid4())
    now, known = store.store.now(), known_sha256 or {}
    correction = recognise_correction(store, files)
    numbers = correction.file_nos if correction else range(1, len(files) + 1)
    day = correction.as_of(as_of) if correction else as_of or today_of(store)
    archive = archive_of(store, import_id)
    received = [
        _kept(archive, no, path, known.get(path), safe_name(name), exported_at_of(name, now, day))
        for no, (name, path) in zip(numbers, files, strict=True)
    ]
    entered = correction.entered(received) if correction else received
    parent_id = correction.import_id if correction else None
    with store.begin() as tx:
        store_import(tx, import_id, day, now, actor.username, entered, parent_id=parent_id)
    return import_id


def _kept(
    archive: ImportArchive,
    no: int,
    path: Path,
    known: str | None,
    name: str,
    exported_at: datetime,
) -> ImportFile:
    sha256, size = keep_original(archive, no, name, path, known)
    return ImportFile(file_no=no, name=name, sha256=sha256, bytes=size, exported_at=exported_at)


def today_of(store: TenantStore) -> date:
    """Return the demo's fixed day, else today in the tenant's time zone."""
    tenant = store.tenant
    return tenant.demo_as_of or store.store.now().astimezone(ZoneInfo(tenant.time_zone)).date()


def choose(
    store: TenantStore, actor: Actor, import_id: str, file_no: int, mapping: Mapping[str, Any]
) -> None:
    """Settle how one file is read: a whole mapping, or answers put over the suggested one.

    Without the key `columns` the suggestion stands and the given keys (`kind`, `date_order`,
    `decimal`, `tax_rate`, …) are put over it.
    """
    require(actor, Role.ANALYST)
    changeable_entry(store, import_id)
    with store.begin() as tx:
        store_file_mapping(
            tx,
            import_id,
            file_no,
            kind=mapping.get("kind"),
            mapping_json=json.dumps(dict(mapping), sort_keys=True, ensure_ascii=False),
        )


def plan(store: TenantStore, import_id: str, progress: Progress = no_progress) -> dict[str, Any]:
    """Work out what loading would do, without loading; return and keep the report.

    The report's status is `planned`, or `asking` when a file has an open question or cannot be
    read: each file's `recognition` says so.
    """
    entry = open_entry(store, import_id)
    if entry.origin == Origin.RELEASE:
        raise Refused(N_("A release of waiting rows has no files to look at. Load it."))
    if entry.origin == Origin.HAND:
        raise Refused(N_("A change by hand was looked at when it was saved. Load it."))
    with import_turn(store):
        entry = open_entry(store, import_id)  # it may have been loaded while this one waited
        report = plan_of(store, entry, archive_of(store, import_id), progress)
        _keep_plan(store, entry, report)
        forget_met(store, import_id, report)
        return report


def plan_of(
    store: TenantStore, entry: ImportEntry, archive: ImportArchive, progress: Progress
) -> dict[str, Any]:
    """Return the report of `plan` for `entry`, whose files lie in `archive`; keep nothing."""
    twin = find_twin_of_bytes(store, entry, archive)
    if twin is not None:
        take_rewritten(store, entry, archive, twin)
        return report_again(entry, archive, twin)
    with _worked(store, entry, archive, progress) as (con, works):
        alarm = None if is_asking(works) else find_opt_out_alarm(store, con, entry)
        return build_import_report(store, con, entry, works, alarm)


def confirm_opt_outs(store: TenantStore, actor: Actor, import_id: str) -> None:
    """Say that an import that opts many customers out is right to do so."""
    require(actor, Role.ANALYST)
    changeable_entry(store, import_id)
    with store.begin() as tx:
        if store_opt_out_confirmation(tx, import_id, actor.username):
            record(store, tx, actor.user_id, Action.OPT_OUTS_CONFIRMED, import_id)


def load(store: TenantStore, import_id: str, progress: Progress = no_progress) -> dict[str, Any]:
    """Load the import: everything or nothing. Loading a loaded one returns its report.

    The same files with the same mappings as a loaded import change nothing: the first report
    is returned and this import is discarded.
    """
    entry = entry_of(store, import_id)
    if entry.status == LOADED:
        complete_archive(store, entry)
        forget_met(store, import_id, report_of(store, import_id))
        return report_of(store, import_id)
    open_entry(store, import_id)
    archive = archive_of(store, import_id)
    with import_turn(store):
        entry = entry_of(store, import_id)
        if entry.status == LOADED:
            return report_of(store, import_id)
        entry = open_entry(store, import_id)  # it may have been given up while this one waited
        twin = find_twin_of_bytes(store, entry, archive)
        if twin is not None:
            return _discard_for(store, entry, twin)
        refuse_overtaken(store, entry)
        with being_loaded(store, import_id):
            return _load_whole(store, entry, archive, progress)


def _load_whole(
    store: TenantStore, entry: ImportEntry, archive: ImportArchive, progress: Progress
) -> dict[str, Any]:
    clear_unpublished(store)
    with _worked(store, entry, archive, progress) as (con, works):
        refuse_open_questions(works)
        refuse_other_reading(entry, works)
        refuse_unreadable(store, entry, works)
        twin = find_twin_as_read(store, entry, works)
        if twin is not None:
            return _discard_for(store, entry, twin)
        progress(STAGE_LOAD, 0, 1)
        seq = stage_all(store, con, entry, works)
        refresh_statistics(store, OF_IMPORTS)
        report = {**build_import_report(store, con, entry, works), "status": LOADED}
        publish(store, entry, works, seq, report)
        forget_met(store, entry.import_id, report)
        progress(STAGE_LOAD, 1, 1)
        return report


def _discard_for(store: TenantStore, entry: ImportEntry, twin: ImportEntry) -> dict[str, Any]:
    take_rewritten(store, entry, archive_of(store, entry.import_id), twin)
    set_state(store, entry.import_id, DISCARDED)
    return report_of(store, twin.import_id)


@contextmanager
def _worked(
    store: TenantStore, entry: ImportEntry, archive: ImportArchive, progress: Progress
) -> Iterator[tuple[duckdb.DuckDBPyConnection, list[FileWork]]]:
    con = duckdb.connect()
    try:
        con.execute(f"SET temp_directory = {quote_path(archive.work() / 'spill')}")
        con.execute(f"SET memory_limit = '{store.store.settings.etl_memory_mb} MB'")
        con.execute("SET enable_progress_bar = false")
        work = work_correction if entry.origin == Origin.CORRECTION else work_through
        yield con, work(store, _without_left_out(entry), archive, con, progress)
    finally:
        con.close()
        archive.clear_work()


def _without_left_out(entry: ImportEntry) -> ImportEntry:
    files = tuple(file for file in entry.files if not file.left_out)
    if entry.files and not files:
        raise Refused(N_("Every file of this import is left out. Take one back, or give it up."))
    return replace(entry, files=files)


def _keep_plan(store: TenantStore, entry: ImportEntry, report: dict[str, Any]) -> None:
    kept = json.dumps(report, sort_keys=True)
    with store.begin() as tx:
        store_import_state(
            tx, entry.import_id, str(report["status"]), among=OPEN_STATES, report_json=kept
        )
    archive_of(store, entry.import_id).write_report(report)
