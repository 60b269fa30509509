"""What stands between an import and its load, said as the command line can answer it."""

import shlex
from collections.abc import Sequence

from core.errors import FileRefused, QuestionOpen, Refused
from core.i18n import N_
from core.services.import_work import FileWork


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
