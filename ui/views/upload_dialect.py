"""How a file is written and mapped, in words, each finding with what it rests on."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from core.services.file_findings import finding_sentence
from ui.i18n import _, current_language, format_date


def period_sentence(file: Mapping[str, Any]) -> list[str]:
    """Return from when to when the rows are, nothing for a file without dates of its own."""
    if not file.get("period"):
        return []
    first, last = (format_date(date.fromisoformat(day)) for day in file["period"])
    return [_("From %(first)s to %(last)s.", first=first, last=last)]


def dialect_sentences(file: Mapping[str, Any]) -> list[str]:
    """Return what was found out about the file so far, and the columns nothing is done with."""
    findings = file["recognition"].get("dialect", ())
    sentences = [finding_sentence(finding, current_language()) for finding in findings]
    aside = file.get("unknown_columns")
    if aside:
        sentences.append(_("Kept aside, not used: %(columns)s.", columns=", ".join(aside)))
    return sentences
