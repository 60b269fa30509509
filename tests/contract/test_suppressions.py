"""Suppressions: found by address or code, lifted with a reason, entered again for who leaves."""

import re
import uuid
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
from sqlalchemy import event

from core.errors import NotAllowed, NotFound, Refused
from core.policy import Policy
from core.services.accounts import create_tenant
from core.services.addressee_checks import judge_deliveries
from core.services.prepare_campaign import prepare
from core.services.suppressions import (
    Standing,
    contacts_of,
    lift,
    number_of_contacts,
    number_of_suppressions,
    people_beginning,
    standing_of,
    suppressions_of,
)
from core.store.deliveries import load_deliveries
from core.store.tenant import Store, TenantStore
from tests.contract.campaign_data import (
    ANALYST,
    AS_OF,
    NOW,
    VIEWER,
    Person,
    add_contact,
    fill_run,
    people,
    suppress,
)
from tests.contract.conftest import new_tenant
from tests.contract.test_unsubscribe import ADDRESS, leave

SPELLED = 16
"""Of the first four letters of a code, each in both cases."""
SEARCHED = re.compile(r"(customer|email_norm)>\?|Index Cond: .*~>=~|ix_suppression_page")
"""What a plan says of a beginning or a page that an index finds."""
WHY = "She wrote to us on paper"


@pytest.fixture
def company(store: Store) -> TenantStore:
    return store.tenant_store(create_tenant(store, f"t{uuid.uuid4().hex[:8]}", "Cave"))


def plan_of(company: TenantStore, sql: str) -> str:
    """Return the plan of a statement where no table is small enough to be gone through."""
    with company.read() as tx:
        if tx.is_sqlite:
            values = [None] * sql.count("?")
            found = tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", tuple(values))
            return "\n".join(str(row) for row in found)
        with tx.connection.connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
            cursor.execute(f"EXPLAIN {sql}")
            return "\n".join(line for (line,) in cursor.fetchall())


def judged(company: TenantStore, campaign_id: str) -> dict[int, str]:
    with company.read() as tx, duckdb.connect() as con:
        planned = load_deliveries(tx, campaign_id, limit=9)
        return judge_deliveries(tx, con, planned, Policy().audit, now=NOW, zone=ZoneInfo("UTC"))


def test_a_lift_lets_her_be_written_to_and_who_leaves_again_is_suppressed_again(
    company: TenantStore,
) -> None:
    campaign_id = prepare(company, ANALYST, fill_run(company, people(2)), "discovery", 200)
    leave(company)
    (entered,) = suppressions_of(company)
    lifted = lift(company, ANALYST, entered.suppression_id, f" {WHY} ")
    assert (lifted.ended, lifted.left, lifted.opted_out) == (1, 0, ())
    assert judged(company, campaign_id) == {}
    (ended,) = suppressions_of(company)
    assert (ended.lifted_at, ended.lifted_by, ended.lifted_reason) == (NOW, "system", WHY)
    leave(company)
    assert judged(company, campaign_id) == {1: "OPTOUT_OR_BOUNCE"}
    assert number_of_suppressions(company, ADDRESS) == 2


def test_who_left_by_one_click_for_two_customers_is_let_back_by_one_lift(
    company: TenantStore,
) -> None:
    twins = [Person(code=code, email=ADDRESS) for code in ("A1", "A2")]
    campaign_id = prepare(company, ANALYST, fill_run(company, twins), "discovery", 200)
    leave(company)
    first = suppressions_of(company, "A1")[0]
    assert lift(company, ANALYST, first.suppression_id, WHY).ended == 2
    assert judged(company, campaign_id) == {}


def test_a_lift_says_what_else_holds_her_back(company: TenantStore) -> None:
    fill_run(company, [Person(code="C1", email=ADDRESS, opt_out=True)])
    suppress(company, customer="C1")
    suppress(company, email=ADDRESS)
    entered = suppressions_of(company, "C1")[0]
    lifted = lift(company, ANALYST, entered.suppression_id, WHY)
    assert (lifted.left, lifted.opted_out) == (1, ("C1",))


@pytest.mark.parametrize("term", ["C00001", " Person1@Example.com "])
def test_a_code_and_an_address_find_what_is_known_of_both(company: TenantStore, term: str) -> None:
    fill_run(company, people(2))
    suppress(company, customer="C00001")
    suppress(company, email=ADDRESS, lifted=True)
    suppress(company, email="person2@example.com")
    add_contact(company, "sent", date(2026, 1, 2), customer="C00001")
    add_contact(company, "open", date(2026, 1, 3), email=ADDRESS)
    add_contact(company, "dry_run", date(2026, 1, 1), customer="C00001", email=ADDRESS)
    assert number_of_suppressions(company, term) == len(suppressions_of(company, term)) == 2
    found = contacts_of(company, term, limit=2)
    assert [row.status for row in found] == ["open", "sent"]
    assert [row.status for row in contacts_of(company, term, offset=2)] == ["dry_run"]
    assert (number_of_contacts(company, term), number_of_suppressions(company)) == (3, 3)
    assert contacts_of(company, "") == []


