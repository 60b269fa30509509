"""Contacts pushed to the double of Brevo: only changes, nobody opened, chunk by chunk."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from typing import Any, NoReturn

import pytest
import requests
from pydantic import SecretStr

from core.errors import BrevoError, BrevoLimited, BrevoUnexpected, NotFound, Refused
from core.outreach.contact_attributes import Field, attribute_names
from core.services import sync_contacts as service
from core.services.accounts import Role
from core.services.api_tokens import create_token
from core.services.audit_trail import trail_csv
from core.services.suppressions import lift, suppressions_of
from core.services.sync_contacts import SyncReport, plan_sync
from core.store import contact_pushes
from core.store.tenant import Store, TenantStore
from tests.conftest import ROOT
from tests.contract import brevo_double as brevo
from tests.contract.api_world import listening, patient_application
from tests.contract.brevo_double import Behaviour, BrevoDouble, serve_brevo
from tests.contract.campaign_data import ANALYST, NOW, Person, count, fill_run, people, suppress
from tests.contract.conftest import new_tenant
from tests.contract.live_data import LIVE_SETTINGS, go_live, store_company

DAY = date(2026, 2, 10)
QUEUED = Behaviour(body=b'{"id": 1, "name": "IMPORTUSER", "status": "queued"}')


@pytest.fixture
def double() -> Iterator[BrevoDouble]:
    with serve_brevo(lambda: NOW) as served:
        yield served


@pytest.fixture
def live(store: Store, double: BrevoDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    """The instance sends, to the double."""
    go_live(store, monkeypatch, brevo_base_url=double.base_url)


def push(tenant: TenantStore, run_id: str | None = None, size: int = 100) -> SyncReport:
    return service.sync_contacts(
        tenant, ANALYST, run_id, sleep=lambda _seconds: None, chunk_contacts=size
    )


def imports(double: BrevoDouble) -> list[list[str]]:
    """The addresses of each import that came in."""
    bodies = (json.loads(entry.body) for entry in double.ledger.requests("importContacts"))
    return [[change["email"] for change in body["jsonBody"]] for body in bodies]


def told(double: BrevoDouble, tenant: TenantStore, email: str) -> dict[str, Any]:
    """What Brevo has of a contact in the tenant's attributes, by field."""
    names = attribute_names(tenant.tenant.key)
    attributes: Mapping[str, Any] = double.account.contacts[email]["attributes"]
    return {field: attributes[name] for field, name in names.items() if name in attributes}


def on_list(double: BrevoDouble, tenant: TenantStore) -> list[str]:
    (list_id,) = (
        entry["id"]
        for entry in double.account.lists
        if entry["name"] == f"ia-crm {tenant.tenant.key}"
    )
    contacts = double.account.contacts.items()
    return sorted(email for email, contact in contacts if list_id in contact["listIds"])


def buy(tenant: TenantStore, customer: str, day: date, *, status: str = "valid") -> None:
    with tenant.begin() as tx:
        tx.execute(
            "INSERT INTO sale_line (tenant_id, line_key, from_seq, file_id, document_id,"
            " product_key, customer, quantity_milli, amount_cents, sale_date, document_status)"
            " VALUES (:tenant, :key, 0, 0, :key, 'RIE', :customer, 1000, 1250, :day, :status)",
            key=f"{customer}-{day}",
            customer=customer,
            day=day,
            status=status,
        )


def suppressions(tenant: TenantStore) -> set[tuple[str | None, str, str]]:
    with tenant.read() as tx:
        rows = tx.rows(
            "SELECT customer, email_norm, reason FROM suppression WHERE tenant_id = :tenant"
        )
    return {(row["customer"], row["email_norm"], row["reason"]) for row in rows}


def again(persons: Sequence[Person]) -> list[Person]:
    return [replace(person, known=False) for person in persons]


