"""The files of loaded imports that still have rejected rows: corrected rows may go back to them."""

from dataclasses import dataclass
from datetime import datetime

from core.services.import_ledger import reports_of
from core.store.import_relations import load_loaded_file_imports, load_newest_loaded_id
from core.store.tenant import TenantStore

_LOOKED_BACK = 50  # imports


@dataclass(frozen=True, kw_only=True)
class RejectingFile:
    """One file of a loaded import with the number of its rows that are rejected by now."""

    import_id: str
    file_no: int
    name: str
    created_at: datetime
    rejected: int


def list_rejecting_files(store: TenantStore) -> list[RejectingFile]:
    """Return the files with rejected rows of the last 50 imports that stand, the newest first."""
    with store.read() as tx:
        entries = load_loaded_file_imports(tx, limit=_LOOKED_BACK)
    reports = reports_of(store, entries)
    return [
        RejectingFile(
            import_id=entry.import_id,
            file_no=file["file_no"],
            name=file["name"],
            created_at=entry.created_at,
            rejected=file["rejected"],
        )
        for entry in entries
        for file in reports[entry.import_id].get("files", ())
        if file.get("rejected")
    ]


def stamp_of_loaded(store: TenantStore) -> str:
    """Return a text that changes whenever an import or a correction is loaded or undone.

    What was loaded last is undone first, so the last one tells all that stand below it.
    """
    with store.read() as tx:
        return str(load_newest_loaded_id(tx))
