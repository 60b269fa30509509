"""What was found out about each file of an import, in words: how it is written and mapped."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from core.errors import sentence_of
from core.formats import format_date, format_number
from core.i18n import N_, translate
from core.ingest.findings import Finding
from core.services.import_work import FileWork


def findings_of(work: FileWork) -> list[dict[str, Any]]:
    """Return, JSON-ready, what is known of a file so far: `about`, `message`, `values` each."""
    known: dict[str, Finding] = {
        **(work.dialect.evidence if work.dialect else {}),
        **(work.parsed.formats.evidence if work.parsed else {}),
        **work.notes,
    }
    return [{"about": about, **finding.to_data()} for about, finding in known.items()]


def finding_sentence(finding: Mapping[str, Any], language: str) -> str:
    """Return one finding in `language`, its numbers written as people there write them."""
    return sentence_of(_with_numbers(finding, language), language)


def _with_numbers(finding: Mapping[str, Any], language: str) -> dict[str, Any]:
    values = {
        name: _with_numbers(value, language)
        if isinstance(value, Mapping)
        else format_number(value, language)
        if isinstance(value, int)
        else value
        for name, value in finding["values"].items()
    }
    return {"message": finding["message"], "values": values}


def finding_lines(report: Mapping[str, Any], language: str) -> list[str]:
    """Return what was found out about the files of a report, a line per finding."""
    return [
        f"{file['name']}: {finding_sentence(finding, language)}"
        for file in report["files"]
        for finding in file.get("recognition", {}).get("dialect", ())
    ]


def waiting_lines(report: Mapping[str, Any], language: str) -> list[str]:
    """Return what the files of a report wait for, a line each, with rows of the file under it."""
    return [
        line
        for file in report["files"]
        if (waiting := file.get("recognition", {}).get("waits_for"))
        for line in (
            f"{file['name']}: {sentence_of(waiting, language)}",
            *example_lines(waiting["question"], waiting["options"], waiting["examples"], language),
        )
    ]


def example_lines(
    question: str, options: Sequence[str], examples: Sequence[Mapping[str, Any]], language: str
) -> list[str]:
    """Return rows a question is about, each cell with what it says under every answer."""
    lines = []
    for example in examples:
        read = (
            f"{option} = {said}"
            for option in options
            if (said := read_as(question, option, example["cell"], language))
        )
        place = translate(
            language,
            N_("line %(line)s, %(header)s: %(cell)s"),
            line=example["line"],
            header=example["header"],
            cell=example["cell"],
        )
        lines.append(f"  {place} ({'; '.join(read)})")
    return lines


def read_as(question: str, option: str, cell: str, language: str) -> str | None:
    """Return what `cell` says in words if `question` is answered with `option`, None if nothing.

    >>> read_as("date_order", "dmy", "03/04/2026", "en"), read_as("decimal", ",", "1.500", "en")
    ('3 April 2026', '1,500')
    """
    if question == "date_order":
        return _read_date(option, cell, language)
    if question == "decimal":
        return _read_number(option, cell, language)
    return None


def _read_date(order: str, cell: str, language: str) -> str | None:
    parts = [int(part) for part in re.findall(r"\d+", cell)[:3]]
    if len(parts) < 3:
        return None
    day, month = parts[:2] if order == "dmy" else parts[1::-1]
    try:
        return format_date(date(parts[2], month, day), language)
    except ValueError:
        return None


def _read_number(decimal: str, cell: str, language: str) -> str | None:
    written = re.sub(rf"[^0-9\-{re.escape(decimal)}]", "", cell).replace(decimal, ".")
    try:
        value = float(written)
    except ValueError:
        return None
    return format_number(value, language, digits=0 if value.is_integer() else 3)
