"""Quality control: charts, filters in the address, one customer."""

import json
from dataclasses import replace

import pytest

from core.contracts import Severity
from core.services import run_reports
from core.services.csv_cells import unescape
from core.services.run_changes import Change, RunChanges
from core.services.run_records import Issue
from core.services.run_reports import customer_of_run, list_runs, lowest_scores, qc_of
from tests.golden.small_tenant import AS_OF
from tests.pages.conftest import Look, World, metrics, sentences
from ui.views import customer_panel, qc_figures, qc_lowest


def shown_codes(page: object) -> list[str]:
    codes = page.dataframe[0].value["customer"]  # type: ignore[attr-defined]
    return list(map(unescape, codes))


def test_a_company_without_runs_is_led_to_the_runs(look: Look) -> None:
    page = look("qc", "emma")
    assert "There is no finished run yet." in sentences(page)
    assert [button.label for button in page.button] == ["Go to the runs"]


def test_figures_and_charts_and_no_trend_of_a_single_run(world: World, look: Look) -> None:
    page = look("qc", run=world.run_id)
    assert not page.exception
    quality = qc_of(world.small, world.run_id)
    assert metrics(page)["Eligible"] == str(quality.eligible)
    assert len(page.get("plotly_chart")) == 3
    assert "There is one run so far" in sentences(page)
    assert page.button(key="qc_to_campaigns").proto.type == "primary"
    (link,) = page.get("link_button")
    assert link.url == f"/export/runs/{world.run_id}/qc_report.html?lang=en"


def test_figures_show_their_change_since_the_run_before(
    world: World, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = replace(list_runs(world.small)[0], as_of=AS_OF)
    figures = {
        "customers": Change(before=1012, after=12),
        "eligible": Change(before=8, after=8),
        "gating_rate": Change(before=0.25, after=0.333333),
    }
    changes = RunChanges(before=card, figures=figures, scores={}, issues={})
    monkeypatch.setattr(qc_figures, "changes_of", lambda *_: changes)
    page = look("qc", run=world.run_id)
    shown = {metric.label: metric.delta for metric in page.metric}
    assert shown == {"Customers": "-1,000", "Eligible": "0", "Gating rate": "+8.3 points"}
    assert "as of 1 March 2025" in page.metric[0].help


def test_repairs_are_drawn_apart_from_what_is_broken(
    world: World, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = qc_of(world.small, world.run_id)
    broken, rules = found.issues[0], {i.rule_code for i in found.issues}
    repair = replace(broken, severity=Severity.INFO, issues=7, is_repair=True)
    remark = replace(broken, severity=Severity.INFO, issues=3)
    quality = replace(found, issues=(*found.issues, remark, repair))
    monkeypatch.setattr(run_reports, "qc_of", lambda *_, **__: quality)
    page = look("qc", run=world.run_id)
    assert not page.exception
    assert "What was repaired before the verdict?" in sentences(page)
    charts = [json.loads(chart.proto.spec)["data"] for chart in page.get("plotly_chart")]
    by_name = [{bar.get("name"): bar for bar in chart} for chart in charts]
    (standing,) = [bars for bars in by_name if "Error" in bars]
    (repaired,) = [bars for bars in by_name if "Repaired" in bars]
    assert set(standing) == {"Error", "Warning", "Remark"}
    assert standing["Remark"]["text"] == ["3"]
    assert len(standing["Error"]["y"]) + len(standing["Warning"]["y"]) == len(rules)
    assert repaired["Repaired"]["text"] == ["7"]


def test_the_lowest_scores_come_first(world: World, look: Look) -> None:
    page = look("qc", run=world.run_id)
    lowest = lowest_scores(world.small, world.run_id, limit=20)
    assert shown_codes(page) == [verdict.customer for verdict in lowest.verdicts]


def test_a_rule_in_the_address_filters_and_can_be_taken_away(world: World, look: Look) -> None:
    rule = next(row.rule_code for row in qc_of(world.small, world.run_id).issues)
    wanted = lowest_scores(world.small, world.run_id, rule=rule)
    page = look("qc", run=world.run_id, rule=rule)
    assert shown_codes(page) == [verdict.customer for verdict in wanted.verdicts]
    page.button(key="filter_rule").click().run()
    assert "rule" not in page.query_params
    assert len(shown_codes(page)) > len(wanted.verdicts)


def test_a_filter_begins_at_the_first_page(
    world: World, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(qc_lowest, "_PAGE", 1)
    page = look("qc", run=world.run_id, rule="MISSING_EMAIL", qc_page="2")
    page.button(key="filter_rule").click().run()
    assert "qc_page" not in page.query_params
    lowest = lowest_scores(world.small, world.run_id, limit=1)
    assert shown_codes(page)[0] == lowest.verdicts[0].customer


@pytest.mark.parametrize(("name", "value"), [("rule", "[x](y)"), ("reason", "-"), ("score", "x")])
def test_a_filter_that_is_none_is_left_out(world: World, look: Look, name: str, value: str) -> None:
    page = look("qc", **{"run": world.run_id, name: value})
    assert not page.exception
    assert shown_codes(page) == shown_codes(look("qc", run=world.run_id))


def test_a_customer_opens_with_the_list_and_the_issues(world: World, look: Look) -> None:
    verdict = next(
        v for v in lowest_scores(world.small, world.run_id, limit=100).verdicts if v.rules
    )
    page = look("qc", run=world.run_id, customer=verdict.customer)
    assert not page.exception
    text = sentences(page)
    assert verdict.customer in text
    assert "What did the audit find?" in text
    assert metrics(page)["Audit score"] == str(verdict.audit_score)
    tables = [frame.value for frame in page.dataframe]
    assert any("confidence" in table.columns for table in tables)


def test_a_repair_says_whether_another_product_took_the_place(
    world: World, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    detail = customer_of_run(world.small, world.run_id, "A1")
    words = {"sentence": "Sold out.", "remedy": "Wait.", "product_name": None}
    repairs = [
        Issue(
            severity="INFO",
            rule_code="OUT_OF_STOCK",
            product_key=key,
            details={"repaired_by": by},
            **words,
        )
        for key, by in (("P1", "P2"), ("P3", None))
    ]
    found = replace(detail, issues=tuple(repairs))
    monkeypatch.setattr(customer_panel, "customer_of_run", lambda *_, **__: found)
    page = look("qc", run=world.run_id, customer="A1")
    said = [text.value for text in page.markdown if "Sold out." in text.value]
    assert ["next product put in its place" in text for text in said] == [True, False]
    assert "no other product was left" in said[1]


def test_an_unknown_customer_is_said_in_a_sentence(world: World, look: Look) -> None:
    page = look("qc", run=world.run_id, customer="nobody")
    assert not page.exception
    assert [error.value for error in page.error] == ["This customer is not in the run."]
