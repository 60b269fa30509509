"""The ledger of imports: what was received, how it is read, what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from core.store.tenant import Transaction, as_date, as_moment

_ENTER = """
INSERT INTO imports
    (tenant_id, import_id, status, as_of, created_at, created_by, origin, parent_id)
VALUES (:tenant, :import_id, 'received', :as_of, :now, :user, :origin, :parent_id)
"""
_ENTER_FILE = """
INSERT INTO import_file
    (tenant_id, import_id, file_no, name, kind, sha256, bytes, exported_at, mapping_json)
VALUES
    (:tenant, :import_id, :file_no, :name, :kind, :sha256, :bytes, :exported_at, :mapping_json)
"""


class Origin(StrEnum):
    """Where the rows of an import come from."""

    FILES = "files"
    RELEASE = "release"  # rows that waited, loaded after a decision
    CORRECTION = "correction"  # corrected rows of the import `parent_id`
    HAND = "hand"  # what somebody changed on a page, as a file of the changed cells


@dataclass(frozen=True, kw_only=True)
class ImportFile:
    """One received file of an import; of a correction `file_no` is that of the corrected file.

    The `sha256` of a correction is the version its rows get once it is worked.
    """

    file_no: int
    name: str
    sha256: str
    bytes: int
    exported_at: datetime
    kind: str | None = None
    mapping_json: str | None = None
    left_out: bool = False


@dataclass(frozen=True, kw_only=True)
class ImportEntry:
    """One ledger entry; `parent_id` is the import it goes on from."""

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
    origin: str = Origin.FILES
    parent_id: str | None = None

    def file(self, file_no: int) -> ImportFile | None:
        """Return the file of this number, or None."""
        return next((file for file in self.files if file.file_no == file_no), None)


def own_sha256(file: ImportFile) -> str:
    """Return the sha256 of a file's bytes, which ends the version of a correction."""
    return file.sha256[-64:]


def store_import(
    tx: Transaction,
    import_id: str,
    as_of: date,
    now: datetime,
    user: str,
    files: Sequence[ImportFile],
    *,
    origin: Origin | None = None,
    parent_id: str | None = None,
) -> None:
    """Enter a received import and its files; one with a parent is a correction by default."""
    origin = origin or (Origin.CORRECTION if parent_id else Origin.FILES)
    tx.execute(
        _ENTER,
        import_id=import_id,
        as_of=as_of,
        now=now,
        user=user,
        origin=origin.value,
        parent_id=parent_id,
    )
    tx.execute_many(_ENTER_FILE, [{"import_id": import_id, **_entered(file)} for file in files])


def _entered(file: ImportFile) -> dict[str, object]:
    return {
        "file_no": file.file_no,
        "name": file.name,
        "kind": file.kind,
        "sha256": file.sha256,
        "bytes": file.bytes,
        "exported_at": file.exported_at,
        "mapping_json": file.mapping_json,
    }


def load_import_entry(tx: Transaction, import_id: str) -> ImportEntry | None:
    """Return the ledger entry of `import_id` with its files, or None."""
    row = tx.row(
        "SELECT * FROM imports WHERE tenant_id = :tenant AND import_id = :import_id",
        import_id=import_id,
    )
    return entry_of_row(tx, row) if row else None


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
    return [entry_of_row(tx, row) for row in rows]


def load_open_releases(tx: Transaction) -> list[ImportEntry]:
    """Return the releases that are neither loaded nor given up, the oldest first."""
    rows = tx.rows(
        """
        SELECT * FROM imports
        WHERE tenant_id = :tenant AND origin = :origin
            AND status NOT IN ('loaded', 'undone', 'discarded')
        ORDER BY created_at, import_id
        """,
        origin=Origin.RELEASE.value,
    )
    return [entry_of_row(tx, row) for row in rows]


def count_imports(tx: Transaction) -> int:
    """Return how many entries the ledger has."""
    return int(tx.scalar("SELECT count(*) FROM imports WHERE tenant_id = :tenant") or 0)


def entry_of_row(tx: Transaction, row: Mapping[str, Any]) -> ImportEntry:
    """Return the ledger entry of a row of `imports`, with its files."""
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
        origin=row["origin"],
        parent_id=str(row["parent_id"]) if row["parent_id"] else None,
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
        left_out=bool(row["left_out"]),
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
            AND import_file.kind = :kind AND NOT import_file.left_out
        ORDER BY imports.seq, import_file.file_no
        """,
        kind=kind,
    )
    return [(str(row["import_id"]), file_of(row)) for row in rows]


def load_loaded_ids(tx: Transaction) -> list[str]:
    """Return the ids of the loaded imports, in the order they were loaded."""
    rows = tx.rows(
        "SELECT import_id FROM imports WHERE tenant_id = :tenant AND status = 'loaded' ORDER BY seq"
    )
    return [str(row["import_id"]) for row in rows]


def find_imports(tx: Transaction, *, status: str, created_by: str) -> list[str]:
    """Return the ids of the imports of `created_by` that are in `status`, the oldest first."""
    rows = tx.rows(
        """
        SELECT import_id FROM imports
        WHERE tenant_id = :tenant AND status = :status AND created_by = :created_by
        ORDER BY created_at, import_id
        """,
        status=status,
        created_by=created_by,
    )
    return [str(row["import_id"]) for row in rows]


def _moment(value: object) -> datetime:
    moment = as_moment(value)
    assert moment is not None
    return moment
