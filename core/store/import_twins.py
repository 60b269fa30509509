"""Loaded imports of the same files: importing these again changes nothing."""

from collections.abc import Sequence

from core.store.tenant import Transaction


def load_loaded_with(tx: Transaction, sha256s: Sequence[str]) -> list[str]:
    """Return the ids of the loaded imports of exactly these files, none of them twice."""
    rows = tx.rows(
        """
        SELECT import_file.import_id, import_file.sha256
        FROM import_file
        JOIN imports
            ON imports.tenant_id = import_file.tenant_id
            AND imports.import_id = import_file.import_id
        WHERE import_file.tenant_id = :tenant AND imports.status = 'loaded'
            AND imports.origin = 'files' AND NOT import_file.left_out
        """
    )
    by_import: dict[str, list[str]] = {}
    for row in rows:
        by_import.setdefault(str(row["import_id"]), []).append(row["sha256"])
    wanted = sorted(set(sha256s))
    if not wanted or len(wanted) < len(sha256s):
        return []
    return sorted(key for key, found in by_import.items() if sorted(found) == wanted)


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
            AND imports.import_id <> :besides AND NOT import_file.left_out
        """,
        besides=besides,
    )
    by_import: dict[str, list[tuple[str, str]]] = {}
    for row in rows:
        by_import.setdefault(str(row["import_id"]), []).append((row["sha256"], row["mapping_json"]))
    wanted = sorted(files)
    return next((key for key, pairs in sorted(by_import.items()) if sorted(pairs) == wanted), None)
