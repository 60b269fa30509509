"""Customers: search, filters in the address, pages behind one another, one from all sides."""

import pytest

from core.services.csv_cells import unescape
from core.services.customers import find_customers
from core.services.run_reports import lowest_scores
from tests.pages.conftest import Look, World, metrics, sentences
from ui.views import customers_list


def shown_codes(page: object) -> list[str]:
    codes = page.dataframe[0].value["customer"]  # type: ignore[attr-defined]
    return list(map(unescape, codes))


def test_a_company_without_customers_is_led_to_its_files(look: Look) -> None:
    page = look("customers", "emma")
    assert not page.exception
    assert "Your customers will be listed here" in sentences(page)
    assert "Bring in files" in {button.label for button in page.button}


def test_pages_follow_one_another_in_the_address(
    world: World, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(customers_list, "_PAGE", 5)
    every = [row.customer for row in find_customers(world.small, limit=99).customers]
    page = look("customers")
    assert shown_codes(page) == every[:5]
    page.button(key="customers_next").click().run()
    assert shown_codes(page) == every[5:10]
    assert "".join(page.query_params["after"]) == every[4]
    page.button(key="customers_first").click().run()
    assert shown_codes(page) == every[:5]


def test_a_filter_shows_who_the_last_run_found_so(world: World, look: Look) -> None:
    verdicts = lowest_scores(world.small, world.run_id, limit=99).verdicts
    wanted = verdicts[0]
    page = look("customers", segment=wanted.segment, state=wanted.state)
    expected = {
        v.customer for v in verdicts if (v.segment, v.state) == (wanted.segment, wanted.state)
    }
    assert set(shown_codes(page)) == expected
    assert len(expected) < len(verdicts)
    page.selectbox(key=f"customers_segment_{wanted.segment}").set_value("").run()
    assert "segment" not in page.query_params
    assert "".join(page.query_params["state"]) == wanted.state


def test_a_search_is_kept_in_the_address_and_finds_within_the_filter(
    world: World, look: Look
) -> None:
    (first, *others) = lowest_scores(world.small, world.run_id, limit=99).verdicts
    page = look("customers")
    page.text_input(key="customers_search_").input(first.customer.lower()).run()
    assert "".join(page.query_params["q"]) == first.customer.lower()
    assert first.customer in shown_codes(page)
    other = next(v.segment for v in others if v.segment != first.segment)
    found = find_customers(world.small, term=first.customer, segment=other).customers
    assert first.customer not in {row.customer for row in found}
    page = look("customers", q="nobody at all")
    assert "No row matches." in sentences(page)


def test_a_customer_is_shown_from_all_sides(world: World, look: Look) -> None:
    verdict = max(
        lowest_scores(world.small, world.run_id, limit=99).verdicts, key=lambda v: v.value_cents
    )
    page = look("customers", "ada", customer=verdict.customer)
    assert not page.exception
    text = sentences(page)
    for question in (
        "What was bought, and when were messages sent?",
        "What does this customer like?",
        "What was paid, and what is due again when?",
        "Consent",
    ):
        assert question in text
    assert metrics(page)["Audit score"] == str(verdict.audit_score)
    assert page.button(key="customer_erase").label == "Erase this person"
    page.button(key="customers_back").click().run()
    assert "customer" not in page.query_params


def test_a_viewer_reads_and_neither_exports_nor_erases(world: World, look: Look) -> None:
    customer = lowest_scores(world.small, world.run_id, limit=1).verdicts[0].customer
    page = look("customers", "vera", customer=customer)
    assert not page.exception
    assert "Consent" not in sentences(page)
    assert len(page.get("link_button")) == 0


def test_an_unknown_code_is_said_in_words(look: Look) -> None:
    page = look("customers", customer="[nobody](/x)")
    assert not page.exception
    assert page.error[0].value == "There is no customer of this code."
