"""Import of files and folders in one go: what the command line and the batch runners do."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from core.errors import Refused
from core.i18n import N_
from core.ingest.mapping import ColumnMapping, dump_mapping, load_mapping
from core.ingest.source import TABLE_SUFFIXES
from core.services.accounts import Actor, Role, require
from core.services.command_lock import clear_abandoned, worked_by_command
from core.services.file_mapping import ANY_OF
from core.services.import_again import leave_out_named
from core.services.import_archive import safe_name
from core.services.import_files import choose, load, receive
from core.services.import_files import confirm_opt_outs as confirm
from core.services.import_forgetting import forget
from core.services.import_ledger import entry_of
from core.services.import_preview import OfferedFile, preview
from core.services.mappings import answer_questions
from core.services.progress import Progress, no_progress
from core.store.imports import Origin
from core.store.tenant import TenantStore


def import_paths(
    store: TenantStore,
    actor: Actor,
    paths: Sequence[Path],
    *,
    mapping_file: Path | None = None,
    answers: Mapping[str, str] | None = None,
    as_of: date | None = None,
    leave_out: frozenset[str] = frozenset(),
    only_plan: bool = False,
    confirm_opt_outs: bool = False,
    progress: Progress = no_progress,
) -> dict[str, Any]:
    """Import `paths` (files, or folders of files) as one import; return its report.

    `answers` (question to answer) are given to the files that ask, and to no other. Files named
    in `leave_out` are listed, and neither read nor counted. With
    `only_plan` the report says what would change and what the files leave open, and nothing is
    written. Otherwise raises `QuestionOpen` or `Refused` naming the file when one cannot be read
    without an answer.
    """
    require(actor, Role.ANALYST)
    files = table_files(paths)
    mappings = load_mapping(mapping_file) if mapping_file else {}
    if only_plan:
        offered = _offered(files, mappings, leave_out)
        return preview(store, actor, offered, answers=answers, as_of=as_of, progress=progress)
    clear_abandoned(store)
    import_id = str(uuid.uuid4())
    with worked_by_command(store, import_id):
        try:
            named = [(path.name, path) for path in files]
            receive(store, actor, named, as_of=as_of, import_id=import_id)
            leave_out_named(store, actor, import_id, leave_out)
            _choose(store, actor, import_id, files, mappings)
            answer_questions(store, actor, import_id, answers or {}, progress)
            if confirm_opt_outs:
                confirm(store, actor, import_id)
            return load(store, import_id, progress)
        except BaseException:
            forget(store, import_id)
            raise


def _offered(
    files: Sequence[Path], mappings: Mapping[str, ColumnMapping], leave_out: frozenset[str]
) -> list[OfferedFile]:
    return [
        OfferedFile(
            path=path,
            chosen=_chosen(mappings, path.name),
            is_left_out=safe_name(path.name) in leave_out,
        )
        for path in files
    ]


def _choose(
    store: TenantStore,
    actor: Actor,
    import_id: str,
    files: Sequence[Path],
    mappings: Mapping[str, ColumnMapping],
) -> None:
    if entry_of(store, import_id).origin == Origin.CORRECTION:
        return  # read by the mapping of its import
    for file_no, path in enumerate(files, 1):
        chosen = _chosen(mappings, path.name)
        if chosen:
            choose(store, actor, import_id, file_no, chosen)


def table_files(paths: Sequence[Path]) -> list[Path]:
    """Return the files named, and the tables directly in the folders named, by name.

    Raises `Refused` for a path that is not there or a folder without tables.
    """
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise Refused(N_("There is no file or folder %(name)s."), name=path.name)
        if path.is_file():
            found.append(path)
            continue
        tables = sorted(p for p in path.iterdir() if p.suffix.lower() in TABLE_SUFFIXES)
        if not tables:
            raise Refused(N_("The folder %(name)s holds no CSV or Excel file."), name=path.name)
        found.extend(tables)
    return found


def _chosen(mappings: Mapping[str, ColumnMapping], name: str) -> dict[str, Any]:
    """Return what is chosen for the file: its own mapping, or those by kind to pick from.

    A mapping without columns only completes what is recognised.
    """
    if name in mappings:
        return dump_mapping(mappings[name])
    by_kind = [dump_mapping(m) for key, m in mappings.items() if key == m.kind]
    return {ANY_OF: by_kind} if by_kind else {}
