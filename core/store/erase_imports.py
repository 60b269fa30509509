"""Imports as an erasure meets them: how each file was read, and what it leaves behind."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.store.tenant import Transaction

_FILES = """
SELECT import_file.import_id, import_file.file_no, import_file.name, import_file.kind,
    import_file.mapping_json, imports.report_json
FROM import_file
JOIN imports
    ON imports.tenant_id = import_file.tenant_id AND imports.import_id = import_file.import_id
WHERE import_file.tenant_id = :tenant
"""
_REWRITTEN = """
UPDATE import_file SET rewritten_sha256 = :sha256, rewritten_at = :now
WHERE tenant_id = :tenant AND import_id = :import_id AND file_no = :file_no
"""
_REPORT = "SELECT report_json FROM imports WHERE tenant_id = :tenant AND import_id = :import_id"
_STORE_REPORT = """
UPDATE imports SET report_json = :report WHERE tenant_id = :tenant AND import_id = :import_id
"""


@dataclass(frozen=True, kw_only=True)
class ArchivedFile:
    """One received file: its name, how it is written and what its columns are, where known."""

    name: str
    kind: str | None
    dialect: Mapping[str, Any] | None
    columns: Mapping[str, str]


def load_archived(
    tx: Transaction, import_id: str | None = None
) -> dict[str, dict[int, ArchivedFile]]:
    """Return the received files by import and number, of one import or of all."""
    found: dict[str, dict[int, ArchivedFile]] = {}
    one = "" if import_id is None else "AND imports.import_id = :import_id"
    values = {} if import_id is None else {"import_id": import_id}
    for row in tx.rows(f"{_FILES} {one}", **values):
        of_import = found.setdefault(str(row["import_id"]), {})
        of_import[row["file_no"]] = _archived(row)
    return found


def _archived(row: Mapping[str, Any]) -> ArchivedFile:
    reported = json.loads(row["report_json"] or "{}").get("files", [])
    told: Mapping[str, Any] = next(
        (file for file in reported if file.get("file_no") == row["file_no"]), {}
    )
    mapping = told.get("mapping") or json.loads(row["mapping_json"] or "{}")
    return ArchivedFile(
        name=row["name"],
        kind=mapping.get("kind") or row["kind"],
        dialect=told.get("dialect"),
        columns=mapping.get("columns") or {},
    )


def store_rewritten(
    tx: Transaction, import_id: str, file_no: int, sha256: str, now: datetime
) -> None:
    """Note that an original was written anew; the hash of what was received stays beside it."""
    tx.execute(_REWRITTEN, import_id=import_id, file_no=file_no, sha256=sha256, now=now)


def load_rewritten(tx: Transaction, import_id: str) -> dict[int, str]:
    """Return the present hash of those originals of an import that were written anew."""
    rows = tx.rows(
        "SELECT file_no, rewritten_sha256 FROM import_file"
        " WHERE tenant_id = :tenant AND import_id = :import_id AND rewritten_sha256 IS NOT NULL",
        import_id=import_id,
    )
    return {row["file_no"]: row["rewritten_sha256"] for row in rows}


def store_report(
    tx: Transaction, import_id: str, change: Callable[[Mapping[str, Any]], dict[str, Any]]
) -> None:
    """Put what `change` makes of an import's report in its place."""
    kept = tx.scalar(_REPORT, import_id=import_id)
    if kept:
        report = json.dumps(change(json.loads(kept)), sort_keys=True)
        tx.execute(_STORE_REPORT, import_id=import_id, report=report)
