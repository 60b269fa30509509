"""Settings: the fields, by group, each with its meaning, its default and what is wrong with it."""

from collections.abc import Sequence

import streamlit as st

from core.contracts import SCENARIO_TITLES, Scenario
from core.policy import CUSTOMER_STATES, Weights
from core.services.policy_fields import PolicyField, policy_fields, said
from core.services.policy_words import (
    COMPONENT_WORDS,
    COMPONENTS,
    GROUP_QUESTIONS,
    GROUP_TITLES,
    Group,
)
from ui.i18n import _, current_language
from ui.views.plain import bold
from ui.views.settings_draft import Draft, field_key
from ui.views.words import severity_choice, state_title

_COLUMNS = 2
_TITLE_WIDTH = 1.6  # of the first column of a grid, in widths of the others
_LEAST_DIGITS = 2


def draw_fields(draft: Draft) -> None:
    """Draw every value of the policy, a tab for each group."""
    # The titles stay as they are: under a new title the open tab would give way to the first.
    tabs = st.tabs([_(GROUP_TITLES[group]) for group in Group])
    for tab, group in zip(tabs, Group, strict=True):
        with tab:
            st.caption(_(GROUP_QUESTIONS[group]))
            if group is Group.WEIGHTS:
                names = [f"weights.{{scenario}}.{component}" for component in Weights.model_fields]
                _draw_grid(draft, names, [_(COMPONENTS[c]) for c in Weights.model_fields])
                _explain_components()
            elif group is Group.QUOTAS:
                names = [f"quotas.{state}.{{scenario}}" for state in CUSTOMER_STATES]
                _draw_grid(draft, names, [state_title(state) for state in CUSTOMER_STATES])
            else:
                _draw_group(draft, [f for f in policy_fields().values() if f.group is group])


def _draw_group(draft: Draft, fields: Sequence[PolicyField]) -> None:
    for first in range(0, len(fields), _COLUMNS):
        row = fields[first : first + _COLUMNS]
        for column, known in zip(st.columns(_COLUMNS), row, strict=False):
            with column:
                _draw_input(draft, known, _label(known))
                default = said(known.default, current_language())
                st.caption(
                    " ".join((_(known.explanation), _("Default: %(value)s.", value=default)))
                )
                _draw_marks(draft, known)


def _draw_grid(draft: Draft, names: Sequence[str], titles: Sequence[str]) -> None:
    """Draw a row for each of `names`, with a field for each scenario."""
    widths = [_TITLE_WIDTH, *(1.0 for _scenario in Scenario)]
    for column, scenario in zip(st.columns(widths)[1:], Scenario, strict=True):
        column.markdown(f"**{_(SCENARIO_TITLES[scenario])}**")
    for name, title in zip(names, titles, strict=True):
        cells = st.columns(widths, vertical_alignment="top")
        cells[0].markdown(title)
        for cell, scenario in zip(cells[1:], Scenario, strict=True):
            known = policy_fields()[name.format(scenario=scenario.value)]
            with cell:
                _draw_input(draft, known, known.title_in(current_language()), is_in_grid=True)
                _draw_marks(draft, known)


def _explain_components() -> None:
    lines = [f"- **{_(title)}**: {_(COMPONENT_WORDS[c])}" for c, title in COMPONENTS.items()]
    st.markdown("\n".join(lines))


def _label(known: PolicyField) -> str:
    title = known.title_in(current_language())
    return f"{title} ({_(known.unit)})" if known.unit else title


def _draw_input(draft: Draft, known: PolicyField, label: str, *, is_in_grid: bool = False) -> None:
    key = field_key(draft.current.version, known.name)
    visibility = "collapsed" if is_in_grid else "visible"
    if known.choices:
        st.selectbox(
            label,
            known.choices,
            format_func=severity_choice,
            key=key,
            label_visibility=visibility,
            disabled=len(known.choices) == 1,
        )
        return
    st.number_input(
        label,
        key=key,
        step=1 if known.is_whole else _step(known),
        format="%d" if known.is_whole else f"%.{_digits(draft, known)}f",
        label_visibility=visibility,
    )


def _step(known: PolicyField) -> float:
    return 0.05 if known.greatest <= 1 else 0.1


def _digits(draft: Draft, known: PolicyField) -> int:
    text = f"{float(draft.values[known.name]):.6f}".rstrip("0")
    return max(_LEAST_DIGITS, len(text.partition(".")[2]))


def _draw_marks(draft: Draft, known: PolicyField) -> None:
    """Say beside a field that it is changed, and what is wrong with it."""
    if known.name in draft.changes:
        before = said(draft.saved[known.name], current_language())
        st.caption(bold(_("Changed, %(value)s before", value=before)))
    for problem in draft.problems_of(known.name):
        st.error(problem.sentence(current_language()))
