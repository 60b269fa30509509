"""How imports stand to each other: what came later, what goes on from what."""

from collections.abc import Sequence

from core.store.import_states import change_open
from core.store.imports import ImportEntry, ImportFile, Origin, entry_of_row, own_sha256
from core.store.tenant import Transaction

_BECOME_CORRECTION = """
UPDATE imports
SET origin = 'correction', parent_id = :parent_id, status = 'received', as_of = :as_of,
    report_json = NULL
WHERE tenant_id = :tenant AND import_id = :import_id
"""
_STAND_FOR = """
UPDATE import_file
SET file_no = :entered_no, kind = :kind, mapping_json = :mapping_json, exported_at = :exported_at
WHERE tenant_id = :tenant AND import_id = :import_id AND file_no = :file_no
"""


def load_imports_after(tx: Transaction, seq: int) -> list[ImportEntry]:
    """Return the loaded imports that were published after `seq`, the first one first."""
    rows = tx.rows(
        """
        SELECT * FROM imports WHERE tenant_id = :tenant AND status = 'loaded' AND seq > :seq
        ORDER BY seq
        """,
        seq=seq,
    )
    return [entry_of_row(tx, row) for row in rows]


def load_undone_imports(tx: Transaction) -> list[ImportEntry]:
    """Return the imports that were taken back, in no order."""
    rows = tx.rows("SELECT * FROM imports WHERE tenant_id = :tenant AND status = 'undone'")
    return [entry_of_row(tx, row) for row in rows]


def find_last_loaded(tx: Transaction, *, of_files: bool = False) -> ImportEntry | None:
    """Return the import, or with `of_files` that of files, that was published last and stands."""
    origin = f"AND origin = '{Origin.FILES}'" if of_files else ""
    row = tx.row(
        f"""
        SELECT * FROM imports WHERE tenant_id = :tenant AND status = 'loaded' {origin}
        ORDER BY seq DESC LIMIT 1
        """
    )
    return entry_of_row(tx, row) if row else None


def load_newest_loaded_id(tx: Transaction) -> str | None:
    """Return the id of the import that was published last and stands, or None."""
    found = tx.scalar(
        "SELECT import_id FROM imports WHERE tenant_id = :tenant AND status = 'loaded'"
        " ORDER BY seq DESC LIMIT 1"
    )
    return str(found) if found else None


def load_loaded_file_imports(tx: Transaction, *, limit: int) -> list[ImportEntry]:
    """Return the imports of files that stand, the one received last first."""
    rows = tx.rows(
        """
        SELECT * FROM imports
        WHERE tenant_id = :tenant AND status = 'loaded' AND origin = 'files'
        ORDER BY created_at DESC, import_id LIMIT :limit
        """,
        limit=limit,
    )
    return [entry_of_row(tx, row) for row in rows]


def load_corrections(tx: Transaction, import_ids: Sequence[str]) -> list[ImportEntry]:
    """Return the loaded corrections of the named imports, the first one first."""
    rows = tx.rows(
        f"""
        SELECT * FROM imports
        WHERE tenant_id = :tenant AND status = 'loaded' AND origin = 'correction'
            AND CAST(parent_id AS TEXT) {tx.among("import_ids")}
        ORDER BY seq
        """,
        import_ids=tx.list_of(import_ids),
    )
    return [entry_of_row(tx, row) for row in rows]


def find_imports_by_start(tx: Transaction, start: str) -> list[ImportEntry]:
    """Return the imports whose id begins with `start`."""
    rows = tx.rows(
        """
        SELECT * FROM imports
        WHERE tenant_id = :tenant AND substr(CAST(import_id AS TEXT), 1, :length) = :start
        """,
        length=len(start),
        start=start,
    )
    return [entry_of_row(tx, row) for row in rows]


def find_same_correction(
    tx: Transaction, parent_id: str, files: Sequence[tuple[int, str]], *, besides: str
) -> ImportEntry | None:
    """Return the loaded correction of `parent_id` with these files (number, sha256), or None."""
    for entry in load_corrections(tx, [parent_id]):
        known = sorted((file.file_no, own_sha256(file)) for file in entry.files)
        if entry.import_id != besides and known == sorted(files):
            return entry
    return None


def store_origin(
    tx: Transaction, import_id: str, parent: ImportEntry, file_no: int, entered: ImportFile
) -> None:
    """Make an open import of one file (`file_no`) the correction of a file of `parent`.

    Raises `Refused` when it was closed in the meantime.
    """
    change_open(tx, import_id)
    tx.execute(
        _BECOME_CORRECTION, import_id=import_id, parent_id=parent.import_id, as_of=parent.as_of
    )
    tx.execute(
        _STAND_FOR,
        import_id=import_id,
        file_no=file_no,
        entered_no=entered.file_no,
        kind=entered.kind,
        mapping_json=entered.mapping_json,
        exported_at=entered.exported_at,
    )