@pytest.mark.usefixtures("live")
def test_contacts_have_what_the_run_says_and_only_changes_are_pushed_again(
    tenant: TenantStore, double: BrevoDouble
) -> None:
    first, second, third = people(3)
    second = replace(second, language="Anglais", gate=False, segment="champion")
    third = replace(third, items=0, segment="prospect")
    run_id = fill_run(tenant, [first, second, third])
    buy(tenant, "C00001", DAY)
    buy(tenant, "C00001", date(2026, 2, 20), status="cancelled")
    buy(tenant, "C00001", date(2026, 3, 2))  # after the run's as-of date
    assert push(tenant, run_id).pushed == 3
    assert told(double, tenant, "person1@example.com") == {
        Field.SEGMENT: "regular",
        Field.NEXT_PRODUCT: "Riesling Vieilles Vignes",
        Field.LAST_PURCHASE: "2026-02-10",
        Field.LANGUAGE: "fr",
    }
    assert told(double, tenant, "person2@example.com") == {
        Field.SEGMENT: "champion",
        Field.NEXT_PRODUCT: "-",
        Field.LANGUAGE: "en",
    }
    assert told(double, tenant, "person3@example.com")[Field.NEXT_PRODUCT] == "-"
    assert on_list(double, tenant) == [f"person{n}@example.com" for n in (1, 2, 3)]
    kinds = {entry["name"].rsplit("_", 1)[-1]: entry["type"] for entry in double.account.attributes}
    assert kinds == {"SEGMENT": "text", "PRODUCT": "text", "PURCHASE": "date", "LANGUAGE": "text"}

    assert push(tenant, run_id).pushed == 0
    later = fill_run(tenant, again([first, replace(second, segment="lost"), third]))
    assert plan_sync(tenant, ANALYST, later).counts.unchanged == 2
    assert push(tenant, later).pushed == 1
    assert imports(double)[1:] == [["person2@example.com"]]


@pytest.mark.usefixtures("live")
def test_one_contact_for_each_address_that_may_be_written_to(
    tenant: TenantStore, double: BrevoDouble
) -> None:
    shared = "both@example.com"
    persons = [
        Person(code="A", email=shared, value=10, segment="lost"),
        Person(code="B", email=shared, value=90, segment="champion"),
        Person(code="C", email="no address"),
        Person(code="D", email="out@example.com", opt_out=True),
        Person(code="E", email=None),
        Person(code="F", email="gone@example.com", known=False),
    ]
    run_id = fill_run(tenant, persons)
    report = push(tenant).to_dict()
    assert {name: report[name] for name in ("customers", "without_address", "suppressed")} == {
        "customers": 6,
        "without_address": 3,
        "suppressed": 1,
    }
    assert (report["shared"], report["contacts"], report["unchanged"]) == (1, 1, 0)
    assert told(double, tenant, shared)[Field.SEGMENT] == "champion"

    suppress(tenant, email=shared)
    assert plan_sync(tenant, ANALYST, run_id).counts.gone == 1
    assert push(tenant, run_id).removed == 1
    assert (on_list(double, tenant), count(tenant, "contact_push")) == ([], 0)


@pytest.mark.usefixtures("live")
def test_who_is_out_at_brevo_stays_out_there_and_is_suppressed_here(
    tenant: TenantStore, double: BrevoDouble
) -> None:
    fill_run(tenant, people(4))
    double.account.add_contact("Person1@example.com", blacklisted=True)
    double.account.add_contact("stranger@example.com", blacklisted=True)
    double.account.block("person2@example.com", "hardBounce")
    double.account.add_contact("person2@example.com", blacklisted=True)
    report = push(tenant)
    assert (report.opted_out, report.pushed, report.counts.suppressed) == (2, 2, 2)
    assert suppressions(tenant) == {
        (None, "person2@example.com", "hard_bounce"),
        ("C00001", "person1@example.com", "unsubscribe"),
    }
    assert push(tenant).opted_out == 0
    asked = [entry.query.get("modifiedSince") for entry in double.ledger.requests("getContacts")]
    assert asked == [None, "2026-03-01T09:30:00.000+00:00"]


@pytest.mark.usefixtures("live")
def test_who_is_open_at_brevo_again_and_leaves_once_more_is_suppressed_again(
    tenant: TenantStore, double: BrevoDouble
) -> None:
    """A lift holds against the wish that it ended, not against the next one."""
    fill_run(tenant, people(1))
    double.account.add_contact("person1@example.com", blacklisted=True)
    contact = double.account.contacts["person1@example.com"]
    assert push(tenant).opted_out == 1
    (row,) = suppressions_of(tenant)
    lift(tenant, ANALYST, row.suppression_id, "She rang")
    told_new = []
    for contact["emailBlacklisted"] in (True, False, False, True, True):
        told_new.append(push(tenant).opted_out)
    assert told_new == [0, 0, 0, 1, 0]
    assert [row.lifted_at is None for row in suppressions_of(tenant)].count(True) == 1


