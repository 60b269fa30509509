"""The rest of how a file is read: formats, date, repeated lines, what is created, currencies."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import streamlit as st

from core.contracts import FileKind
from core.i18n import N_
from ui.i18n import NO_VALUE, _, format_number
from ui.views.plain import plain

_ORDERS: Mapping[str | None, str] = {
    None: N_("as the file says"),
    "dmy": N_("day, month, year"),
    "mdy": N_("month, day, year"),
    "iso": N_("year, month, day"),
}
_DECIMALS: Mapping[str | None, str] = {
    None: N_("as the file says"),
    ",": N_("a comma"),
    ".": N_("a point"),
}
_REPEATED: Mapping[str | None, str] = {
    None: N_("Identical lines are one; lines with another quantity are added up"),
    "sum": N_("All are added up: each line is a scan at the till"),
}


def edit_options(
    mapping: Mapping[str, Any], file: Mapping[str, Any], headers: Sequence[str], key: str
) -> dict[str, Any]:
    """Draw the options of a mapping; return the keys of the mapping that they settle."""
    told = _edit_formats(mapping, key)
    if mapping["kind"] == FileKind.SALES:
        told.update(_edit_repeated(mapping, file.get("repeated"), key))
        told.update(_edit_created(mapping, headers, key))
        if "currency" in (*mapping["columns"], *mapping.get("constants", {})):
            told["rates"] = _edit_rates(mapping, key)
    return told


def _edit_formats(mapping: Mapping[str, Any], key: str) -> dict[str, Any]:
    dates, decimals, day = st.columns(3)
    order = dates.selectbox(
        _("Dates are written"),
        list(_ORDERS),
        index=list(_ORDERS).index(mapping.get("date_order")),
        format_func=lambda choice: _(_ORDERS[choice]),
        key=f"order_{key}",
    )
    decimal = decimals.selectbox(
        _("Decimals have"),
        list(_DECIMALS),
        index=list(_DECIMALS).index(mapping.get("decimal")),
        format_func=lambda choice: _(_DECIMALS[choice]),
        key=f"decimal_{key}",
    )
    told = mapping.get("exported_at")
    exported = day.date_input(
        _("Exported on"),
        value=date.fromisoformat(told[:10]) if told else None,
        format="DD/MM/YYYY",
        help=_("Of two files about the same rows the one exported later counts."),
        key=f"exported_{key}",
    )
    return {
        "date_order": order,
        "decimal": decimal,
        "exported_at": _moment(told, exported),
    }


def _moment(told: str | None, day: date | None) -> str | None:
    """Return the day as text; a time of day told before stays while the day does."""
    if day is None:
        return None
    return told if told and told[:10] == day.isoformat() else day.isoformat()


def _edit_repeated(
    mapping: Mapping[str, Any], counted: Mapping[str, int] | None, key: str
) -> dict[str, Any]:
    known = mapping.get("repeated")
    chosen = st.selectbox(
        _("Several lines of one document with the same product and customer"),
        list(_REPEATED),
        index=int(known == "sum"),
        format_func=lambda choice: _(_REPEATED[choice]),
        key=f"repeated_{key}",
    )
    if counted is not None:
        st.caption(
            _(
                "In this file, lines that say exactly what another one says: %(identical)s;"
                " lines that differ in something: %(differing)s.",
                identical=format_number(counted["identical"]),
                differing=format_number(counted["differing"]),
            )
        )
    return {"repeated": "duplicates" if chosen is None and known == "duplicates" else chosen}


def _edit_created(mapping: Mapping[str, Any], headers: Sequence[str], key: str) -> dict[str, Any]:
    known = mapping.get("create_missing", {})
    left, right = st.columns(2)
    with left:
        products = _edit_one(
            _("Create products that are not in the catalogue"),
            _("Their name is in"),
            known.get("products"),
            "name",
            headers,
            f"products_{key}",
        )
        never = st.text_input(
            _("Of these, never recommend"),
            value=", ".join(mapping.get("not_recommendable", ())),
            help=_("Codes such as postage and fees, separated by commas."),
            key=f"never_{key}",
        )
    with right:
        customers = _edit_one(
            _("Create customers that are not known"),
            _("Their country is in"),
            known.get("customers"),
            "country",
            headers,
            f"customers_{key}",
        )
    created = {"products": products, "customers": customers}
    return {
        "create_missing": {what: told for what, told in created.items() if told is not None},
        "not_recommendable": [code.strip() for code in never.split(",") if code.strip()],
    }


def _edit_one(
    question: str,
    source: str,
    known: Mapping[str, str] | None,
    field: str,
    headers: Sequence[str],
    key: str,
) -> dict[str, str] | None:
    """Draw whether records are created and from which column; None when they are not."""
    is_created = st.checkbox(question, value=known is not None, key=f"create_{key}")
    of = (known or {}).get(field)
    header = st.selectbox(
        source,
        [None, *headers],
        index=[None, *headers].index(of if of in headers else None),
        format_func=lambda choice: plain(choice) if choice else _("no column"),
        key=f"from_{key}",
    )
    if not is_created:
        return None
    return {field: header} if header else {}


def _edit_rates(mapping: Mapping[str, Any], key: str) -> dict[str, str]:
    st.caption(_("Other currencies are rejected unless their rate to yours stands here."))
    known = [{"currency": name, "rate": rate} for name, rate in mapping.get("rates", {}).items()]
    edited = st.data_editor(
        known or [{"currency": None, "rate": None}],
        hide_index=True,
        num_rows="dynamic",
        width=320,
        placeholder=NO_VALUE,
        key=f"rates_{key}",
        column_config={
            "currency": st.column_config.TextColumn(_("Currency"), max_chars=3),
            "rate": st.column_config.TextColumn(_("Rate"), help=_("For example 0.92")),
        },
    )
    return {
        line["currency"].strip().upper(): line["rate"].strip()
        for line in edited
        if line.get("currency") and line.get("rate")
    }
