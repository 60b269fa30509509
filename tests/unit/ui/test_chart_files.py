"""The file of a chart's figures: numbers as they are, no cell a formula."""

import pandas as pd

from ui.charts import chart_csv


def test_a_file_has_the_figures_and_no_formula() -> None:
    data = pd.DataFrame(
        {
            "Family": ["=Rouge", 'a,"b"', None],
            "=Count": pd.array([1, None, 3], dtype="Int64"),
            "Share": [0.25, None, -0.5],
        }
    )
    assert chart_csv(data).decode() == (
        'Family,\'=Count,Share\n\'=Rouge,1,0.25\n"a,""b""",,\n,3,-0.5\n'
    )
