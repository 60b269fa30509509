"""What an occurrence did, in sentences: for its mail and for the history."""

from collections.abc import Mapping
from typing import Any

from core.contracts import REASON_OK
from core.errors import sentence_of
from core.formats import format_number
from core.i18n import N_, translate
from core.services.run_reports import qc_of, run_of
from core.services.run_words import REASON_TITLES
from core.services.schedule_mail import Report
from core.services.schedules import STEP_TITLES, Step
from core.store.tenant import TenantStore

_SUBJECT = N_("%(company)s: %(name)s")
_SUBJECT_FAILED = N_("%(company)s: %(name)s needs you")
_TITLED = N_("%(title)s: %(text)s")
_LOOK = N_("It waits for somebody on the Upload page.")  # why may tell a name of a file
# Where what a step made is looked at.
_PAGES: Mapping[Step, str] = {
    Step.IMPORT: "upload?import=",
    Step.RUN: "qc?run=",
    Step.CAMPAIGN: "campaigns?campaign=",
}


def step_sentences(entry: Mapping[str, Any], language: str) -> str:
    """Return what a step said, numbers as `language` writes them."""

    def write(value: object) -> str:
        return format_number(value, language) if isinstance(value, int) else str(value)

    return " ".join(sentence_of(said, language, write) for said in entry["said"])


def report_of_steps(
    store: TenantStore, name: str, report: Mapping[str, Any], language: str
) -> Report:
    """Return what is mailed of an occurrence that has ended: its steps with figures, and links.

    What a step says holds counts of ours; no value of a file or of a person stands in it.
    """
    steps = [entry for entry in report["steps"] if entry["step"] != Step.MAIL]
    over = [entry for entry in steps if entry["is_over"]]
    has_failed = len(over) < len(steps) or any(entry["failed"] for entry in over)
    subject = _SUBJECT_FAILED if has_failed else _SUBJECT
    whole = [sentence_of(said, language) for said in report["said"]]
    base = store.store.settings.public_base_url.rstrip("/")
    return Report(
        subject=translate(language, subject, company=store.tenant.name, name=name),
        lines=[*whole, *(line for entry in over for line in _lines(store, entry, language))],
        links=[
            f"{base}/{_PAGES[Step(entry['step'])]}{subject_id}"
            for entry in steps
            for subject_id in entry["ids"]
        ],
    )


def _lines(store: TenantStore, entry: Mapping[str, Any], language: str) -> list[str]:
    """Return what a step did; of a run its warnings too, and whom each verdict keeps back."""
    lines = [_line(entry, language)]
    if entry["step"] == Step.RUN and not entry["failed"]:
        for run_id in entry["ids"]:
            lines += run_of(store, run_id, language=language).warnings
            lines += [
                _titled(REASON_TITLES[blocked.reason], blocked.customers, language)
                for blocked in qc_of(store, run_id).reasons
                if blocked.reason != REASON_OK
            ]
    return lines


def _titled(title: str, count: int, language: str) -> str:
    written = format_number(count, language)
    return translate(language, _TITLED, title=translate(language, title), text=written)


def _line(entry: Mapping[str, Any], language: str) -> str:
    title = translate(language, STEP_TITLES[Step(entry["step"])])
    if entry["failed"] and entry["step"] == Step.IMPORT:
        return translate(language, _TITLED, title=title, text=translate(language, _LOOK))
    return translate(language, _TITLED, title=title, text=step_sentences(entry, language))
