"""Import: receive files, show what would change, load all of it or nothing, undo the last.

An import goes received -> planned -> loaded; it waits as `asking` while a file has an open
question, and ends as `discarded` or `undone` when it is not wanted.
"""

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from core.errors import FileRefused, NotFound, QuestionOpen, Refused
from core.i18n import N_
from core.ingest.mapping import header_fingerprint
from core.services.accounts import Actor, Role, require
from core.services.import_archive import (
    ImportArchive,
    archive_of,
    exported_at_of,
    keep_original,
    safe_name,
)
from core.services.import_load import find_opt_out_alarm, stage_all
from core.services.import_report import ASKING, PLANNED, build_import_report
from core.services.import_work import FileWork, work_through
from core.services.progress import Progress, no_progress
from core.store.imports import (
    ImportEntry,
    ImportFile,
    find_loaded_twin,
    load_import_entries,
    load_import_entry,
    remove_import,
    store_file_mapping,
    store_import,
    store_import_state,
    store_mapping,
    store_opt_out_confirmation,
)
from core.store.locks import exclusive
from core.store.tenant import TenantStore
from core.store.versions import clear_unpublished, publish, unpublish

RECEIVED, LOADED = "received", "loaded"
DISCARDED, UNDONE = "discarded", "undone"
STAGE_LOAD = N_("Loading")
_BUSY = N_("Another import of this company is being worked on. Wait until it ends, then try again.")
_GONE = N_("There is no import with this id.")


def receive(
    store: TenantStore,
    actor: Actor,
    files: Sequence[tuple[str, Path]],
    *,
    as_of: date | None = None,
) -> str:
    """Take (name, path) files in: copy each into the archive, enter the ledger; return the id.

    `as_of` is the day after which a sale is in the future; default: today in the tenant's time
    zone, or the demo's fixed day.
    """
    require(actor, Role.ANALYST)
    if not files:
        raise Refused(N_("No file was given. Choose at least one CSV or Excel file."))
    import_id = str(uuid.uuid4())
    archive = archive_of(store, import_id)
    now = store.store.now()
    received = [_kept(archive, no, name, path, now) for no, (name, path) in enumerate(files, 1)]
    with store.begin() as tx:
        store_import(tx, import_id, as_of or today_of(store), now, actor.username, received)
    return import_id


def _kept(archive: ImportArchive, no: int, name: str, path: Path, now: datetime) -> ImportFile:
    sha256, size = keep_original(archive, no, name, path)
    return ImportFile(
        file_no=no,
        name=safe_name(name),
        sha256=sha256,
        bytes=size,
        exported_at=exported_at_of(name, now),
    )


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
    _open_entry(store, import_id)
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
    entry = _open_entry(store, import_id)
    with exclusive(store, "import", _BUSY), _worked(store, entry, progress) as (con, works):
        report = build_import_report(store, con, entry, works)
        if report["status"] == PLANNED:
            report["opt_out_alarm"] = find_opt_out_alarm(store, con, entry)
        _keep_plan(store, entry, report)
        return report


def confirm_opt_outs(store: TenantStore, actor: Actor, import_id: str) -> None:
    """Say that an import that opts many customers out is right to do so."""
    require(actor, Role.ANALYST)
    _open_entry(store, import_id)
    with store.begin() as tx:
        store_opt_out_confirmation(tx, import_id, actor.username)


def load(store: TenantStore, import_id: str, progress: Progress = no_progress) -> dict[str, Any]:
    """Load the import: everything or nothing. Loading a loaded one returns its report.

    The same files with the same mappings as a loaded import change nothing: the first report
    is returned and this import is discarded.
    """
    entry = entry_of(store, import_id)
    if entry.status == LOADED:
        return report_of(store, import_id)
    _open_entry(store, import_id)
    with exclusive(store, "import", _BUSY):
        clear_unpublished(store)
        with _worked(store, entry, progress) as (con, works):
            _refuse_open_questions(works)
            twin = _twin(store, entry, works)
            if twin:
                _set_state(store, import_id, DISCARDED)
                return report_of(store, twin)
            progress(STAGE_LOAD, 0, 1)
            seq = stage_all(store, con, entry, works)
            report = {**build_import_report(store, con, entry, works), "status": LOADED}
            archive_of(store, import_id).write_report(report)
            publish(store, entry, seq, json.dumps(report, sort_keys=True), store.store.now())
            _remember(store, entry, works)
            progress(STAGE_LOAD, 1, 1)
            return report


@contextmanager
def _worked(
    store: TenantStore, entry: ImportEntry, progress: Progress
) -> Iterator[tuple[duckdb.DuckDBPyConnection, list[FileWork]]]:
    archive = archive_of(store, entry.import_id)
    con = duckdb.connect()
    try:
        con.execute(f"SET temp_directory = '{archive.work() / 'spill'}'")
        con.execute("SET enable_progress_bar = false")
        yield con, work_through(store, entry, archive, con, progress)
    finally:
        con.close()
        archive.clear_work()


