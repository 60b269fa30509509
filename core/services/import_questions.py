"""What stands between an import and its load, said as the command line can answer it."""

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from core.errors import FileRefused, QuestionOpen, Refused
from core.i18n import N_
from core.ingest.mapping import dump_mapping
from core.services.file_mapping import ANY_OF
from core.services.import_work import FileWork
from core.store.import_states import PLANNED
from core.store.imports import ImportEntry


def refuse_open_questions(works: Sequence[FileWork]) -> None:
    """Raise what the first file waits for, the file named, if any does."""
    for work in works:
        if isinstance(work.waits_for, FileRefused):
            raise work.waits_for
        if isinstance(work.waits_for, QuestionOpen):
            raise _named_question(work.file.name, work.waits_for)
        if work.waits_for is not None:
            raise Refused(
                N_("%(file)s: %(sentence)s"), file=work.file.name, sentence=work.waits_for
            ) from work.waits_for


def refuse_other_reading(entry: ImportEntry, works: Sequence[FileWork]) -> None:
    """Raise `Refused` when a file would be read otherwise than its reviewed plan shows.

    What is remembered of its columns may have changed since.
    """
    if entry.status != PLANNED or entry.report_json is None:
        return
    reviewed = {
        file["file_no"]: file["recognition"]["mapping"]
        for file in json.loads(entry.report_json)["files"]
        if file.get("recognition")
    }
    for work in works:
        chosen = json.loads(work.file.mapping_json or "{}")  # what is chosen is nobody else's doing
        told, now = reviewed.get(work.file.file_no), work.mapping
        if told is None or now is None or ANY_OF in chosen or "columns" in chosen:
            continue
        if _without(told, chosen) != _without(dump_mapping(now), chosen):
            raise Refused(
                N_(
                    "%(file)s would no longer be read as it was reviewed: another import has"
                    " changed what is remembered of its columns. Look at it again before loading."
                ),
                file=work.file.name,
            )


def _without(mapping: Mapping[str, Any], chosen: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in mapping.items() if name not in chosen}


def _named_question(name: str, asked: QuestionOpen) -> QuestionOpen:
    flag = f"--{asked.question.replace('_', '-')}"
    return QuestionOpen(
        N_("%(file)s: %(sentence)s Answer it in a mapping file (--mapping) or with: %(option)s"),
        question=asked.question,
        options=asked.options,
        file=name,
        sentence=asked,
        option=" | ".join(f"{flag} {shlex.quote(answer)}" for answer in asked.options),
    ).with_examples(asked.examples)
