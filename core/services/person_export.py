"""Everything known about a person as one JSON document, streamed piece by piece."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from core.errors import CrmError, NotFound
from core.i18n import N_
from core.ingest.received import WantedLine, cell_text, read_received
from core.services.accounts import Actor, Role, require
from core.services.audit_trail import Action, record_alone
from core.services.erasure import find_people
from core.services.file_mapping import dialect_of
from core.services.import_archive import archive_of
from core.services.import_work import limits_of
from core.services.person_keys import open_sealed, person_key
from core.store.erase_imports import ArchivedFile, load_archived
from core.store.person_rows import SECTIONS, load_consent, plain_row, stream_section
from core.store.subjects import Subject
from core.store.tenant import TenantStore

FORMAT = "ia-crm person, version 1"
_NOTHING = N_("Nothing is known under this code or address.")


def person_json(store: TenantStore, actor: Actor, term: str) -> Iterator[bytes]:
    """Return what is known of a whole code or address as JSON, in pieces.

    Its keys: `about`, `consent` (every version with source, date and wording), one list per table
    of `core.store.person_rows.SECTIONS`, and `rejected_rows` with the cells of the original.
    Raises `NotAllowed` for a viewer and `NotFound` at once.
    """
    found = find_people(store, actor, term)
    if found is None:
        raise NotFound(_NOTHING)
    customers = len(found.customers)
    record_alone(store, actor.user_id, Action.PERSON_EXPORTED, customers=customers)
    return _pieces(store, found.subject)


def person_link(store: TenantStore, term: str) -> str:
    """Return the path under which `person_json` of a code or address is downloaded."""
    return f"/export/person/{person_key(store).sealed(term)}"


def person_of_link(store: TenantStore, actor: Actor, token: str) -> Iterator[bytes]:
    """Return `person_json` of whom the last part of a `person_link` of this company means."""
    require(actor, Role.ANALYST)
    term = open_sealed(store, token)
    if term is None:
        raise NotFound(_NOTHING)
    return person_json(store, actor, term)


def _pieces(store: TenantStore, subject: Subject) -> Iterator[bytes]:
    about = {
        "format": FORMAT,
        "company": store.tenant.name,
        "made_at": store.store.now().isoformat(timespec="seconds"),
        "customers": sorted(subject.customers),
        "addresses": sorted(subject.addresses),
    }
    yield _bytes('{\n"about": ' + _json(about))
    with store.read() as tx:
        consent = [plain_row(vars(version)) for version in load_consent(tx, subject)]
        yield _bytes(',\n"consent": ' + _json(consent))
        for table in SECTIONS:
            yield _bytes(f',\n"{table}": [')
            yield from _listed(stream_section(tx, table, subject))
            yield b"]"
        archived = load_archived(tx)
    yield b',\n"rejected_rows": ['
    yield from _listed(_rejected(store, subject, archived))
    yield b"]\n}\n"


def _listed(rows: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    for number, row in enumerate(rows):
        yield _bytes((",\n" if number else "\n") + _json(row))


def _rejected(
    store: TenantStore, subject: Subject, archived: dict[str, dict[int, ArchivedFile]]
) -> Iterator[dict[str, Any]]:
    """Yield the rows of received files that were rejected and name the subject."""
    for import_id, files in sorted(archived.items()):
        for file_no, file in sorted(files.items()):
            if file.dialect:
                yield from _rejected_of(store, subject, import_id, file_no, file)


def _rejected_of(
    store: TenantStore, subject: Subject, import_id: str, file_no: int, file: ArchivedFile
) -> Iterator[dict[str, Any]]:
    archive = archive_of(store, import_id)
    issues, path = archive.staged(file_no, "issues"), archive.original(file_no, file.name)
    if not (issues.exists() and path.exists()):
        return
    codes = _codes_by_line(str(issues))
    if not codes or file.dialect is None:
        return
    try:
        for line, cells in _lines(store, path, file, set(codes)):
            if any(map(subject.is_named_by, cells)):
                named = dict(zip(file.dialect["headers"], cells, strict=False))
                yield {
                    "import_id": import_id,
                    "file": file.name,
                    "line": line,
                    "codes": codes[line],
                    "cells": named,
                }
    except CrmError:
        return


def _codes_by_line(issues: str) -> dict[int, list[str]]:
    sql = """
    SELECT line, list(DISTINCT code ORDER BY code) FROM read_parquet(?) WHERE rejects GROUP BY line
    """
    with duckdb.connect() as con:
        return dict(con.execute(sql, [issues]).fetchall())


def _lines(
    store: TenantStore, path: Path, file: ArchivedFile, wanted: set[int]
) -> Iterator[tuple[int, list[str]]]:
    assert file.dialect is not None
    dialect, limits = dialect_of(file.dialect), limits_of(store.store.settings)
    lines = [WantedLine(line=line) for line in sorted(wanted)]
    for record in read_received(path, dialect, lines, limits):
        yield record.line, [cell_text(cell) for cell in record.cells]


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _bytes(text: str) -> bytes:
    return text.encode()
