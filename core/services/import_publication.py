"""The end of a load: what was staged becomes visible, the ledger and the archive tell it.

The report in the archive is taken away before the publication and written after it: whenever the
process is killed, a report that is there is true. A load that is asked for again completes it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.ingest.mapping import header_fingerprint
from core.services.audit_trail import Action, record, user_id_named
from core.services.corrected_report import report_kept
from core.services.import_archive import LOADING_LOCK, archive_of
from core.services.import_work import FileWork
from core.store.import_relations import load_undone_imports
from core.store.imports import ImportEntry, ImportFile, Origin
from core.store.mappings import store_mapping
from core.store.tenant import TenantStore, Transaction
from core.store.versions import publish_import


def publish(
    store: TenantStore,
    entry: ImportEntry,
    works: Sequence[FileWork],
    seq: int,
    report: Mapping[str, Any],
) -> None:
    """Publish everything staged under `seq`, and remember how the files were read.

    Raises `Refused`, and nothing becomes visible, when the import was closed or made a
    correction while it was being loaded.
    """
    archive, now = archive_of(store, entry.import_id), store.store.now()
    archive.remove_report()
    who = user_id_named(store, entry.created_by)
    with store.begin() as tx:
        report_json = json.dumps(report, sort_keys=True)
        publish_import(tx, entry, _as_read(entry, works), seq, report_json, now)
        _remember(store, tx, entry, works)
        if entry.origin == Origin.HAND:
            change = report["change"]
            record(store, tx, who, Action.CHANGED_BY_HAND, entry.import_id, seq=seq, **change)
        else:
            record(store, tx, who, Action.IMPORT_LOADED, entry.import_id, seq=seq, files=len(works))
    archive.write_report(report)


def complete_archive(store: TenantStore, entry: ImportEntry) -> None:
    """Bring the archive of a loaded import to where its load was killed before it could."""
    archive = archive_of(store, entry.import_id)
    archive.clear_work()
    if not archive.report.exists():
        archive.write_report(report_kept(entry))
    (archive.folder / LOADING_LOCK).unlink(missing_ok=True)


def tell_undone(store: TenantStore) -> None:
    """Let the report of every undone import say so where it does not yet."""
    with store.read() as tx:
        undone = load_undone_imports(tx)
    for entry in undone:
        archive, report = archive_of(store, entry.import_id), report_kept(entry)
        if archive.told_status() != report.get("status"):
            archive.write_report(report)


def _as_read(entry: ImportEntry, works: Sequence[FileWork]) -> list[ImportFile]:
    read = {work.file.file_no: work for work in works}
    return [
        _with_mapping(read[file.file_no]) if file.file_no in read else file for file in entry.files
    ]


def _with_mapping(work: FileWork) -> ImportFile:
    assert work.mapping is not None
    return replace(work.file, kind=work.mapping.kind.value, mapping_json=work.mapping_json)


def _remember(
    store: TenantStore, tx: Transaction, entry: ImportEntry, works: Sequence[FileWork]
) -> None:
    if entry.origin in (Origin.CORRECTION, Origin.HAND):
        return  # read by the mapping of its import, or by that of no file to come
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
