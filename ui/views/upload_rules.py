"""The editor of columns that the file does not have as they are, and of code tables."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core.contracts import FileKind
from core.i18n import N_
from ui.i18n import NO_VALUE, _
from ui.views.column_titles import column_title
from ui.views.plain import plain
from ui.views.upload_mapping import (
    ADD_TAX,
    CONSTANT,
    LOOKUP,
    MULTIPLY,
    WAYS,
    ColumnRule,
    column_names,
    rules_of,
)

_COLUMN, _WAY, _FIRST, _SECOND, _VALUE = "column", "way", "first", "second", "value"
_FIELDS = (_COLUMN, _WAY, _FIRST, _SECOND, _VALUE)
_CODE, _MEANS = "code", "means"
_WAY_TITLES: Mapping[str, str] = {
    CONSTANT: N_("the same value in every row"),
    MULTIPLY: N_("one column times another"),
    ADD_TAX: N_("a column with tax added"),
    LOOKUP: N_("a column read by a code table"),
}


def edit_rules(
    mapping: Mapping[str, Any], headers: Sequence[str], key: str
) -> tuple[ColumnRule, ...]:
    """Draw the rules of a mapping as a table that can grow; return them as edited."""
    title = _("Columns that the file does not have as they are")
    st.markdown(f"**{title}**")
    st.caption(
        _(
            "For example: the amount is the quantity times the unit price, the currency is EUR"
            " in every row, the family is read from a code."
        )
    )
    edited = st.data_editor(
        [_line_of(rule) for rule in rules_of(mapping)] or [dict.fromkeys(_FIELDS)],
        hide_index=True,
        num_rows="dynamic",
        key=key,
        placeholder=NO_VALUE,
        height="content",
        alt=_("Columns that the file does not have as they are"),
        column_config=_rule_columns(FileKind(mapping["kind"]), headers),
    )
    return tuple(_rule_of(line) for line in edited if line.get(_COLUMN) and line.get(_WAY))


def _line_of(rule: ColumnRule) -> dict[str, str | None]:
    values = (rule.column, rule.way, rule.first, rule.second, rule.value)
    return dict(zip(_FIELDS, values, strict=True))


def _rule_of(line: Mapping[str, Any]) -> ColumnRule:
    return ColumnRule(
        column=line[_COLUMN],
        way=line[_WAY],
        first=line.get(_FIRST) or None,
        second=line.get(_SECOND) or None,
        value=(line.get(_VALUE) or "").strip() or None,
    )


def _rule_columns(kind: FileKind, headers: Sequence[str]) -> dict[str, Any]:
    config = st.column_config
    return {
        _COLUMN: config.SelectboxColumn(
            _("Our column"), options=column_names(kind), format_func=column_title
        ),
        _WAY: config.SelectboxColumn(
            _("is made of"),
            options=WAYS,
            format_func=lambda way: _(_WAY_TITLES[way]),
            width=260,
        ),
        _FIRST: config.SelectboxColumn(_("Their column"), options=list(headers)),
        _SECOND: config.SelectboxColumn(_("times this one"), options=list(headers)),
        _VALUE: config.TextColumn(
            _("Value or rate"), help=_("The value of every row, or the tax rate, such as 0.20.")
        ),
    }


def edit_code_tables(
    mapping: Mapping[str, Any], codes: Mapping[str, Sequence[str]], key: str
) -> dict[str, dict[str, str | None]]:
    """Draw each code table with the codes seen in the file; return them by our column."""
    tables = {}
    for column, rule in mapping.get("derive", {}).items():
        if rule["op"] == LOOKUP:
            title = _(
                "%(column)s: what the codes in %(header)s mean",
                column=plain(column_title(column)),
                header=plain(rule["of"]),
            )
            st.markdown(f"**{title}**")
            tables[column] = _edit_table(rule, codes.get(rule["of"], ()), f"{key}_{column}")
    return tables


def _edit_table(rule: Mapping[str, Any], codes: Sequence[str], key: str) -> dict[str, str | None]:
    known: Mapping[str, str] = rule.get("table", {})
    rows = [{_CODE: code, _MEANS: known.get(code)} for code in dict.fromkeys((*known, *codes))]
    edited = st.data_editor(
        rows or [{_CODE: None, _MEANS: None}],
        hide_index=True,
        num_rows="dynamic",
        key=key,
        placeholder=NO_VALUE,
        width=420,
        column_config={
            _CODE: st.column_config.TextColumn(_("Code in the file")),
            _MEANS: st.column_config.TextColumn(
                _("Meaning"), help=_("Blank: the code itself is taken.")
            ),
        },
    )
    return {str(line[_CODE]): line.get(_MEANS) for line in edited if line.get(_CODE)}
