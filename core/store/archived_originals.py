"""Which originals the ledger says are kept, and which hashes each may have."""

from dataclasses import dataclass

from core.store.tenant import Transaction

_KEPT = """
SELECT CAST(f.import_id AS TEXT) AS import_id, f.file_no, f.name, f.sha256, f.rewritten_sha256,
    i.status, i.origin
FROM import_file AS f
JOIN imports AS i ON i.tenant_id = f.tenant_id AND i.import_id = f.import_id
WHERE f.tenant_id = :tenant AND i.origin <> 'release'
ORDER BY f.import_id, f.file_no
"""


@dataclass(frozen=True, kw_only=True)
class KeptOriginal:
    """One received file; `hashes` is empty where the ledger does not promise one."""

    import_id: str
    file_no: int
    name: str
    hashes: tuple[str, ...]


def load_originals(tx: Transaction) -> list[KeptOriginal]:
    """Return every original of the tenant that the ledger names.

    Of a correction the ledger keeps a version and not the file's hash; of an import that is not
    loaded an erasure may have rewritten the file for a twin already.
    """
    return [
        KeptOriginal(
            import_id=row["import_id"],
            file_no=row["file_no"],
            name=row["name"],
            hashes=_hashes(row) if _is_promised(row) else (),
        )
        for row in tx.rows(_KEPT)
    ]


def _is_promised(row: dict[str, str | None]) -> bool:
    return row["origin"] in ("files", "hand") and row["status"] == "loaded"


def _hashes(row: dict[str, str | None]) -> tuple[str, ...]:
    """Return the hash as it was received, and that of the file as an erasure left it.

    An erasure notes the second before it puts the file in its place.
    """
    return tuple(h for h in (row["sha256"], row["rewritten_sha256"]) if h)


def load_import_ids(tx: Transaction) -> frozenset[str]:
    """Return the ids of every import that the ledger knows."""
    rows = tx.rows("SELECT CAST(import_id AS TEXT) AS id FROM imports WHERE tenant_id = :tenant")
    return frozenset(row["id"] for row in rows)
