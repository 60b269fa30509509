"""Waiting rows: what the page reads, kept until an import is loaded or something is decided.

Half a million rows may wait; a click on a page must not count them again.
"""

import streamlit as st

from core.ingest.alias_suggest import Suggestion
from core.services import waiting_rows
from core.services.waiting_rows import WaitingLabel
from core.store.tenant import TenantStore
from core.store.waiting import WaitingSubject, WaitingSum
from ui.session import UiSession


def sums_of(session: UiSession) -> dict[str, WaitingSum]:
    """Return the size of the lists of labels, products, customers and returns."""
    return _sums(*_under(session), session.store)


def labels_of(session: UiSession, *, limit: int, offset: int) -> list[WaitingLabel]:
    """Return a page of the unknown labels with their suggestions."""
    return _labels(*_under(session), limit, offset, session.store)


def sure_of(session: UiSession) -> dict[str, Suggestion]:
    """Return the suggestions that may be accepted together, by label."""
    return _sure(*_under(session), session.store)


def subjects_of(session: UiSession, what: str, *, limit: int, offset: int) -> list[WaitingSubject]:
    """Return a page of unknown products or customers, or of returns."""
    return _subjects(*_under(session), what, limit, offset, session.store)


def product_names_of(session: UiSession) -> dict[str, str]:
    """Return the name of every product by its key, in the order of the names."""
    return _names(*_under(session), session.store)


def key_under(session: UiSession, name: str) -> str:
    """Return the key of a table that forgets its selection when its rows change."""
    return "/".join((name, *_under(session)))


def _under(session: UiSession) -> tuple[str, str]:
    return session.store.tenant_id, waiting_rows.stamp_of(session.store)


# Tenant and stamp are the key under which each answer is kept.
# ruff: noqa: ARG001


@st.cache_data(max_entries=100, show_spinner=False)
def _sums(tenant_id: str, stamp: str, _store: TenantStore) -> dict[str, WaitingSum]:
    lists = (
        waiting_rows.LABELS,
        waiting_rows.PRODUCTS,
        waiting_rows.CUSTOMERS,
        waiting_rows.RETURNS,
    )
    return {what: waiting_rows.sum_of(_store, what) for what in lists}


@st.cache_data(max_entries=200, show_spinner=False)
def _labels(
    tenant_id: str, stamp: str, limit: int, offset: int, _store: TenantStore
) -> list[WaitingLabel]:
    return waiting_rows.list_labels(_store, limit=limit, offset=offset)


@st.cache_data(max_entries=100, show_spinner=False)
def _sure(tenant_id: str, stamp: str, _store: TenantStore) -> dict[str, Suggestion]:
    return waiting_rows.find_sure_labels(_store)


@st.cache_data(max_entries=200, show_spinner=False)
def _subjects(
    tenant_id: str, stamp: str, what: str, limit: int, offset: int, _store: TenantStore
) -> list[WaitingSubject]:
    return waiting_rows.list_subjects(_store, what, limit=limit, offset=offset)


@st.cache_data(max_entries=20, show_spinner=False)
def _names(tenant_id: str, stamp: str, _store: TenantStore) -> dict[str, str]:
    return waiting_rows.product_choices(_store)
