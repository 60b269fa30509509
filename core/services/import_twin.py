"""The loaded import of the same bytes read by the same mappings: importing them again is idle."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb

from core.contracts import FileKind
from core.errors import CrmError
from core.ingest.dialect import Dialect
from core.ingest.mapping import dump_mapping
from core.ingest.reader import RawTable, ReadLimits, read_table
from core.ingest.source import read_utf8
from core.ingest.suggest import suggest_mapping
from core.services.file_mapping import choose_mapping, dialect_of
from core.services.import_archive import ImportArchive
from core.services.import_corrections import same_correction
from core.services.import_work import FileWork, limits_of
from core.store.import_twins import find_loaded_twin, load_loaded_with
from core.store.imports import ImportEntry, ImportFile, Origin, load_import_entry
from core.store.tenant import TenantStore, Transaction

_HEAD_BYTES = 1 << 20
_ENOUGH_ROWS = 500  # more than a suggestion looks at


def find_twin_of_bytes(
    store: TenantStore, entry: ImportEntry, archive: ImportArchive
) -> ImportEntry | None:
    """Return the loaded import of the same files and mappings, or None if that is not certain.

    Of each file only its beginning is read: the twin knows how it is written.
    """
    if entry.origin == Origin.CORRECTION:
        return same_correction(store, entry)
    if entry.origin != Origin.FILES:
        return None
    files = [file for file in entry.files if not file.left_out]
    with store.read() as tx:
        for import_id in load_loaded_with(tx, [file.sha256 for file in files]):
            twin = load_import_entry(tx, import_id)
            if twin is None or import_id == entry.import_id:
                continue
            if all(_is_read_alike(store, tx, archive, file, twin) for file in files):
                return twin
    return None


def _is_read_alike(
    store: TenantStore,
    tx: Transaction,
    archive: ImportArchive,
    file: ImportFile,
    twin: ImportEntry,
) -> bool:
    first = next(f for f in twin.files if f.sha256 == file.sha256 and not f.left_out)
    limits = limits_of(store.store.settings)
    try:
        dialect = _dialect_told(twin, first)
        with _head(archive.original(file.file_no, file.name), dialect, archive, limits) as head:
            mapping = _mapping_json(tx, file, *head)
    except (CrmError, KeyError, TypeError, StopIteration, _NotCertainError):
        return False  # the whole file will say more
    return mapping == first.mapping_json


class _NotCertainError(Exception):
    """The beginning of the file may not stand for it."""


def _dialect_told(twin: ImportEntry, file: ImportFile) -> Dialect:
    files = json.loads(twin.report_json or "{}")["files"]
    told = next(each["dialect"] for each in files if each["file_no"] == file.file_no)
    if told["container"] == "workbook":
        raise _NotCertainError
    return dialect_of(told)


@contextmanager
def _head(
    path: Path, dialect: Dialect, archive: ImportArchive, limits: ReadLimits
) -> Iterator[tuple[RawTable, dict[str, tuple[str, ...]]]]:
    """Read the first rows of a file: the table and its samples."""
    head = archive.work() / "head"
    end = dialect.line_end.encode()
    text = next(read_utf8(path, dialect.container, dialect.encoding, limits))
    is_whole = len(text) <= _HEAD_BYTES and path.stat().st_size <= _HEAD_BYTES
    head.write_bytes(text if is_whole else text[:_HEAD_BYTES].rpartition(end)[0] + end)
    plain = replace(dialect, container="text", encoding="utf-8")
    try:
        with duckdb.connect() as con:
            raw = read_table(con, head, plain, "head", archive.work(), limits)
            if raw.rows_in < _ENOUGH_ROWS and not is_whole:
                raise _NotCertainError
            yield raw, raw.samples(con)
    finally:
        archive.clear_work()


def _mapping_json(
    tx: Transaction, file: ImportFile, raw: RawTable, samples: dict[str, tuple[str, ...]]
) -> str:
    chosen: dict[str, Any] = json.loads(file.mapping_json or "{}")
    kind = FileKind(chosen["kind"]) if chosen.get("kind") else None
    suggestion = suggest_mapping(raw.headers, samples, kind=kind)
    mapping = choose_mapping(tx, raw.headers, chosen, suggestion).mapping
    return json.dumps(dump_mapping(mapping), sort_keys=True, ensure_ascii=False)


def find_twin_as_read(
    store: TenantStore, entry: ImportEntry, works: Sequence[FileWork]
) -> ImportEntry | None:
    """Return the loaded import of the same files, read by the mappings of `works`, or None.

    A cell that is changed by hand to what it once was is a change all the same.
    """
    if entry.origin == Origin.HAND:
        return None
    pairs = [(work.file.sha256, work.mapping_json) for work in works]
    with store.read() as tx:
        twin = find_loaded_twin(tx, pairs, besides=entry.import_id)
        return load_import_entry(tx, twin) if twin else None
