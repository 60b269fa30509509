"""Insights: who moved from which segment to which between two runs."""

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.services.insights import SEGMENT_ORDER, Move, Movement, movement_of, movement_runs
from core.services.run_records import RunCard
from ui.charts import chart_text, show_chart
from ui.i18n import NO_VALUE, _, format_date, format_moment, format_number, format_percent, titled
from ui.session import UiSession
from ui.theme import segment_colours, tokens, translucent
from ui.views.insights_view import say_nothing_counted
from ui.views.words import segment_title

RUN_PARAM = "run"
_HEIGHT = 460
_PAD, _MARGIN = 18, 16  # pixels between two nodes, and around all of them
_EDGE = 0.001  # Plotly takes 0 for no place
_WIDTH = 420


def draw_movement(session: UiSession) -> None:
    """Draw the choice of a run and how customers moved up to it since the one before."""
    runs = movement_runs(session.store)
    chosen = _choose_run(session, runs) if len(runs) > 1 else None
    found = movement_of(session.store, chosen)
    if found.run is None or found.figures is None:
        say_nothing_counted(found.run)
    elif found.figures.as_of is None:
        st.caption(
            _("There is only one run so far. With the next one, who moved between both shows here.")
            if len(runs) == 1
            else _("No run was finished before this one, so nobody can have moved.")
        )
    else:
        _draw_moves(found.figures, found.run)


def _choose_run(session: UiSession, runs: Sequence[RunCard]) -> str | None:
    """Draw the choice, and keep it in the address; None for the newest."""
    ids = [run.run_id for run in runs]
    titles = {run.run_id: _run_title(session, run) for run in runs}
    asked = st.query_params.get(RUN_PARAM)
    place = ids.index(asked) if asked in ids else 0
    chosen = st.selectbox(
        _("Up to which run?"),
        ids,
        index=place,
        format_func=titles.__getitem__,
        help=_("Each run is compared with the one before it, which it counts when it is made."),
        width=_WIDTH,
        key=f"insights_run_{ids[place]}",
    )
    if chosen != ids[place]:
        st.query_params[RUN_PARAM] = chosen
        st.rerun()
    return chosen


def _run_title(session: UiSession, run: RunCard) -> str:
    made = format_moment(run.created_at, session.tenant.time_zone)
    return _("as of %(day)s, made %(moment)s", day=format_date(run.as_of), moment=made)


def _draw_moves(movement: Movement, run: RunCard) -> None:
    moved = movement.moved
    st.markdown(_sentence(movement, run))
    if moved:
        show_chart(
            _flows(moved),
            _("Who moved from which segment to which?"),
            key="insights_movement",
            data=_data(movement.moves),
            written={_("Customers"): format_number},
            height=_HEIGHT,
        )
        st.caption(
            _("Left the segment before, right the one since. Who stayed is only in the figures.")
        )
    _say_others(movement)


def _sentence(movement: Movement, run: RunCard) -> str:
    between = {"before": format_date(movement.as_of), "after": format_date(run.as_of)}
    if not movement.moved:
        return _("Nobody moved between the runs as of %(before)s and %(after)s.", **between)
    number = sum(move.customers for move in movement.moved)
    return _(
        "Between the runs as of %(before)s and %(after)s %(moved)s of %(both)s customers moved,"
        " %(share)s.",
        **between,
        moved=format_number(number),
        both=format_number(movement.in_both),
        share=format_percent(number / movement.in_both),
    )


def _say_others(movement: Movement) -> None:
    """Say how many customers are in one of both runs alone."""
    came = sum(move.customers for move in movement.moves if move.before is None)
    left = sum(move.customers for move in movement.moves if move.after is None)
    if came or left:
        st.caption(
            _(
                "Customers who are in the later run alone: %(came)s; in the earlier alone:"
                " %(left)s.",
                came=format_number(came),
                left=format_number(left),
            )
        )


def _flows(moved: Sequence[Move]) -> go.Figure:
    """Return the Sankey diagram; both sides have the order of the segments, best on top."""
    left = [name for name in SEGMENT_ORDER if any(move.before == name for move in moved)]
    right = [name for name in SEGMENT_ORDER if any(move.after == name for move in moved)]
    colours = segment_colours()
    sides = [*left, *right]
    figure = go.Figure(
        go.Sankey(
            arrangement="fixed",
            node={
                "label": [chart_text(segment_title(name)) for name in sides],
                "color": [colours[name] for name in sides],
                "x": [_EDGE] * len(left) + [1 - _EDGE] * len(right),
                "y": _places(moved, left, right),
                "line": {"width": 0},
                "pad": _PAD,
                "thickness": 12,
                "hovertemplate": titled("%{label}", "%{value:,}<extra></extra>"),
            },
            link={
                "source": [left.index(str(move.before)) for move in moved],
                "target": [len(left) + right.index(str(move.after)) for move in moved],
                "value": [move.customers for move in moved],
                "color": [translucent(colours[str(move.before)]) for move in moved],
                "customdata": [_move_title(move) for move in moved],
                "hovertemplate": titled("%{customdata}", "%{value:,}<extra></extra>"),
            },
        )
    )
    # Labels have a halo in this colour, on the flows too.
    margin, paper = {"t": _MARGIN, "b": _MARGIN}, tokens().paper
    figure.update_layout(margin=margin, paper_bgcolor=paper)
    return figure


def _places(moved: Sequence[Move], left: Sequence[str], right: Sequence[str]) -> list[float]:
    """Return how far down the middle of each node stands: Plotly would order them by crossings."""
    gap = _PAD / (_HEIGHT - 2 * _MARGIN)
    total = sum(move.customers for move in moved)
    scale = (1 - gap * (max(len(left), len(right)) - 1)) / total
    found = []
    for names, side in ((left, "before"), (right, "after")):
        top = 0.0
        for name in names:
            size = scale * sum(m.customers for m in moved if getattr(m, side) == name)
            found.append(min(max(top + size / 2, _EDGE), 1 - _EDGE))
            top += size + gap
    return found


def _move_title(move: Move) -> str:
    return f"{_title(move.before)} → {_title(move.after)}"


def _title(segment: str | None) -> str:
    return NO_VALUE if segment is None else segment_title(segment)


def _data(moves: Sequence[Move]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            _("Segment before"): [_title(move.before) for move in moves],
            _("Segment since"): [_title(move.after) for move in moves],
            _("Customers"): [move.customers for move in moves],
        }
    )