def _keep_plan(store: TenantStore, entry: ImportEntry, report: dict[str, Any]) -> None:
    archive_of(store, entry.import_id).write_report(report)
    with store.begin() as tx:
        store_import_state(
            tx,
            entry.import_id,
            str(report["status"]),
            report_json=json.dumps(report, sort_keys=True),
        )


def _refuse_open_questions(works: Sequence[FileWork]) -> None:
    for work in works:
        if isinstance(work.waits_for, FileRefused):
            raise work.waits_for
        if isinstance(work.waits_for, QuestionOpen):
            raise _named_question(work.file.name, work.waits_for)
        if work.waits_for is not None:
            raise Refused(
                N_("%(file)s: %(sentence)s"), file=work.file.name, sentence=work.waits_for
            ) from work.waits_for


def _named_question(name: str, asked: QuestionOpen) -> QuestionOpen:
    return QuestionOpen(
        N_("%(file)s: %(sentence)s Answer it in a mapping (--mapping): %(answer)s."),
        question=asked.question,
        options=asked.options,
        file=name,
        sentence=asked,
        answer=f"{asked.question} = {' | '.join(asked.options)}",
    )


def _twin(store: TenantStore, entry: ImportEntry, works: Sequence[FileWork]) -> str | None:
    pairs = [(work.file.sha256, work.mapping_json) for work in works]
    with store.begin() as tx:
        for work in works:
            assert work.mapping is not None
            store_file_mapping(
                tx,
                entry.import_id,
                work.file.file_no,
                kind=work.mapping.kind.value,
                mapping_json=work.mapping_json,
                exported_at=work.file.exported_at,
            )
        return find_loaded_twin(tx, pairs, besides=entry.import_id)


def _remember(store: TenantStore, entry: ImportEntry, works: Sequence[FileWork]) -> None:
    with store.begin() as tx:
        for work in works:
            assert work.mapping is not None
            assert work.raw is not None
            store_mapping(
                tx,
                work.mapping.kind.value,
                header_fingerprint(work.raw.headers),
                work.layout_json,
                store.store.now(),
                entry.created_by,
            )


def discard(store: TenantStore, actor: Actor, import_id: str) -> None:
    """Give up an import that is not loaded."""
    require(actor, Role.ANALYST)
    _open_entry(store, import_id)
    _set_state(store, import_id, DISCARDED)


def forget(store: TenantStore, import_id: str) -> None:
    """Remove an import that is not loaded, with its files, as if it had never been received."""
    _open_entry(store, import_id)
    with store.begin() as tx:
        remove_import(tx, import_id)
    archive_of(store, import_id).remove()


def undo(store: TenantStore, actor: Actor, import_id: str) -> None:
    """Take the last loaded import back: every row is as before; opt-outs it brought stay."""
    require(actor, Role.ANALYST)
    entry = entry_of(store, import_id)
    if entry.status != LOADED or entry.seq is None:
        raise Refused(N_("Only a loaded import can be undone."))
    with exclusive(store, "import", _BUSY):
        if not unpublish(store, import_id, entry.seq):
            raise Refused(N_("A later import was loaded after this one. Undo the later one first."))
        clear_unpublished(store)


def _set_state(store: TenantStore, import_id: str, status: str) -> None:
    with store.begin() as tx:
        store_import_state(tx, import_id, status)


def entry_of(store: TenantStore, import_id: str) -> ImportEntry:
    """Return the ledger entry; raise `NotFound` when this tenant has none of that id."""
    try:
        uuid.UUID(import_id)
    except ValueError:
        raise NotFound(_GONE) from None
    with store.read() as tx:
        entry = load_import_entry(tx, import_id)
    if entry is None:
        raise NotFound(_GONE)
    return entry


def _open_entry(store: TenantStore, import_id: str) -> ImportEntry:
    entry = entry_of(store, import_id)
    if entry.status not in (RECEIVED, ASKING, PLANNED):
        raise Refused(N_("This import is closed. Start a new one with the same files."))
    return entry


def list_imports(store: TenantStore, *, limit: int = 20, offset: int = 0) -> list[ImportEntry]:
    """Return the ledger, newest first."""
    with store.read() as tx:
        return load_import_entries(tx, limit=limit, offset=offset)


def report_of(store: TenantStore, import_id: str) -> dict[str, Any]:
    """Return the report kept with an import, `{}` when nothing was worked out yet."""
    entry = entry_of(store, import_id)
    report: dict[str, Any] = json.loads(entry.report_json) if entry.report_json else {}
    return report
