"""What people settle about an import that is open: how its files are read, which are left out.

Each raises `Refused` when the import was loaded, given up or undone in the meantime.
"""

from datetime import datetime

from core.store.import_states import change_open, hold_open
from core.store.tenant import Transaction


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
    change_open(tx, import_id)
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


def store_left_out(tx: Transaction, import_id: str, file_no: int, *, left_out: bool) -> None:
    """Leave one file of an import out, or take it back."""
    change_open(tx, import_id)
    tx.execute(
        """
        UPDATE import_file SET left_out = :left_out
        WHERE tenant_id = :tenant AND import_id = :import_id AND file_no = :file_no
        """,
        import_id=import_id,
        file_no=file_no,
        left_out=left_out,
    )


def store_opt_out_confirmation(tx: Transaction, import_id: str, user: str) -> bool:
    """Keep who confirmed that an import opts many customers out; False when she had already."""
    hold_open(tx, import_id)
    confirmed = tx.execute(
        """
        UPDATE imports SET opt_outs_confirmed_by = :user
        WHERE tenant_id = :tenant AND import_id = :import_id
            AND opt_outs_confirmed_by IS DISTINCT FROM :user
        """,
        import_id=import_id,
        user=user,
    )
    return bool(confirmed)
