"""Mappings as people use them: answer what a file asks, edit, go back, list, export."""

import json
from collections.abc import Mapping
from typing import Any

from core.errors import NotFound
from core.i18n import N_
from core.ingest.mapping import parse_mapping
from core.services.accounts import Actor, Role, require
from core.services.import_files import choose, plan
from core.services.import_ledger import entry_of
from core.services.progress import Progress, no_progress
from core.store.mappings import StoredMapping, load_mappings, store_mapping
from core.store.tenant import TenantStore

ID_CHARS = 8  # of a header fingerprint: enough to tell a tenant's layouts apart
_NO_MAPPING = N_("There is no remembered mapping %(id)s of version %(version)s.")


def answer_questions(
    store: TenantStore,
    actor: Actor,
    import_id: str,
    answers: Mapping[str, str],
    progress: Progress = no_progress,
) -> None:
    """Give `answers` (question to answer) to the files of an import that ask for them."""
    require(actor, Role.ANALYST)
    for _ in answers:
        report = plan(store, import_id, progress)
        asked = [(f["file_no"], f["recognition"]["waits_for"] or {}) for f in report["files"]]
        answered = [(no, w["question"]) for no, w in asked if w.get("question") in answers]
        for file_no, question in answered:
            put_over(store, actor, import_id, file_no, {question: answers[question]})
        if not answered:
            return


def put_over(
    store: TenantStore, actor: Actor, import_id: str, file_no: int, answer: Mapping[str, Any]
) -> None:
    """Put an answer over the mapping a file has by now, or over what was chosen for it."""
    require(actor, Role.ANALYST)
    entry = entry_of(store, import_id)
    report = json.loads(entry.report_json or '{"files": []}')
    known = {f["file_no"]: f["recognition"]["mapping"] for f in report["files"]}
    chosen = {f.file_no: json.loads(f.mapping_json or "{}") for f in entry.files}
    base = known.get(file_no) or chosen[file_no]
    choose(store, actor, import_id, file_no, {**base, **answer})


def list_mappings(store: TenantStore, fingerprint: str | None = None) -> list[StoredMapping]:
    """Return every remembered version, of one layout (a fingerprint or its beginning) or of all."""
    with store.read() as tx:
        stored = load_mappings(tx)
    return [m for m in stored if fingerprint is None or m.fingerprint.startswith(fingerprint)]


def go_back(store: TenantStore, actor: Actor, fingerprint: str, version: int) -> None:
    """Make an earlier version the one used from now on, by remembering it anew.

    Raises `NotFound` when the tenant has no such version.
    """
    require(actor, Role.ANALYST)
    earlier = _version(store, fingerprint, version)
    with store.begin() as tx:
        store_mapping(
            tx,
            earlier.kind,
            earlier.fingerprint,
            earlier.mapping_json,
            store.store.now(),
            actor.username,
        )


def export_mappings(
    store: TenantStore, fingerprint: str | None = None, version: int | None = None
) -> dict[str, Any]:
    """Return a mapping file: one version of one layout, or the latest mapping of every kind.

    Raises `NotFound` when the tenant has no such version.
    """
    if fingerprint is not None:
        found: dict[str, Any] = json.loads(_version(store, fingerprint, version).mapping_json)
        return found
    latest: dict[str, Any] = {}
    for stored in list_mappings(store):
        latest.setdefault(stored.kind, json.loads(stored.mapping_json))
    return {"files": latest}


def _version(store: TenantStore, fingerprint: str, version: int | None) -> StoredMapping:
    for stored in list_mappings(store, fingerprint):
        if version is None or stored.version == version:
            parse_mapping(json.loads(stored.mapping_json))
            return stored
    raise NotFound(_NO_MAPPING, id=fingerprint[:ID_CHARS], version=version or "")
