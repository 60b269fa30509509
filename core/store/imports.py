"""The ledger of imports: what was received, how it is read, what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from core.store.tenant import Transaction, as_date, as_moment


@dataclass(frozen=True, kw_only=True)
class ImportFile:
    """One received file of an import; `file_id` is set when its rows are staged."""

    file_no: int
    name: str
    sha256: str
    bytes: int
    exported_at: datetime
    kind: str | None = None
    mapping_json: str | None = None


@dataclass(frozen=True, kw_only=True)
class ImportEntry:
    """One ledger entry."""

    import_id: str
    status: str
    as_of: date
    created_at: datetime
    created_by: str
    loaded_at: datetime | None
    seq: int | None
    report_json: str | None
    opt_outs_confirmed_by: str | None
    files: tuple[ImportFile, ...]


def store_import(
    tx: Transaction,
    import_id: str,
    as_of: date,
    now: datetime,
    user: str,
    files: Sequence[ImportFile],
) -> None:
    """Enter a received import and its files."""
    tx.execute(
        """
        INSERT INTO imports (tenant_id, import_id, status, as_of, created_at, created_by)
        VALUES (:tenant, :import_id, 'received', :as_of, :now, :user)
        """,
        import_id=import_id,
        as_of=as_of,
        now=now,
        user=user,
    )
    tx.execute_many(
        """
        INSERT INTO import_file
            (tenant_id, import_id, file_no, name, kind, sha256, bytes, exported_at)
        VALUES (:tenant, :import_id, :file_no, :name, :kind, :sha256, :bytes, :exported_at)
        """,
        [
            {
                "import_id": import_id,
                "file_no": f.file_no,
                "name": f.name,
                "kind": f.kind,
                "sha256": f.sha256,
                "bytes": f.bytes,
                "exported_at": f.exported_at,
            }
            for f in files
        ],
    )


def load_import_entry(tx: Transaction, import_id: str) -> ImportEntry | None:
    """Return the ledger entry of `import_id` with its files, or None."""
    row = tx.row(
        "SELECT * FROM imports WHERE tenant_id = :tenant AND import_id = :import_id",
        import_id=import_id,
    )
    return _entry(tx, row) if row else None


def load_import_entries(tx: Transaction, *, limit: int, offset: int = 0) -> list[ImportEntry]:
    """Return the ledger, newest first."""
    rows = tx.rows(
        """
        SELECT * FROM imports WHERE tenant_id = :tenant
        ORDER BY created_at DESC, import_id LIMIT :limit OFFSET :offset
        """,
        limit=limit,
        offset=offset,
    )
    return [_entry(tx, row) for row in rows]


def _entry(tx: Transaction, row: Mapping[str, Any]) -> ImportEntry:
    as_of = as_date(row["as_of"])
    assert as_of is not None
    return ImportEntry(
        import_id=str(row["import_id"]),
        status=row["status"],
        as_of=as_of,
        created_at=_moment(row["created_at"]),
        created_by=row["created_by"],
        loaded_at=as_moment(row["loaded_at"]),
        seq=row["seq"],
        report_json=row["report_json"],
        opt_outs_confirmed_by=row["opt_outs_confirmed_by"],
        files=tuple(_files(tx, str(row["import_id"]))),
    )


def _files(tx: Transaction, import_id: str) -> list[ImportFile]:
    rows = tx.rows(
        """
        SELECT * FROM import_file WHERE tenant_id = :tenant AND import_id = :import_id
        ORDER BY file_no
        """,
        import_id=import_id,
    )
    return [file_of(row) for row in rows]


def file_of(row: Mapping[str, Any]) -> ImportFile:
    """Return the file of a row of `import_file`."""
    return ImportFile(
        file_no=row["file_no"],
        name=row["name"],
        sha256=row["sha256"],
        bytes=row["bytes"],
        exported_at=_moment(row["exported_at"]),
        kind=row["kind"],
        mapping_json=row["mapping_json"],
    )


def load_loaded_files(tx: Transaction, kind: str) -> list[tuple[str, ImportFile]]:
    """Return (import id, file) of every file of `kind` in a loaded import."""
    rows = tx.rows(
        """
        SELECT import_file.*
        FROM import_file
        JOIN imports
            ON imports.tenant_id = import_file.tenant_id
            AND imports.import_id = import_file.import_id
        WHERE import_file.tenant_id = :tenant AND imports.status = 'loaded'
            AND import_file.kind = :kind
        ORDER BY imports.seq, import_file.file_no
        """,
        kind=kind,
    )
    return [(str(row["import_id"]), file_of(row)) for row in rows]


def store_file_mapping(
    tx: Transaction,
    import_id: str,
    file_no: int,
    *,
    kind: str | None,
    mapping_json: str | None,
    exported_at: datetime | None = None,
) -> None:
    """Keep how one file of an import is read and, where it was told, when it was exported."""
    tx.execute(
        """
        UPDATE import_file
        SET kind = :kind, mapping_json = :mapping_json,
            exported_at = coalesce(:exported_at, exported_at)
        WHERE tenant_id = :tenant AND import_id = :import_id AND file_no = :file_no
        """,
        import_id=import_id,
        file_no=file_no,
        kind=kind,
        mapping_json=mapping_json,
        exported_at=exported_at,
    )


def find_mapping(tx: Transaction, fingerprint: str) -> str | None:
    """Return the latest mapping (JSON) kept for files with these headers, or None."""
    found = tx.scalar(
        """
        SELECT mapping_json FROM import_mapping
        WHERE tenant_id = :tenant AND fingerprint = :fingerprint
        ORDER BY created_at DESC, version DESC LIMIT 1
        """,
        fingerprint=fingerprint,
    )
    return str(found) if found else None


def store_mapping(
    tx: Transaction, kind: str, fingerprint: str, mapping_json: str, now: datetime, user: str
) -> None:
    """Remember a mapping for files with these headers, as a new version when it differs."""
    if find_mapping(tx, fingerprint) == mapping_json:
        return
    tx.execute(
        """
        INSERT INTO import_mapping
            (tenant_id, kind, fingerprint, version, mapping_json, created_at, created_by)
        SELECT :tenant, :kind, :fingerprint, coalesce(max(version), 0) + 1, :mapping_json,
            :now, :user
        FROM import_mapping
        WHERE tenant_id = :tenant AND kind = :kind AND fingerprint = :fingerprint
        """,
        kind=kind,
        fingerprint=fingerprint,
        mapping_json=mapping_json,
        now=now,
        user=user,
    )


def store_import_state(
    tx: Transaction, import_id: str, status: str, *, report_json: str | None = None
) -> None:
    """Move a ledger entry to `status`; a report given replaces the one kept."""
    tx.execute(
        """
        UPDATE imports SET status = :status, report_json = coalesce(:report, report_json)
        WHERE tenant_id = :tenant AND import_id = :import_id
        """,
        import_id=import_id,
        status=status,
        report=report_json,
    )


def store_opt_out_confirmation(tx: Transaction, import_id: str, user: str) -> None:
    """Keep who confirmed that an import opts many customers out."""
    tx.execute(
        """
        UPDATE imports SET opt_outs_confirmed_by = :user
        WHERE tenant_id = :tenant AND import_id = :import_id
        """,
        import_id=import_id,
        user=user,
    )


def remove_import(tx: Transaction, import_id: str) -> None:
    """Remove a ledger entry and its files."""
    for table in ("import_file", "imports"):
        tx.execute(
            f"DELETE FROM {table} WHERE tenant_id = :tenant AND import_id = :import_id",
            import_id=import_id,
        )


def find_loaded_twin(
    tx: Transaction, files: Sequence[tuple[str, str]], *, besides: str
) -> str | None:
    """Return the loaded import of exactly these (sha256, mapping_json) pairs, or None."""
    rows = tx.rows(
        """
        SELECT import_file.import_id, import_file.sha256, import_file.mapping_json
        FROM import_file
        JOIN imports
            ON imports.tenant_id = import_file.tenant_id
            AND imports.import_id = import_file.import_id
        WHERE import_file.tenant_id = :tenant AND imports.status = 'loaded'
            AND imports.import_id <> :besides
        """,
        besides=besides,
    )
    by_import: dict[str, list[tuple[str, str]]] = {}
    for row in rows:
        by_import.setdefault(str(row["import_id"]), []).append((row["sha256"], row["mapping_json"]))
    wanted = sorted(files)
    return next((key for key, pairs in sorted(by_import.items()) if sorted(pairs) == wanted), None)


def _moment(value: object) -> datetime:
    moment = as_moment(value)
    assert moment is not None
    return moment
