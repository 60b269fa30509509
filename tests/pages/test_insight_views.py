"""Insights by its views: what a run counted, in words, as charts and as files."""

from datetime import timedelta

import pytest

from core.services.accounts import SYSTEM, Role
from core.services.execute_run import create_run, execute
from core.services.insight_months import Amount, compute_mix, compute_season
from core.services.insight_months import Span as MixSpan
from core.services.insights import (
    cohorts_of,
    month_figures_of,
    movement_of,
    rfm_grid_of,
)
from core.services.run_reports import lowest_scores
from core.store.tenant import TenantStore
from tests.contract.test_backtest import END, fill
from tests.pages.conftest import Look, World, add_company, sentences
from ui.charts import chart_csv
from ui.views.insights_view import VIEW_TITLES

VIEWS = [view for view in VIEW_TITLES if view != "backtest"]
_CHARTED = ["segments", "movement", "cohorts", "season", "families"]
_FAMILIES = """
UPDATE product SET family = CASE WHEN product_key < 'P06' THEN '=Rouge' ELSE '*Blanc*' END
WHERE tenant_id = :tenant
"""


@pytest.fixture(scope="module")
def company(world: World) -> TenantStore:
    """A company with a year of sales in two families, and two runs four months apart."""
    company = add_company(world.store, "mover", {"mia": Role.ANALYST})
    fill(company, seed=1)
    with company.begin() as tx:
        tx.execute(_FAMILIES)
    for as_of in (END - timedelta(days=120), END):
        execute(company, create_run(company, SYSTEM, as_of=as_of))
    return company


@pytest.mark.parametrize("view", VIEWS)
def test_without_a_run_it_is_said_what_brings_one(look: Look, view: str) -> None:
    page = look("insights", "emma", view=view)
    assert not page.exception
    assert not page.error
    said = sentences(page)
    assert "This comes with the first run" in said or "hold some customers out" in said


@pytest.mark.parametrize("view", _CHARTED)
@pytest.mark.parametrize("language", ["en", "fr"])
def test_each_chart_has_its_question_its_figures_and_their_file(
    company: TenantStore, look: Look, view: str, language: str
) -> None:
    page = look("insights", "mia", view=view, lang=language)
    assert not page.exception
    assert not page.error
    (chart,) = page.get("plotly_chart")
    assert chart.proto.alt in sentences(page)
    assert chart.proto.alt.endswith("?")
    (file,) = page.get("download_button")
    assert file.proto.label == {"en": "Download as CSV", "fr": "Télécharger en CSV"}[language]
    assert len(page.dataframe[0].value) > 0


def test_the_grid_counts_whom_the_run_has_by_segment(company: TenantStore, look: Look) -> None:
    found = rfm_grid_of(company)
    assert found.run is not None
    assert found.figures is not None
    verdicts = lowest_scores(company, found.run.run_id, limit=99).verdicts
    for segment in {verdict.segment for verdict in verdicts}:
        own = [verdict for verdict in verdicts if verdict.segment == segment]
        cells = [cell for cell in found.figures.cells if cell.segment == segment]
        assert sum(cell.customers for cell in cells) == len(own)
        assert sum(cell.cents for cell in cells) == sum(one.value_cents for one in own)
    shown = look("insights", "mia").dataframe[1].value
    assert shown["customers"].sum() == found.figures.customers == len(verdicts)


def test_movement_is_that_of_the_verdicts_and_needs_two_runs(
    company: TenantStore, look: Look
) -> None:
    found = movement_of(company)
    assert found.run is not None
    assert found.figures is not None
    first = movement_of(company, _runs(company)[1])
    assert first.figures is not None
    assert (first.figures.as_of, first.figures.in_both) == (None, 0)
    before, after = (
        {one.customer: one.segment for one in lowest_scores(company, run, limit=99).verdicts}
        for run in reversed(_runs(company))
    )
    pairs = [(before.get(code), after.get(code)) for code in sorted({*before, *after})]
    counted = {(one.before, one.after): one.customers for one in found.figures.moves}
    assert counted == {pair: pairs.count(pair) for pair in pairs}
    page = look("insights", "mia", view="movement", run=_runs(company)[1])
    assert "No run was finished before this one" in sentences(page)
    assert "There is only one run so far." in sentences(look("insights", view="movement"))


def _runs(company: TenantStore) -> list[str]:
    with company.read() as tx:
        rows = tx.rows("SELECT run_id FROM run WHERE tenant_id = :tenant ORDER BY as_of DESC")
    return [str(row["run_id"]) for row in rows]


def test_season_and_mix_are_of_whole_years_and_whole_revenue(
    company: TenantStore, look: Look
) -> None:
    figures = month_figures_of(company).figures
    assert figures is not None
    season = compute_season(figures, Amount.UNITS, None)
    assert season is not None
    assert sum(season.index) == pytest.approx(1200)
    assert len(season.years) == 1
    mix = compute_mix(figures, MixSpan.YEAR, 5)
    with company.read() as tx:
        revenue = tx.scalar("SELECT sum(amount_cents) FROM sale_line WHERE tenant_id = :tenant")
    assert sum(sum(cents.values()) for cents in mix.cents.values()) == revenue
    assert all(mix.share(first, [0, 1]) == pytest.approx(1) for first in mix.cents)
    page = look("insights", "mia", view="families")
    page.button_group(key="families_span_quarter").set_value(MixSpan.YEAR).run()
    assert "".join(page.query_params["span"]) == "year"
    assert "\\*Blanc\\*" in sentences(page) or "=Rouge" in sentences(page)
    assert "of the revenue of 2026." in sentences(page)  # of 2025 only a part is known
    assert b"'=Rouge" in chart_csv(page.dataframe[0].value)


def test_the_season_of_a_family_has_its_own_address(company: TenantStore, look: Look) -> None:
    page = look("insights", "mia", view="season")
    whole = sentences(page)
    page.selectbox(key="season_family_").set_value("*Blanc*").run()
    page.button_group(key="season_amount_revenue").set_value("units").run()
    assert not page.exception
    asked = {name: "".join(page.query_params[name]) for name in ("family", "amount")}
    assert asked == {"family": "*Blanc*", "amount": "units"}
    again = look("insights", "mia", view="season", **asked)
    assert sentences(again) == sentences(page) != whole
    assert sentences(look("insights", "mia", view="season", family="gone", amount="x")) == whole


def test_cohorts_begin_with_the_first_sale(company: TenantStore) -> None:
    found = cohorts_of(company).figures
    assert found is not None
    assert sum(one.customers for one in found.cohorts) == 40
    assert all(max(one.again, default=0) <= one.customers for one in found.cohorts)


def test_another_view_has_its_own_address(company: TenantStore, look: Look) -> None:
    page = look("insights", "mia", view="movement", run=_runs(company)[1])
    page.button_group(key="insights_view_movement").set_value("cohorts").run()
    assert "".join(page.query_params["view"]) == "cohorts"
    assert "run" not in page.query_params