def test_whoever_is_held_back_is_said_to_be_whatever_told_it(company: TenantStore) -> None:
    """Soft bounces in a row, or a record that says opted out after a lift, are no suppression."""
    persons = [
        Person(code=f"S{n}", email=f"standing{n}@example.com", opt_out=n == 1) for n in range(1, 5)
    ]
    fill_run(company, persons)
    suppress(company, customer="S1", lifted=True)
    for days in (1, 2, 3):
        day = AS_OF - timedelta(days=days)
        add_contact(company, "soft_bounce", day, email="standing2@example.com")
    suppress(company, customer="S3", lifted=True)
    suppress(company, customer="S4")
    found = [standing_of(company, term) for term in ("S1", "STANDING2@example.com", "S3", "S4")]
    assert found == [Standing.HELD_BACK, Standing.HELD_BACK, Standing.OPEN, Standing.HELD_BACK]
    assert standing_of(company, "%") == Standing.UNKNOWN


def test_nothing_of_another_company_is_found_or_lifted(store: Store, company: TenantStore) -> None:
    other = store.tenant_store(create_tenant(store, f"o{uuid.uuid4().hex[:8]}", "Other"))
    suppress(other, email=ADDRESS)
    add_contact(other, "sent", date(2026, 1, 2), email=ADDRESS)
    (entered,) = suppressions_of(other)
    assert number_of_suppressions(company) == 0
    assert suppressions_of(company, ADDRESS) + contacts_of(company, ADDRESS) == []
    with pytest.raises(NotFound):
        lift(company, ANALYST, entered.suppression_id, WHY)
    assert suppressions_of(other)[0].lifted_at is None


def test_a_lift_needs_a_reason_and_a_role_and_happens_once(company: TenantStore) -> None:
    suppress(company, email=ADDRESS)
    key = suppressions_of(company)[0].suppression_id
    for reason in ("  ", "x" * 501):
        with pytest.raises(Refused):
            lift(company, ANALYST, key, reason)
    with pytest.raises(NotAllowed):
        lift(company, VIEWER, key, WHY)
    lift(company, ANALYST, key, WHY)
    with pytest.raises(Refused):
        lift(company, ANALYST, key, WHY)


MET = [
    Person(code="Cave_1", email="lea_1@example.com"),
    Person(code="cave_10", email="leax1@example.com"),
    Person(code="CAVEX1", email=None),
    Person(code="Émile%", email="paul@example.com"),
]


@pytest.mark.parametrize(
    ("term", "found"),
    [
        ("CAVE_1", ["Cave_1", "cave_10"]),
        ("cavex", ["CAVEX1"]),
        ("émile%", ["Émile%"]),
        (" LEA_", ["Cave_1", "lea_old@example.com"]),
        ("lea", ["Cave_1", "cave_10", "lea_old@example.com", "leaving@example.com"]),
        ("ave", []),
        ("%", []),
        ("", []),
    ],
)
def test_a_beginning_finds_codes_and_addresses_in_any_case(
    every_store: dict[str, Store], term: str, found: list[str]
) -> None:
    for store in every_store.values():
        company = new_tenant(store)
        fill_run(company, MET)
        suppress(company, email="leaving@example.com", lifted=True)
        add_contact(company, "open", date(2026, 1, 3), email="lea_old@example.com")
        add_contact(company, "sent", date(2026, 1, 3), email="lea_1@example.com")
        assert [known.term for known in people_beginning(company, term)] == found
        assert people_beginning(company, term, limit=1) == people_beginning(company, term)[:1]


def test_a_beginning_and_a_late_page_are_read_from_an_index(company: TenantStore) -> None:
    fill_run(company, people(2))
    suppress(company, email=ADDRESS)
    asked: list[str] = []

    def note(_conn: Any, cursor: Any, sql: str, values: Any, *_others: Any) -> None:
        asked.append(cursor.mogrify(sql, values).decode() if hasattr(cursor, "mogrify") else sql)

    engine = company.store.data_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        people_beginning(company, "Person1")
        suppressions_of(company, offset=1)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    searches = [sql for sql in asked if "LIMIT" in sql]
    assert len(searches) == SPELLED + 4
    for sql in searches:
        assert SEARCHED.search(plan_of(company, sql)), sql
