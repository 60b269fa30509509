"""Upload, second step: how each file is read, and what the files leave open."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core.contracts import FileKind
from core.errors import sentence_of
from core.jobs import PLAN, enqueue
from core.services.import_files import choose
from core.store.imports import ImportEntry
from ui.i18n import NO_VALUE, _, ngettext_
from ui.layout import error_boundary
from ui.session import UiSession
from ui.tables import show_rows
from ui.views.column_titles import column_title
from ui.views.plain import plain
from ui.views.upload_answers import answer_title, examples_for, question_title, rate_title
from ui.views.upload_dialect import dialect_sentences, period_sentence
from ui.views.upload_mapping import MappedHeader, column_names, compute_mapping
from ui.views.words import kind_title

_HEADER, _SAMPLES, _COLUMN, _INVERSE, _SURE = "header", "samples", "column", "inverse", "sure"


def draw_questions(session: UiSession, entry: ImportEntry, report: Mapping[str, Any]) -> None:
    """Draw what the files do not settle as choices; plan again with the answers."""
    asking = [f for f in report["files"] if f["recognition"]["waits_for"]]
    st.subheader(_("What the files leave open"), anchor=False)
    answers: dict[int, dict[str, str]] = {}
    with st.form("answers", border=True):
        for file in asking:
            answers[file["file_no"]] = _draw_question(session, file)
        asked = any(file["recognition"]["waits_for"]["question"] for file in asking)
        is_sent = asked and st.form_submit_button(_("Answer and look again"), type="primary")
    given = {number: answer for number, answer in answers.items() if answer}
    if is_sent and given:
        _plan_again(session, entry, given)
    elif is_sent:
        st.warning(_("Choose an answer first."))


def _draw_question(session: UiSession, file: Mapping[str, Any]) -> dict[str, str]:
    """Draw one file's question and return the answer, empty when it is no choice."""
    waiting = file["recognition"]["waits_for"]
    st.markdown(f"**{plain(file['name'])}**")
    question, options = waiting["question"], waiting["options"]
    if question is None:
        st.text(sentence_of(_in_words(waiting), session.language))
        if not file["recognition"]["headers"]:
            st.caption(
                _("The other files can go on without it: give up this import and drop them.")
            )
        return {}
    found = examples_for(question, file["recognition"], waiting["values"])
    answer = st.radio(
        question_title(question, waiting),
        options,
        index=None,  # asked, never guessed
        format_func=lambda option: answer_title(question, option),
        key=f"answer_{file['file_no']}_{question}",
    )
    if found:
        st.text(_("Values in the file: %(values)s", values=" · ".join(found)))
    return {question: answer} if answer else {}


