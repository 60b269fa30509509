import json
from collections.abc import Iterator

import duckdb
import pytest

from core.outreach.audience import Step, parse_audience, read_held_out, select_audience
from core.outreach.holdout import select_held_out

# customer, gate, reason, segment, value, has a list, address (None: unknown customer), suppressed
ROWS = [
    ("A", True, "OK", "vip", 500, True, "shared@x.fr", False),
    ("B", True, "OK", "vip", 900, True, "shared@x.fr", False),
    ("C", True, "OK", "new", 900, True, "shared@x.fr", False),
    ("D", False, "MISSING_EMAIL", "new", 1, False, "", False),
    ("E", False, "MISSING_EMAIL", "new", 1, True, "", False),
    ("F", False, "SCORE_BELOW_80", "new", 1, True, "f@x.fr", False),
    ("G", False, "OK", "new", 1, True, "g@x.fr", False),
    ("H", True, "OK", "new", 1, True, "h@x", False),
    ("I", True, "OK", "new", 1, True, None, False),
    ("J", True, "OK", "new", 1, True, "j@x.fr", True),
    ("K", True, "OK", "new", 1, True, "k@x.fr", False),
    ("L", False, "SILENCE_WINDOW", "vip", 10_000, True, "k@x.fr", False),
    ("é", True, "OK", "vip", 1, True, "e@x.fr", False),
]


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        con.execute(
            "CREATE TABLE verdicts (customer VARCHAR, gate_export BOOLEAN, reason VARCHAR,"
            " segment VARCHAR, value_cents BIGINT, has_list BOOLEAN)"
        )
        con.executemany("INSERT INTO verdicts VALUES (?, ?, ?, ?, ?, ?)", [r[:6] for r in ROWS])
        con.execute("CREATE TABLE customers (customer VARCHAR, email_norm VARCHAR)")
        known = [(r[0], r[6] or None) for r in ROWS if r[6] is not None]
        con.executemany("INSERT INTO customers VALUES (?, ?)", known)
        con.execute(
            "CREATE TABLE deliverable AS SELECT DISTINCT email_norm,"
            " email_norm LIKE '%.fr' AS ok FROM customers WHERE email_norm IS NOT NULL"
        )
        con.execute("CREATE TABLE suppressed AS SELECT 'J' AS customer")
        yield con


def test_every_customer_is_written_to_or_lost_once_with_a_reason(
    con: duckdb.DuckDBPyConnection,
) -> None:
    audience = select_audience(con, "t")
    lost = {(loss.step.value, loss.reason): loss.customers for loss in audience.losses}
    assert lost == {
        ("list", "NO_RECOMMENDATION"): ("D",),
        ("gate", "MISSING_EMAIL"): ("E",),
        ("gate", "REJECTED_IN_REVIEW"): ("G",),
        ("gate", "SCORE_BELOW_80"): ("F",),
        ("gate", "SILENCE_WINDOW"): ("L",),
        ("address", "CUSTOMER_GONE"): ("I",),
        ("address", "MISSING_EMAIL"): ("H",),
        ("suppression", "OPTOUT_OR_BOUNCE"): ("J",),
        ("shared", "SHARED_ADDRESS"): ("A", "C"),
    }
    written_to = con.execute("SELECT * FROM recipients ORDER BY delivery_no").fetchall()
    assert written_to == [(1, "B", "shared@x.fr"), (2, "K", "k@x.fr"), (3, "é", "e@x.fr")]


def test_the_funnel_goes_down_step_by_step(con: duckdb.DuckDBPyConnection) -> None:
    audience = select_audience(con, "t")
    assert audience.customers == len(ROWS)
    assert [(s.step, s.remaining) for s in audience.steps] == [
        (Step.LIST, 12),
        (Step.GATE, 8),
        (Step.ADDRESS, 6),
        (Step.SUPPRESSION, 5),
        (Step.SHARED, 3),
    ]
    assert (audience.recipients, audience.shared, audience.planned) == (3, 2, 5)
    assert audience.segments == {"new": 1, "vip": 2}


def test_a_frozen_audience_is_read_back_as_it_was(con: duckdb.DuckDBPyConnection) -> None:
    audience = select_audience(con, "t")
    stored = json.loads(json.dumps(audience.to_dict()))
    assert next(iter(stored)) == "planned"
    assert parse_audience(stored) == audience


def test_nobody_is_written_to_at_the_address_of_a_customer_held_out(
    con: duckdb.DuckDBPyConnection,
) -> None:
    con.execute("UPDATE verdicts SET segment = 'vip'")
    tenant_id = next(
        t for t in "abcdefgh" if select_held_out(t, dict.fromkeys("BKé", ""), 0.3) == {"B"}
    )
    audience = select_audience(con, tenant_id, holdout_share=0.3)
    lost = {loss.reason: loss.customers for loss in audience.losses}
    assert (lost["HELD_OUT"], lost["HELD_OUT_ADDRESS"]) == (("B",), ("A", "C"))
    assert read_held_out(con) == [("B", "vip")]
    assert [(s.step, s.remaining) for s in audience.steps[-2:]] == [
        (Step.SHARED, 3),
        (Step.HOLDOUT, 2),
    ]
    assert (audience.planned, audience.held_out, audience.segments) == (2, 1, {"vip": 2})
    assert parse_audience(json.loads(json.dumps(audience.to_dict()))) == audience
