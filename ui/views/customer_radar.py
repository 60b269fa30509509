"""What a customer likes, as a radar: the aromas of what she buys, else the families."""

import pandas as pd
import plotly.graph_objects as go

from core.reco.profiles import TraitValue
from ui.charts import chart_text, show_chart
from ui.i18n import _, format_number, format_percent, titled
from ui.theme import tokens
from ui.views.column_titles import column_title

_LEAST_AXES = 3  # less is no figure
_MOST_AXES = 8
_STRONGEST = 5  # of an aroma


def draw_radar(taste: tuple[TraitValue, ...]) -> None:
    """Draw the profile of tastes; nothing where too little is known for a figure."""
    aromas = [value for value in taste if value.trait == "aroma"]
    families = [value for value in taste if value.trait == "family"]
    if len(aromas) >= _LEAST_AXES:
        names = [column_title(value.value) for value in aromas]
        written = [format_number(value.share, 1) for value in aromas]
        values, most = [value.share for value in aromas], float(_STRONGEST)
        question = _("Which aromas are bought, from 0 to 5?")
    elif len(families) >= _LEAST_AXES:
        families = families[:_MOST_AXES]
        names = [value.value for value in families]
        written = [format_percent(value.share, 0) for value in families]
        values = [100 * value.share for value in families]
        most, question = max(values), _("Which families are bought, in percent of what was paid?")
    else:
        return
    figure = go.Figure(
        go.Scatterpolar(
            r=[*values, values[0]],
            theta=[chart_text(name) for name in (*names, names[0])],
            fill="toself",
            line={"color": tokens().primary},
            hovertemplate=titled("%{theta}", "%{r:.1f}<extra></extra>"),
        )
    )
    axis = {"gridcolor": tokens().line, "linecolor": tokens().line}
    figure.update_layout(
        margin={"l": 88, "r": 88, "t": 32, "b": 32},
        polar={
            "bgcolor": "rgba(0,0,0,0)",
            "radialaxis": {**axis, "range": [0, most], "nticks": 4},
            "angularaxis": axis,
        },
    )
    data = pd.DataFrame({_("Trait"): names, _("Value"): written})
    show_chart(figure, question, key="customer_radar", data=data, is_of_person=True)