@pytest.mark.usefixtures("live")
def test_who_leaves_while_an_import_is_under_way_is_not_opened_by_it(
    tenant: TenantStore, double: BrevoDouble
) -> None:
    fill_run(tenant, people(1))
    double.account.add_contact("person1@example.com")

    def leave(_seconds: float) -> None:
        double.account.contacts["person1@example.com"]["emailBlacklisted"] = True

    service.sync_contacts(tenant, ANALYST, sleep=leave)
    contact = double.account.contacts["person1@example.com"]
    assert (contact["emailBlacklisted"], len(contact["attributes"])) == (True, 3)


@pytest.mark.parametrize(
    "stop",
    [brevo.limited(3_600), brevo.RESET, brevo.RESET_ACCEPTED, brevo.ERROR_ACCEPTED],
    ids=["limited", "reset", "reset, taken", "error, taken"],
)
@pytest.mark.usefixtures("live")
def test_a_chunk_that_was_not_seen_to_be_taken_is_pushed_again(
    tenant: TenantStore, double: BrevoDouble, stop: Behaviour
) -> None:
    fill_run(tenant, people(5))
    double.behave(stop, operation="importContacts", request_no=2)
    with pytest.raises(BrevoError):
        push(tenant, size=2)
    assert count(tenant, "contact_push") == 2
    assert push(tenant, size=2).pushed == 3
    assert [len(chunk) for chunk in imports(double)] == [2, 2, 2, 1]
    assert on_list(double, tenant) == [f"person{n}@example.com" for n in range(1, 6)]


