"""Upload, second step: how each file is read, and what the files leave open."""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import streamlit as st

from core.contracts import FileKind
from core.errors import sentence_of
from core.jobs import PLAN, enqueue
from core.services.import_files import choose
from core.services.mappings import put_over
from core.store.imports import ImportEntry
from ui.i18n import _, ngettext_
from ui.layout import error_boundary
from ui.session import UiSession
from ui.tables import show_rows
from ui.views.column_titles import column_titles
from ui.views.plain import plain
from ui.views.upload_answers import (
    answer_title,
    cells_asked_about,
    example_rows,
    question_title,
)
from ui.views.upload_columns import edit_columns, show_columns
from ui.views.upload_dialect import dialect_sentences, period_sentence
from ui.views.upload_mapping import compute_mapping, put_rules, put_tables, rules_of
from ui.views.upload_options import edit_options
from ui.views.upload_rules import edit_code_tables, edit_rules
from ui.views.upload_versions import choose_other_mapping
from ui.views.words import kind_title


def draw_questions(session: UiSession, entry: ImportEntry, report: Mapping[str, Any]) -> None:
    """Draw what the files do not settle as choices; plan again with the answers."""
    asking = [f for f in report["files"] if f["recognition"]["waits_for"]]
    st.header(_("What the files leave open"), anchor=False)
    answers: dict[int, dict[str, str]] = {}
    is_one_of_several = sum(not file.left_out for file in entry.files) > 1
    with st.form("answers", border=True):
        for file in asking:
            answers[file["file_no"]] = _draw_question(session, file, is_one_of_several)
        asked = any(file["recognition"]["waits_for"]["question"] for file in asking)
        is_sent = asked and st.form_submit_button(_("Answer and look again"), type="primary")
    given = {number: answer for number, answer in answers.items() if answer}
    if is_sent and given:
        for number, answer in given.items():
            put_over(session.store, session.actor, entry.import_id, number, answer)
        _look_again(session, entry)
    elif is_sent:
        st.warning(_("Choose an answer first."))


def _draw_question(
    session: UiSession, file: Mapping[str, Any], is_one_of_several: bool
) -> dict[str, str]:
    """Draw one file's question and return the answer, empty when it is no choice."""
    waiting = file["recognition"]["waits_for"]
    st.markdown(f"**{plain(file['name'])}**")
    question, options = waiting["question"], waiting["options"]
    if question is None:
        st.text(sentence_of(_in_words(waiting), session.language))
        if is_one_of_several and not file["recognition"]["headers"]:
            st.caption(_("Other files can go on without it: leave it out below."))
        return {}
    examples = waiting.get("examples", ())
    answer = st.radio(
        question_title(question, waiting),
        options,
        index=0 if question == "sheet" else None,  # the rest is asked, never guessed
        format_func=lambda option: answer_title(question, option, examples),
        key=f"answer_{file['file_no']}_{question}",
    )
    cells = cells_asked_about(file["recognition"], waiting)
    if cells:
        st.text(_("Values in the file: %(values)s", values=" · ".join(cells)))
    if examples:
        rows, titles = example_rows(waiting)
        show_rows(rows, titles, alt=_("Rows of the file, read in every way"))
    return {question: answer} if answer else {}