def _in_words(waiting: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what is waited for with our columns under their titles."""
    values = {
        name: column_title(value) if isinstance(value, str) and name == "column" else value
        for name, value in waiting["values"].items()
    }
    return {**waiting, "values": values}


def draw_recognition(
    session: UiSession, entry: ImportEntry, report: Mapping[str, Any], *, is_open: bool
) -> None:
    """Draw for each file what was recognised, its mapping as a table that can be edited."""
    st.subheader(_("How each file is read"), anchor=False)
    for file in report["files"]:
        if not file["recognition"]["headers"]:
            continue
        waits = file["recognition"]["waits_for"] is not None
        with st.expander(_file_title(file), expanded=is_open and waits):
            for sentence in (*period_sentence(file), *dialect_sentences(file)):
                st.caption(plain(sentence))
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
    mapping, known = recognition["mapping"] or {}, recognition["kind"]
    kinds = [kind.value for kind in FileKind]
    kind = st.selectbox(
        _("This file holds"),
        kinds,
        index=kinds.index(known) if known else None,
        format_func=kind_title,
        placeholder=_("Choose"),
        width=260,
        key=f"kind_{number}_{known}",
    )
    if kind and kind != known:
        _plan_again(session, entry, {number: {"kind": kind}}, fresh=True)
    if not mapping:
        _show_suggestion(recognition["headers"])
        return
    for sentence in _derivations(mapping):
        st.caption(sentence)
    with st.form(f"mapping_{number}", border=False):
        lines = _edit_table(recognition["headers"], mapping, number)
        if st.form_submit_button(_("Apply this mapping")):
            with error_boundary():
                _plan_again(session, entry, {number: compute_mapping(mapping, lines)}, fresh=True)


def _show_suggestion(headers: Sequence[Mapping[str, Any]]) -> None:
    """Draw what the headers suggest; it can be changed once the file's question is answered."""
    rows = [
        {
            _HEADER: header["header"],
            _SAMPLES: " · ".join(str(sample) for sample in header["samples"]),
            _COLUMN: column_title(header["column"]),
        }
        for header in headers
    ]
    titles = {
        _HEADER: _("Their column"),
        _SAMPLES: st.column_config.TextColumn(_("Values in the file"), width="medium"),
        _COLUMN: _("Our column"),
    }
    show_rows(rows, titles, alt=_("How the columns of the file are mapped"))


def _edit_table(
    headers: Sequence[Mapping[str, Any]], mapping: Mapping[str, Any], number: int
) -> list[MappedHeader]:
    inverse = mapping.get("inverse", ())
    rows = [
        {
            _HEADER: header["header"],
            _SAMPLES: " · ".join(str(sample) for sample in header["samples"]),
            _COLUMN: header["column"],
            _INVERSE: header["column"] is not None and header["column"] in inverse,
            _SURE: _confidence(header, mapping),
        }
        for header in headers
    ]
    edited = st.data_editor(
        rows,
        hide_index=True,
        key=f"mapping_table_{number}",
        placeholder=NO_VALUE,
        height="content",
        disabled=[_HEADER, _SAMPLES, _SURE],
        alt=_("How the columns of the file are mapped"),
        column_config={
            _HEADER: st.column_config.TextColumn(_("Their column"), pinned=True),
            _SAMPLES: st.column_config.TextColumn(_("Values in the file"), width="medium"),
            _COLUMN: st.column_config.SelectboxColumn(
                _("Our column"),
                options=column_names(FileKind(mapping["kind"])),
                format_func=column_title,
                help=_("Leave it blank to keep the column aside."),
            ),
            _INVERSE: st.column_config.CheckboxColumn(
                _("The contrary"),
                help=_("For yes-or-no columns that say the contrary, as Newsletter does."),
            ),
            _SURE: st.column_config.NumberColumn(
                _("Confidence"),
                format="percent",
                help=_("100 % is a known name; less is a likeness: check it."),
            ),
        },
    )
    return [
        MappedHeader(
            header=line[_HEADER], column=line[_COLUMN] or None, is_inverse=bool(line[_INVERSE])
        )
        for line in edited
    ]


def _confidence(header: Mapping[str, Any], mapping: Mapping[str, Any]) -> float | None:
    """Return how sure the suggestion is; None where nothing is suggested."""
    if header["column"] is None or header["column"] not in mapping["columns"]:
        return None
    return float(header["confidence"]) or None


def _derivations(mapping: Mapping[str, Any]) -> list[str]:
    sentences = []
    for name, rule in mapping.get("derive", {}).items():
        of = rule["of"]
        source = " x ".join(of) if isinstance(of, list) else of
        title = plain(column_title(name))
        if rule["op"] == "add_tax":
            sentences.append(
                _(
                    "%(column)s is made of %(source)s with %(rate)s of tax added.",
                    column=title,
                    source=plain(source),
                    rate=rate_title(rule["rate"]),
                )
            )
        else:
            sentences.append(
                _("%(column)s is made of %(source)s.", column=title, source=plain(source))
            )
    return sentences


def _plan_again(
    session: UiSession,
    entry: ImportEntry,
    answers: Mapping[int, Mapping[str, Any]],
    *,
    fresh: bool = False,
) -> None:
    """Put the answers over what was chosen (`fresh`: in its place) and plan again."""
    report = json.loads(entry.report_json or "{}")
    known = {f["file_no"]: f["recognition"]["mapping"] for f in report["files"]}
    earlier = {f.file_no: json.loads(f.mapping_json or "{}") for f in entry.files}
    for number, answer in answers.items():
        base = {} if fresh else known[number] or earlier[number]
        choose(session.store, session.actor, entry.import_id, number, {**base, **answer})
    enqueue(session.store, session.actor, PLAN, entry.import_id)
    st.rerun()
