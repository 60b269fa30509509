"""The table of a mapping: their columns, values in the file, our columns, as they can be edited."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core.contracts import FileKind
from ui.i18n import NO_VALUE, _, format_percent
from ui.tables import show_rows
from ui.views.column_titles import column_title
from ui.views.upload_mapping import MappedHeader, column_names

_HEADER, _SAMPLES, _COLUMN, _INVERSE, _SURE = "header", "samples", "column", "inverse", "sure"

Headers = Sequence[Mapping[str, Any]]


def show_columns(headers: Headers) -> None:
    """Draw what the headers suggest; it can be changed once the file's question is answered."""
    rows = [
        {
            _HEADER: header["header"],
            _SAMPLES: _samples(header),
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


def edit_columns(headers: Headers, mapping: Mapping[str, Any], key: str) -> list[MappedHeader]:
    """Draw the table of a mapping; return its lines as edited."""
    edited = st.data_editor(
        [_line(header, mapping) for header in headers],
        hide_index=True,
        key=f"mapping_table_{key}",
        placeholder=NO_VALUE,
        height="content",
        disabled=[_HEADER, _SAMPLES, _SURE],
        alt=_("How the columns of the file are mapped"),
        column_config=_columns(FileKind(mapping["kind"])),
    )
    return [
        MappedHeader(
            header=line[_HEADER], column=line[_COLUMN] or None, is_inverse=bool(line[_INVERSE])
        )
        for line in edited
    ]


def _line(header: Mapping[str, Any], mapping: Mapping[str, Any]) -> dict[str, Any]:
    column = header["column"]
    return {
        _HEADER: header["header"],
        _SAMPLES: _samples(header),
        _COLUMN: column,
        _INVERSE: column is not None and column in mapping.get("inverse", ()),
        _SURE: _confidence(header, mapping),
    }


def _samples(header: Mapping[str, Any]) -> str:
    return " · ".join(str(sample) for sample in header["samples"])


def _confidence(header: Mapping[str, Any], mapping: Mapping[str, Any]) -> str | None:
    """Return how sure the suggestion is, in the reader's language; None where there is none."""
    if header["column"] is None or header["column"] not in mapping["columns"]:
        return None
    return format_percent(header["confidence"], digits=0) if header["confidence"] else None


def _columns(kind: FileKind) -> dict[str, Any]:
    config = st.column_config
    return {
        _HEADER: config.TextColumn(_("Their column"), pinned=True),
        _SAMPLES: config.TextColumn(_("Values in the file"), width="medium"),
        _COLUMN: config.SelectboxColumn(
            _("Our column"),
            options=column_names(kind),
            format_func=column_title,
            help=_("Leave it blank to keep the column aside."),
        ),
        _INVERSE: config.CheckboxColumn(
            _("The contrary"),
            help=_("For yes-or-no columns that say the contrary, as Newsletter does."),
        ),
        _SURE: config.TextColumn(
            _("Confidence"),
            alignment="right",
            help=_("100 % is a known name; less is a likeness: check it."),
        ),
    }