def _in_words(waiting: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what is waited for with our columns under their titles."""
    values = {
        name: column_titles(value) if name in ("column", "columns") else value
        for name, value in waiting["values"].items()
    }
    return {**waiting, "values": values}


def draw_recognition(
    session: UiSession, entry: ImportEntry, report: Mapping[str, Any], *, is_open: bool
) -> None:
    """Draw for each file what was recognised, its mapping as a form that can be edited."""
    read = [file for file in report["files"] if file["recognition"]["headers"]]
    if read:
        st.header(_("How each file is read"), anchor=False)
    for file in read:
        waits = file["recognition"]["waits_for"] is not None
        with st.expander(_file_title(file), expanded=is_open and waits):
            sentences = (*period_sentence(file), *dialect_sentences(file))
            st.caption("  \n".join(plain(sentence) for sentence in sentences))
            _draw_mapping(session, entry, file)


def _file_title(file: Mapping[str, Any]) -> str:
    recognition = file["recognition"]
    parts = [f"**{plain(file['name'])}**", plain(kind_title(recognition["kind"]))]
    if "rows_in" in file:
        parts.append(ngettext_("%(count)s row", "%(count)s rows", file["rows_in"]))
    if recognition["waits_for"]:
        parts.append(_("waits for you"))
    return " · ".join(parts)


def _draw_mapping(session: UiSession, entry: ImportEntry, file: Mapping[str, Any]) -> None:
    number, recognition = file["file_no"], file["recognition"]
    mapping = recognition["mapping"]
    with st.container(horizontal=True):
        told = {**_choose_kind(file), **_choose_sheet(file)}
    if told:
        _read_anew(session, entry, number, told)
    if not mapping:
        show_columns(recognition["headers"])
        return
    key = f"{number}_{_stamp(mapping)}"
    with st.form(f"mapping_{number}", border=False):
        edited = _edit_mapping(file, key)
        if st.form_submit_button(_("Apply this mapping")):
            with error_boundary():
                _read_anew(session, entry, number, edited())
    other = choose_other_mapping(session, recognition, key)
    if other is not None:
        _read_anew(session, entry, number, other)


def _stamp(mapping: Mapping[str, Any]) -> str:
    """Return a key of the mapping: another one begins with fresh fields."""
    return sha256(json.dumps(mapping, sort_keys=True).encode()).hexdigest()[:8]


def _choose_kind(file: Mapping[str, Any]) -> dict[str, str]:
    known = file["recognition"]["kind"]
    kinds = [kind.value for kind in FileKind]
    kind = st.selectbox(
        _("This file holds"),
        kinds,
        index=kinds.index(known) if known else None,
        format_func=kind_title,
        placeholder=_("Choose"),
        width=260,
        key=f"kind_{file['file_no']}_{known}",
    )
    return {"kind": kind} if kind and kind != known else {}


def _choose_sheet(file: Mapping[str, Any]) -> dict[str, str]:
    sheets = file["recognition"].get("sheets", ())
    if len(sheets) < 2 or "dialect" not in file:
        return {}
    known = file["dialect"]["sheet"]
    sheet = st.selectbox(
        _("Sheet"),
        sheets,
        index=list(sheets).index(known),
        width=260,
        key=f"sheet_{file['file_no']}_{known}",
    )
    return {"sheet": sheet} if sheet != known else {}


def _edit_mapping(file: Mapping[str, Any], key: str) -> Any:
    """Draw the whole mapping; return a function that puts together what was edited."""
    recognition = file["recognition"]
    mapping = recognition["mapping"]
    headers = [header["header"] for header in recognition["headers"]]
    codes = {header["header"]: header.get("codes", ()) for header in recognition["headers"]}
    lines = edit_columns(recognition["headers"], mapping, key)
    tables = edit_code_tables(mapping, codes, f"codes_{key}")
    with st.expander(_("Further settings"), expanded=bool(rules_of(mapping))):
        rules = edit_rules(mapping, headers, f"rules_{key}")
        options = edit_options(mapping, file, headers, key)

    def edited() -> dict[str, Any]:
        mapped = compute_mapping(mapping, lines)
        kept = [r for r in rules if r.column not in mapped["columns"] or r not in rules_of(mapping)]
        ruled = put_tables(put_rules(mapped, kept), tables)
        changed = {**ruled, **options}
        return {name: value for name, value in changed.items() if value or name == "columns"}

    return edited


def _read_anew(
    session: UiSession, entry: ImportEntry, number: int, mapping: Mapping[str, Any]
) -> None:
    """Put `mapping` in the place of what was chosen for a file, and plan again."""
    choose(session.store, session.actor, entry.import_id, number, mapping)
    _look_again(session, entry)


def _look_again(session: UiSession, entry: ImportEntry) -> None:
    enqueue(session.store, session.actor, PLAN, entry.import_id)
    st.rerun()
