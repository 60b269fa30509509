"""An erased person met again in a file: her cells are taken out of the archive of that import."""

import secrets
import shutil
from collections.abc import Mapping
from typing import Any

import duckdb

from core.contracts import normalise_address
from core.ingest.erased import CODE
from core.ingest.reader import read_table
from core.services.erase_files import FileEraser
from core.services.file_mapping import dialect_of
from core.services.import_archive import ImportArchive, archive_of
from core.services.import_work import limits_of
from core.services.person_keys import PersonKey, known_keys
from core.services.redaction import Redaction
from core.store.erase_imports import load_archived, load_rewritten, store_rewritten
from core.store.erased import load_erased
from core.store.imports import ImportEntry
from core.store.opaque import Opaque
from core.store.subjects import CUSTOMER, EMAIL, ERASED_MARK, Subject
from core.store.tenant import TenantStore

_KINDS = {"client_code": CUSTOMER, "email": EMAIL}


def forget_met(store: TenantStore, import_id: str, report: Mapping[str, Any]) -> None:
    """Take the erased people whom the report of an import counts out of its files.

    Her sales are marked too: they were not loaded, and are not when the files come once more.
    """
    files = [f for f in report.get("files", []) if _counts_erased(f)]
    if not files:
        return
    with store.read() as tx:
        digests = frozenset(one.digest for one in load_erased(tx))
        archived = load_archived(tx, import_id).get(import_id, {})
    keys, archive = known_keys(store), archive_of(store, import_id)
    subjects = [_met_in(store, archive, file, key, digests) for file in files for key in keys]
    met = Subject(
        frozenset(code for one in subjects for code in one.customers),
        frozenset(address for one in subjects for address in one.addresses),
    )
    if met.customers or met.addresses:
        opaque = Opaque(secrets.token_hex(16))
        redaction = Redaction(subject=met, opaque=opaque, sale_mark=ERASED_MARK)
        FileEraser(store=store, redaction=redaction).erase_import(import_id, archived)


def _counts_erased(file: Mapping[str, Any]) -> bool:
    """Tell whether a file has such rows; one that waits for an answer was not looked through."""
    return any(issue["code"] == CODE for issue in file.get("issues", []))


def take_rewritten(
    store: TenantStore, entry: ImportEntry, archive: ImportArchive, twin: ImportEntry
) -> None:
    """Let files received once more be as an erasure left those of the same bytes."""
    with store.read() as tx:
        changed = load_rewritten(tx, twin.import_id)
    theirs = archive_of(store, twin.import_id)
    for file in entry.files:
        same = next((f for f in twin.files if f.sha256 == file.sha256), None)
        path = archive.original(file.file_no, file.name)
        if same is None or same.file_no not in changed or not path.exists():
            continue
        passing = path.with_name(f"{path.name}.part")
        shutil.copyfile(theirs.original(same.file_no, same.name), passing)
        passing.chmod(0o444)
        passing.replace(path)
        with store.begin() as tx:
            sha256, now = changed[same.file_no], store.store.now()
            store_rewritten(tx, entry.import_id, file.file_no, sha256, now)


def _met_in(
    store: TenantStore,
    archive: ImportArchive,
    file: Mapping[str, Any],
    key: PersonKey,
    digests: frozenset[str],
) -> Subject:
    """Return the codes and addresses of a file, read once more, that were erased."""
    dialect, limits = dialect_of(file["dialect"]), limits_of(store.store.settings)
    path = archive.original(file["file_no"], file["name"])
    found: dict[str, frozenset[str]] = {}
    with duckdb.connect() as con:
        raw = read_table(con, path, dialect, "met", archive.work(), limits)
        for name, kind in _KINDS.items():
            header = file["mapping"]["columns"].get(name)
            if header in raw.headers:
                sql = f"SELECT DISTINCT {raw.column(header)} FROM met"
                cells = [row[0].strip() for row in con.execute(sql).fetchall() if row[0]]
                values = set(map(normalise_address, cells)) if kind == EMAIL else set(cells)
                found[kind] = frozenset(key.among(kind, values, digests))
    archive.clear_work()
    return Subject(found.get(CUSTOMER, frozenset()), found.get(EMAIL, frozenset()))
