"""The reports of loaded imports, as the next import looks back at them."""

from core.store.tenant import Transaction

_LAST = """
SELECT report_json FROM imports
WHERE tenant_id = :tenant AND status = 'loaded' AND origin = 'files' AND report_json IS NOT NULL
    AND EXISTS (
        SELECT 1 FROM import_file
        WHERE import_file.tenant_id = :tenant AND import_file.import_id = imports.import_id
            AND import_file.kind = :kind
    )
ORDER BY seq DESC LIMIT 1
"""


def load_last_report(tx: Transaction, kind: str) -> str | None:
    """Return the report (JSON) of the last loaded import with a file of `kind`, or None.

    Corrections of single rows are left out: their figures are those of a part.
    """
    found = tx.scalar(_LAST, kind=kind)
    return str(found) if found else None
