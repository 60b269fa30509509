"""The review desk: decisions by hand, by filter, taken back; who may only read; what says so."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from streamlit.testing.v1 import AppTest

from core.services.accounts import SYSTEM, Role
from core.services.export_run import CSV_NAMES
from core.services.prepare_campaign import prepare
from core.services.review import Subject, decide_on, decisions_on
from core.services.review_work import apply_decisions
from core.services.run_reports import customer_of_run
from core.store.tenant import TenantStore
from tests.golden.small_tenant import run_small_tenant, store_row, store_small_tenant
from tests.pages.conftest import Look, World, add_company, metrics, sentences

WHY = "Sold to the restaurant"
NO_REASON = "Say in a few words why, for whoever asks later."


@dataclass(frozen=True, kw_only=True)
class Desk:
    """A company with a run."""

    store: TenantStore
    run_id: str

    def products(self) -> list[str]:
        """The list of the customer A1."""
        return [i.product_key for i in customer_of_run(self.store, self.run_id, "A1").items]


@pytest.fixture(scope="module")
def desk(world: World) -> Desk:
    """A company where dora decides and dirk may only read."""
    users = {"dora": Role.ANALYST, "dirk": Role.VIEWER}
    store = add_company(world.store, "desk", users)
    store_small_tenant(store)
    return Desk(store=store, run_id=run_small_tenant(store))


@pytest.fixture(autouse=True)
def as_the_run_was(request: pytest.FixtureRequest) -> Iterator[None]:
    """Forget what a test decided."""
    yield
    if "desk" in request.fixturenames:
        store: TenantStore = request.getfixturevalue("desk").store
        with store.begin() as tx:
            tx.execute("DELETE FROM review_decision WHERE tenant_id = :tenant")
            tx.execute("UPDATE run SET review_no = 0 WHERE tenant_id = :tenant")
            for table in ("reco_output", "audit_output", "next_action_output"):
                tx.execute(f"DELETE FROM {table} WHERE tenant_id = :tenant AND since_review > 0")
                tx.execute(f"UPDATE {table} SET until_review = NULL WHERE tenant_id = :tenant")


def choose_row(page: AppTest, column: str, row: int) -> AppTest:
    """Click a row of the last table that has `column`."""
    key = [table.key for table in page.dataframe if column in table.value][-1]
    page.session_state[key] = {"selection": {"rows": [row], "columns": [], "cells": []}}
    return page.run()


def choose(page: AppTest, what: str) -> AppTest:
    """Choose what is done with the item that is opened."""
    control = page.button_group[-1]
    assert control.options == ["Approve", "Reject", "Replace"]
    return control.set_value(what).run()


def press(page: AppTest, label: str) -> AppTest:
    (button,) = [button for button in page.button if button.label == label]
    return button.click().run()


def say_why(page: AppTest, *, place: int = -1) -> None:
    """Fill a field for a reason, by default the last."""
    fields = [field for field in page.text_input if field.label == "Why, in a few words"]
    fields[place].set_value(WHY)


def search(page: AppTest, words: str) -> AppTest:
    (field,) = [field for field in page.text_input if field.label == "Search the whole catalogue"]
    return field.set_value(words).run()


def labels(page: AppTest) -> set[str]:
    """Return what the buttons of a page say, those that open something included."""
    opening = {block.proto.popover.label for block in page.get("popover")}
    return opening | {button.label for button in page.button}


def decisions_shown(page: AppTest) -> list[dict[str, object]]:
    (table,) = [frame.value for frame in page.dataframe if "whom" in frame.value]
    rows: list[dict[str, object]] = table.to_dict("records")
    return rows


def test_an_item_is_rejected_with_a_reason_and_the_list_changes(desk: Desk, look: Look) -> None:
    before = desk.products()
    page = choose_row(look("qc", "dora", run=desk.run_id, customer="A1"), "why", 1)
    assert "What this customer bought speaks for it" in sentences(page)
    page = press(choose(page, "reject"), "Reject this product")
    assert [error.value for error in page.error] == [NO_REASON]
    say_why(page)
    page = press(page, "Reject this product")
    assert not page.exception
    (decision,) = decisions_on(desk.store, desk.run_id)
    assert (decision.product_key, decision.note, decision.decided_by) == (before[1], WHY, "dora")
    assert [bar.proto.text for bar in page.get("progress")] == ["Waiting for the worker"]
    (listed,) = [
        table.value for table in page.dataframe if "why" in table.value and "rank" in table.value
    ]
    assert listed["decision"][1] == "Leaves the list"
    apply_decisions(desk.store, desk.run_id)
    page = look("qc", "dora", run=desk.run_id, customer="A1")
    assert "Applied in review 1" in sentences(page)
    assert "These are the lists of review 1; the run itself is kept." in sentences(page)


def test_an_item_is_approved_and_the_list_stays(desk: Desk, look: Look) -> None:
    before = desk.products()
    page = choose_row(look("qc", "dora", run=desk.run_id, customer="A1"), "why", 0)
    press(choose(page, "approve"), "Approve this product")
    apply_decisions(desk.store, desk.run_id)
    assert desk.products() == before
    page = look("qc", "dora", run=desk.run_id, customer="A1")
    assert "Applied in review 1" in sentences(page)
    (listed,) = [table.value for table in page.dataframe if "rank" in table.value]
    assert listed["decision"][0] == "Approved"


def test_a_replacement_is_offered_with_what_it_would_break(desk: Desk, look: Look) -> None:
    page = look("qc", "dora", run=desk.run_id, customer="A1")
    page = choose(choose_row(page, "why", 1), "replace")
    (offers,) = [table.value for table in page.dataframe if "audit" in table.value]
    assert set(offers["audit"]) == {"Passes"}
    assert "No product of the catalogue" in sentences(search(page, "no such wine"))
    page = search(page, "riesling 2022")
    (offers,) = [table.value for table in page.dataframe if "audit" in table.value]
    assert offers["audit"].tolist() == ["Error: Sent or bought lately"]
    page = choose_row(page, "audit", 0)
    assert "It breaks a rule that blocks" in sentences(page)
    say_why(page)
    press(page, "Replace by Riesling 2022")
    (decision,) = decisions_on(desk.store, desk.run_id)
    assert decision.replacement == "RIE22"


def test_a_customer_is_rejected_and_the_decision_taken_back(desk: Desk, look: Look) -> None:
    page = look("qc", "dora", run=desk.run_id, customer="A1")
    page.radio[0].set_value("reject").run()
    say_why(page)
    press(page, "Reject this customer")
    apply_decisions(desk.store, desk.run_id)
    page = look("qc", "dora", run=desk.run_id)
    assert metrics(page)["Rejected in review"] == "1"
    assert "Rejected in review" in page.dataframe[0].value["verdict"].tolist()
    (shown,) = decisions_shown(page)
    assert (shown["kind"], shown["what"], shown["whom"]) == ("Rejection", "The whole list", "A1")
    page = press(choose_row(page, "whom", 0), "Take back")
    assert decisions_shown(page)[0]["state"] == "Taken back, waits"
    apply_decisions(desk.store, desk.run_id)
    page = look("qc", "dora", run=desk.run_id)
    assert metrics(page)["Rejected in review"] == "0"
    assert "Take back" not in labels(choose_row(page, "whom", 0))


def test_customers_and_products_are_decided_by_filter(desk: Desk, look: Look) -> None:
    plain = look("qc", "dora", run=desk.run_id)
    assert not [label for label in labels(plain) if label.startswith(("Reject", "Approve"))]
    page = look("qc", "dora", run=desk.run_id, reason="OPTOUT_OR_BOUNCE")
    assert {"Reject these 2 customers", "Approve these 2 customers"} <= labels(page)
    say_why(page)
    press(page, "Reject 2 customers")
    page = look("qc", "dora", run=desk.run_id, reason="OK", product="CRE")
    assert {"Reject these 5 customers", "Reject the product", "Replace the product"} <= labels(page)
    (where, _) = [radio for radio in page.radio if "In all 9 lists that have it" in radio.options]
    where.set_value(True).run()
    say_why(page, place=1)
    page = press(page, "Reject it in 9 lists")
    assert [row["whom"] for row in decisions_shown(page)] == [
        "9 customers",
        "2 customers: Blocked by: Opted out or bounced",
    ]
    page.selectbox[-1].set_value("PNR").run()
    say_why(page)
    page = press(page, "Replace it in 5 lists")
    assert decisions_shown(page)[0]["what"] == "Crémant Brut → Pinot Noir Réserve"
    assert decisions_shown(page)[0]["whom"] == "5 customers: Is eligible"


def test_the_original_is_shown_and_not_decided_on(desk: Desk, look: Look) -> None:
    own = desk.products()
    decide_on(desk.store, SYSTEM, desk.run_id, "reject", Subject(product_key="ROS"), note=WHY)
    apply_decisions(desk.store, desk.run_id)
    query = {"run": desk.run_id, "version": "original", "customer": "A1", "reason": "OK"}
    page = look("qc", "dora", **query)
    assert not page.exception
    assert "These are the lists as the run made them." in sentences(page)
    (listed,) = [
        table.value for table in page.dataframe if "why" in table.value and "rank" in table.value
    ]
    assert len(listed) == len(own)
    assert "Rosé" in " ".join(listed["product"])
    page = choose_row(choose_row(page, "whom", 0), "why", 0)
    assert not labels(page) & {
        "Take back",
        "Decide about this customer",
        "Reject these 8 customers",
    }
    assert len(page.button_group) == 1
    page.button_group[0].set_value("reviewed").run()
    assert "version" not in page.query_params


def test_who_may_only_read_sees_decisions_and_makes_none(desk: Desk, look: Look) -> None:
    decide_on(desk.store, SYSTEM, desk.run_id, "reject", Subject(customer="A1"), note=WHY)
    page = look("qc", "dirk", run=desk.run_id, customer="A1", reason="OK")
    page = choose_row(choose_row(page, "why", 0), "whom", 0)
    assert not page.exception
    assert WHY in sentences(page)
    assert labels(page) == {"Is eligible"}
    assert not page.button_group


def test_exports_campaigns_and_runs_say_which_review_they_are_of(desk: Desk, look: Look) -> None:
    decide_on(desk.store, SYSTEM, desk.run_id, "reject", Subject(product_key="ROS"), note=WHY)
    assert "decision on this run waits" in sentences(look("campaigns", "dora", run=desk.run_id))
    page = look("exports", "dora", run=desk.run_id)
    assert page.get("progress") or "Apply 1 decision" in labels(page)  # asked for by a test before
    apply_decisions(desk.store, desk.run_id)
    page = look("exports", "dora", run=desk.run_id, version="original")
    links = {link.url for link in page.get("link_button")}
    assert f"/export/runs/{desk.run_id}/{CSV_NAMES[0]}?version=original" in links
    assert all("?version=original" in link for link in links)
    assert "**reco_output_original.csv**" in sentences(page)
    assert sum("curl -f -o " in code.value for code in page.code) == 4
    assert "Review 1 is in force" in sentences(look("runs", "dora", run=desk.run_id))
    page = look("campaigns", "dora", run=desk.run_id)
    assert "The lists are those of review 1 of the run." in sentences(page)
    campaign = prepare(desk.store, SYSTEM, desk.run_id, "discovery")
    page = look("campaigns", "dora", campaign=campaign)
    assert "from review 1 of the run as of 1 March 2025" in sentences(page)


@pytest.fixture(scope="module")
def bare_runs(world: World) -> dict[str, Desk]:
    """Runs of companies with next to nothing, by user: nobody, one customer, none with address."""
    found = {}
    for user, addresses in {"ned": [], "olga": ["o@example.com"], "paul": [None, None]}.items():
        store = add_company(world.store, user, {user: Role.ANALYST, f"{user}-reads": Role.VIEWER})
        with store.begin() as tx:
            product = {
                "product_key": "P",
                "name": "Riesling",
                "family": "Blanc",
                "price_cents": 900,
            }
            store_row(tx, "product", 1, product)
            for place, email in enumerate(addresses):
                person = {"customer": f"C{place}", "email": email, "email_norm": email}
                store_row(tx, "customer", 1, person)
            tx.execute("INSERT INTO tenant_head (tenant_id, seq) VALUES (:tenant, 1)")
        found[user] = Desk(store=store, run_id=run_small_tenant(store))
    return found


@pytest.mark.parametrize(
    ("user", "customers", "eligible"), [("ned", "0", "0"), ("olga", "1", "1"), ("paul", "2", "0")]
)
def test_runs_of_next_to_nothing_are_drawn(
    bare_runs: dict[str, Desk], look: Look, user: str, customers: str, eligible: str
) -> None:
    for reader in (user, f"{user}-reads"):
        page = look("qc", reader, run=bare_runs[user].run_id)
        assert not page.exception
        assert not page.error
        assert metrics(page)["Customers"] == customers
        assert metrics(page)["Eligible"] == eligible
        assert len(page.get("plotly_chart")) == 3
        assert ("No row matches." in sentences(page)) == (customers == "0")


def test_decisions_that_no_worker_was_asked_for_can_be_applied(
    bare_runs: dict[str, Desk], look: Look
) -> None:
    bare = bare_runs["olga"]
    decide_on(bare.store, SYSTEM, bare.run_id, "reject", Subject(customer="C0"), note=WHY)
    assert "Apply 1 decision" not in labels(look("qc", "olga-reads", run=bare.run_id))
    page = press(look("qc", "olga", run=bare.run_id), "Apply 1 decision")
    assert [bar.proto.text for bar in page.get("progress")] == ["Waiting for the worker"]
    apply_decisions(bare.store, bare.run_id)
    page = look("qc", "olga", run=bare.run_id)
    assert metrics(page)["Rejected in review"] == "1"
    assert not page.get("progress")