@pytest.mark.usefixtures("live")
def test_a_death_between_a_chunk_and_its_digests_pushes_it_once_more(
    tenant: TenantStore, double: BrevoDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_run(tenant, people(3))

    def die(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(contact_pushes, "store_pushes", die)
        with pytest.raises(KeyboardInterrupt):
            push(tenant)
    before = json.dumps(double.account.contacts)
    assert push(tenant).pushed == 3
    assert json.dumps(double.account.contacts) == before
    assert push(tenant).pushed == 0


@pytest.mark.usefixtures("live")
def test_an_import_that_does_not_end_is_not_kept(tenant: TenantStore, double: BrevoDouble) -> None:
    fill_run(tenant, people(1))
    double.behave(QUEUED, operation="getProcess", times=None)
    with pytest.raises(BrevoUnexpected, match="Push again"):
        push(tenant)
    assert count(tenant, "contact_push") == 0


@pytest.mark.usefixtures("live")
def test_a_pull_goes_on_at_the_page_where_a_limit_stopped_it(
    tenant: TenantStore, double: BrevoDouble
) -> None:
    fill_run(tenant, people(120))
    for n in range(1, 121):
        double.account.block(f"person{n}@example.com", "unsubscribedViaMA")
    pages = "getTransacBlockedContacts"
    double.behave(brevo.limited(3_600), operation=pages, request_no=2)
    with pytest.raises(BrevoLimited):
        push(tenant)
    assert count(tenant, "suppression") == 100
    double.account.block("person1@example.com", "hardBounce")
    assert push(tenant).opted_out == 21
    offsets = [entry.query["offset"] for entry in double.ledger.requests(pages)]
    assert offsets == ["0", "100", "100", "0", "100"]


@pytest.mark.usefixtures("live")
def test_tenants_of_one_account_leave_each_other_alone(
    store: Store, tenant: TenantStore, double: BrevoDouble
) -> None:
    other = new_tenant(store)
    (person,) = people(1)
    double.account.add_contact("person1@example.com", FIRSTNAME="Léa")
    fill_run(tenant, [person])
    fill_run(other, [replace(person, segment="champion")])
    fill_run(bystander := new_tenant(store), [replace(person, email="other@example.com")])
    push(tenant)
    push(other)
    assert told(double, tenant, "person1@example.com")[Field.SEGMENT] == "regular"
    assert told(double, other, "person1@example.com")[Field.SEGMENT] == "champion"
    assert double.account.contacts["person1@example.com"]["attributes"]["FIRSTNAME"] == "Léa"
    assert count(tenant, "contact_push") == count(other, "contact_push") == 1

    suppress(other, customer="C00001")
    assert push(other).removed == 1
    assert (on_list(double, tenant), on_list(double, other)) == (["person1@example.com"], [])
    double.account.contacts["person1@example.com"]["emailBlacklisted"] = True
    push(bystander)
    assert suppressions(bystander) == set()
    assert on_list(double, bystander) == ["other@example.com"]


@pytest.mark.usefixtures("live")
def test_what_was_deleted_at_brevo_is_made_and_filled_again(
    tenant: TenantStore, double: BrevoDouble
) -> None:
    fill_run(tenant, people(2))
    push(tenant)
    double.account.lists.clear()
    assert push(tenant).pushed == 2
    double.account.attributes.pop()
    assert push(tenant).pushed == 2
    assert push(tenant).pushed == 0


@pytest.mark.usefixtures("live")
def test_an_attribute_of_another_type_is_left_as_it_is(
    tenant: TenantStore, double: BrevoDouble
) -> None:
    fill_run(tenant, people(1))
    name = attribute_names(tenant.tenant.key)[Field.LAST_PURCHASE]
    found = {"name": name, "category": "normal", "type": "text"}
    double.account.attributes.append(found)
    with pytest.raises(Refused, match=name):
        push(tenant)
    assert (double.account.attributes, imports(double)) == ([found], [])


@pytest.mark.parametrize("switch", ["1", "", "TRUE ", "0 "])
def test_without_the_switch_only_the_plan_is_made_and_no_socket_opened(
    tenant: TenantStore, monkeypatch: pytest.MonkeyPatch, switch: str
) -> None:
    found = {"brevo_dry_run": switch, "brevo_api_key": SecretStr("xkeysib-test")}
    monkeypatch.setattr(tenant.store, "settings", tenant.store.settings.model_copy(update=found))
    fill_run(tenant, people(2))
    with monkeypatch.context() as sealed:
        sealed.setattr(socket, "socket", None)
        report = plan_sync(tenant, ANALYST).to_dict()
        with pytest.raises(Refused, match="BREVO_DRY_RUN"):
            push(tenant)
    assert (report["live"], report["changed"], report["pushed"]) == (False, 2, 0)
    assert (count(tenant, "contact_push"), count(tenant, "contact_pull")) == (0, 0)


def test_a_run_that_is_not_done_is_not_pushed(tenant: TenantStore) -> None:
    with pytest.raises(Refused, match="no finished run"):
        plan_sync(tenant, ANALYST)
    running = fill_run(tenant, people(1), status="running")
    with pytest.raises(Refused, match="not done"):
        plan_sync(tenant, ANALYST, running)
    with pytest.raises(NotFound):
        plan_sync(tenant, ANALYST, "nothing")


def test_a_push_asked_for_by_http_is_done_by_a_worker(
    tenant: TenantStore, double: BrevoDouble, live: None
) -> None:
    store_company(tenant)
    run_id, secret = fill_run(tenant, people(3)), create_token(tenant, ANALYST, "x", Role.ANALYST)
    with patient_application(tenant.store) as app, listening(app) as url:
        asked = {"headers": {"Authorization": f"Bearer {secret.secret}"}, "timeout": 20}
        address = f"{url}/brevo/sync_contacts"
        assert requests.get(f"{address}/{run_id}", **asked).status_code == 404
        first = requests.post(address, json={"live": True}, **asked)
        again = requests.post(address, json={"live": True, "run_id": run_id}, **asked)
        assert {first.status_code, again.status_code} == {202}
        assert first.json() == again.json() == {**first.json(), "status": "queued", "report": None}
        assert imports(double) == []
        with working(tenant.store, double.base_url):
            until = time.monotonic() + 120
            found: dict[str, Any] = {"status": "queued"}
            while found["status"] in ("queued", "running") and time.monotonic() < until:
                time.sleep(0.2)
                found = requests.get(f"{address}/{run_id}", **asked).json()
    assert (found["status"], found["error"]) == ("done", None)
    assert (found["report"]["pushed"], found["report"]["live"]) == (3, True)
    assert len(imports(double)) == 1
    trail = b"".join(trail_csv(tenant, ANALYST)).decode().splitlines()
    assert [secret.token_id in line for line in trail if "contact_sync_asked" in line] == [True] * 2


@contextmanager
def working(store: Store, base_url: str) -> Iterator[None]:
    """Let a worker process work that may ask the double."""
    live = {name.upper(): str(value) for name, value in LIVE_SETTINGS.items()}
    environment = {
        **os.environ,
        **live,
        "DATABASE_URL": store.settings.database_url,
        "DATA_DIR": str(store.settings.data_dir),
        "BREVO_BASE_URL": base_url,
    }
    process = subprocess.Popen([sys.executable, "-m", "core", "worker"], cwd=ROOT, env=environment)
    try:
        yield
    finally:
        process.kill()
        process.wait()
