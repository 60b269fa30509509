"""What an import would do, worked out without leaving anything behind: `--plan`.

Neither the database nor the data folder is written to: the files are read where they lie, and
what passes through a disk lies in a temporary folder.
"""

import hashlib
import json
import tempfile
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from core.services.accounts import Actor, Role, require
from core.services.import_archive import ImportArchive, exported_at_of, safe_name
from core.services.import_corrections import recognise_correction
from core.services.import_files import plan_of, today_of
from core.services.progress import Progress, no_progress
from core.store.import_states import RECEIVED
from core.store.imports import ImportEntry, ImportFile, Origin
from core.store.tenant import TenantStore


@dataclass(frozen=True, kw_only=True)
class OfferedFile:
    """A file to look at, and what is chosen for reading it."""

    path: Path
    chosen: Mapping[str, Any] = field(default_factory=dict)
    is_left_out: bool = False


def preview(
    store: TenantStore,
    actor: Actor,
    files: Sequence[OfferedFile],
    *,
    answers: Mapping[str, str] | None = None,
    as_of: date | None = None,
    progress: Progress = no_progress,
) -> dict[str, Any]:
    """Return the report an import of `files` would have; its `import_id` and `report` are None.

    `answers` (question to answer) are given to the files that ask.
    """
    require(actor, Role.ANALYST)
    with tempfile.TemporaryDirectory(prefix="iacrm-plan-") as folder:
        archive = ImportArchive(folder=Path(folder))
        entry = _entry(store, actor, archive, files, as_of or today_of(store))
        report = plan_of(store, entry, archive, progress)
        for _ in answers or {}:
            answered = _answered(entry, report, answers or {})
            if answered == entry:
                break
            entry = answered
            report = plan_of(store, entry, archive, progress)
    return {**report, "import_id": None, "run_id": None, "report": None}


def _entry(
    store: TenantStore,
    actor: Actor,
    archive: ImportArchive,
    files: Sequence[OfferedFile],
    as_of: date,
) -> ImportEntry:
    """Return the ledger entry that receiving the files would make."""
    now = store.store.now()
    correction = recognise_correction(
        store, [(offered.path.name, offered.path) for offered in files]
    )
    day = correction.as_of(as_of) if correction else as_of
    numbers = correction.file_nos if correction else range(1, len(files) + 1)
    linked = [
        _linked(archive, file_no, offered, now, day)
        for file_no, offered in zip(numbers, files, strict=True)
    ]
    return ImportEntry(
        import_id=str(uuid.uuid4()),
        status=RECEIVED,
        as_of=day,
        created_at=now,
        created_by=actor.username,
        loaded_at=None,
        seq=None,
        report_json=None,
        opt_outs_confirmed_by=None,
        files=tuple(correction.entered(linked) if correction else linked),
        origin=Origin.CORRECTION if correction else Origin.FILES,
        parent_id=correction.import_id if correction else None,
    )


def _linked(
    archive: ImportArchive, file_no: int, offered: OfferedFile, now: datetime, day: date
) -> ImportFile:
    """Put a link to the file where an import would keep its original."""
    target = archive.original(file_no, offered.path.name)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.symlink_to(offered.path.resolve())
    with target.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    return ImportFile(
        file_no=file_no,
        name=safe_name(offered.path.name),
        sha256=sha256,
        bytes=target.stat().st_size,
        exported_at=exported_at_of(offered.path.name, now, day),
        mapping_json=_plain(offered.chosen) if offered.chosen else None,
        left_out=offered.is_left_out,
    )


def _answered(
    entry: ImportEntry, report: Mapping[str, Any], answers: Mapping[str, str]
) -> ImportEntry:
    """Return `entry` with the answers put over the mappings of the files that ask for them."""
    recognised = {file["file_no"]: file["recognition"] for file in report["files"]}
    return replace(
        entry,
        files=tuple(
            f if f.left_out else _told(f, recognised[f.file_no], answers) for f in entry.files
        ),
    )


def _told(
    file: ImportFile, recognised: Mapping[str, Any], answers: Mapping[str, str]
) -> ImportFile:
    question = str((recognised["waits_for"] or {}).get("question"))
    if question not in answers:
        return file
    base = recognised["mapping"] or json.loads(file.mapping_json or "{}")
    return replace(file, mapping_json=_plain({**base, question: answers[question]}))


def _plain(mapping: Mapping[str, Any]) -> str:
    return json.dumps(dict(mapping), sort_keys=True, ensure_ascii=False)
