"""Settings: the values as they stand in the fields, before anybody saves them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from core.errors import NotFound
from core.services.policies import PolicyVersion
from core.services.policy_checks import PolicyProblem, read_changes
from core.services.policy_fields import Value, policy_fields, values_of
from core.services.policy_preview import preview_of
from ui.session import UiSession

PREVIEW_PARAM = "preview"
BASE_PARAM = "of"  # the version that the preview began from


@dataclass(frozen=True, kw_only=True)
class Draft:
    """The version in force with the values in the fields: what differs, and what is wrong."""

    current: PolicyVersion
    saved: Mapping[str, Value]
    values: Mapping[str, Value]
    problems: Sequence[PolicyProblem]

    @property
    def changes(self) -> dict[str, Value]:
        """Return the values that differ from the version in force."""
        return {name: v for name, v in self.values.items() if v != self.saved[name]}

    def problems_of(self, name: str) -> list[PolicyProblem]:
        """Return what is wrong with one value."""
        return [problem for problem in self.problems if problem.field == name]


def field_key(version: int, name: str) -> str:
    """Return the key of a field: a saved version begins with fresh fields."""
    return f"policy{version}_{name}"


def read_draft(session: UiSession, current: PolicyVersion) -> Draft:
    """Return what stands in the fields; where nothing does yet, put in what they begin with.

    They begin with the policy of the preview in the address, if that began from the version in
    force; else with this version.
    """
    saved = values_of(current.policy)
    keys = {name: field_key(current.version, name) for name in policy_fields()}
    if not all(key in st.session_state for key in keys.values()):
        is_of_this = st.query_params.get(BASE_PARAM) == str(current.version)
        beginning = (_previewed(session) if is_of_this else None) or saved
        for name, key in keys.items():
            st.session_state.setdefault(key, beginning[name])
    values = {name: st.session_state[key] for name, key in keys.items()}
    changes = {name: value for name, value in values.items() if value != saved[name]}
    problems = read_changes(current.policy, changes)[1]
    return Draft(current=current, saved=saved, values=values, problems=problems)


def take_back(draft: Draft) -> None:
    """Put the values of the version in force into the fields again."""
    for name, value in draft.saved.items():
        st.session_state[field_key(draft.current.version, name)] = value
    leave_preview()


def leave_preview() -> None:
    """Take the preview out of the address."""
    for name in (PREVIEW_PARAM, BASE_PARAM):
        st.query_params.pop(name, None)


def _previewed(session: UiSession) -> dict[str, Value] | None:
    if PREVIEW_PARAM not in st.query_params:
        return None
    try:
        return values_of(preview_of(session.store, st.query_params[PREVIEW_PARAM]).policy)
    except NotFound:
        return None
