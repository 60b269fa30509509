"""What is downloaded of an import, and who took it: remarks, rejects and reports hold cells."""

from collections.abc import Iterator
from typing import Any

from core.services.accounts import Actor, Role, require
from core.services.audit_trail import Action, record_alone
from core.services.import_issues import issues_csv
from core.services.import_ledger import entry_of, report_of
from core.services.import_rejects import RejectsFile, rejects_file
from core.store.tenant import TenantStore


def download_issues(store: TenantStore, actor: Actor, import_id: str) -> Iterator[bytes]:
    """Return what `issues_csv` returns, in the actor's language, and record who took it."""
    require(actor, Role.VIEWER)
    content = issues_csv(store, import_id, actor.language)
    _record(store, actor, import_id, "issues.csv")
    return content


def download_rejects(store: TenantStore, actor: Actor, import_id: str, file_no: int) -> RejectsFile:
    """Return what `rejects_file` returns, in the actor's language, and record who took it."""
    require(actor, Role.VIEWER)
    found = rejects_file(store, import_id, file_no, actor.language)
    _record(store, actor, import_id, f"rejects/{file_no}")
    return found


def download_report(store: TenantStore, actor: Actor, import_id: str) -> dict[str, Any]:
    """Return what `report_of` returns, and record who took it."""
    require(actor, Role.VIEWER)
    report = report_of(store, import_id)
    _record(store, actor, import_id, "report.json")
    return report


def _record(store: TenantStore, actor: Actor, import_id: str, file: str) -> None:
    known = entry_of(store, import_id).import_id  # however its id was spelled
    record_alone(store, actor.user_id, Action.IMPORT_EXPORTED, known, file=file)
