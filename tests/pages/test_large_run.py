"""A run of 500,000 customers: the page reads a page of it, whatever is filtered or opened."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from core.services.accounts import SYSTEM, Role
from core.services.execute_run import create_run
from core.store.tenant import Transaction
from tests.golden.small_tenant import AS_OF, store_row
from tests.pages.conftest import Look, World, add_company, sentences

pytestmark = pytest.mark.full  # the rows take the database ten seconds

CUSTOMERS, PAGE, DECISIONS = 500_000, 20, 300
BLOCKED = CUSTOMERS // 10

# Each tenth customer has no address, each fifth has the product P; the others have Q.
_FILLED = (
    """
    INSERT INTO next_action_output
        (tenant_id, run_id, customer, eligible, reason, scenario, audit_score, gate_export, state,
        segment, value_cents)
    SELECT
        :tenant, :run_id, printf('C%06d', i), i % 10 > 0,
        CASE WHEN i % 10 THEN 'OK' ELSE 'MISSING_EMAIL' END, 'rebuy',
        CASE WHEN i % 10 THEN 100 ELSE 60 END, i % 10 > 0, 'active', 'champions', i
    FROM numbers
    """,
    """
    INSERT INTO audit_output
        (tenant_id, run_id, customer, issue_no, severity, rule_code, details_json)
    SELECT :tenant, :run_id, printf('C%06d', i), 1, 'ERROR', 'MISSING_EMAIL', '{}'
    FROM numbers WHERE i % 10 = 0
    """,
    """
    INSERT INTO reco_output
        (tenant_id, run_id, customer, rank, scenario, product_key, score, explain_short,
        reasons_json)
    SELECT
        :tenant, :run_id, printf('C%06d', i), 1, 'rebuy', CASE WHEN i % 5 THEN 'Q' ELSE 'P' END,
        0.5, 'Bought.', '{}'
    FROM numbers
    """,
)
_DECIDED = """
INSERT INTO review_decision
    (tenant_id, run_id, decision_no, kind, seen_review, customer, filter_json, note, decided_at,
    decided_by, withdrawn_at, withdrawn_review)
SELECT
    :tenant, :run_id, i, 'approve', 0, printf('C%06d', 20 + i), '{}', '', :now, 'lena', :now, 0
FROM numbers
"""
_NUMBERS = "WITH RECURSIVE numbers(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers LIMIT {n}) "
_FINISH = """
UPDATE run SET
    status = 'done',
    qc_json = :qc_json,
    summary_json = (
        SELECT json_set(
            summary_json, '$.customers', {n}, '$.eligible', {n} - {blocked}, '$.gating_rate', 0.1
        )
        FROM run WHERE run_id = :like
    )
WHERE tenant_id = :tenant AND run_id = :run_id
"""


def _group(name: str) -> dict[str, Any]:
    eligible = CUSTOMERS - BLOCKED
    return {"name": name, "customers": CUSTOMERS, "eligible": eligible, "value_cents": 0}


def _figures() -> dict[str, list[dict[str, Any]]]:
    """What the run keeps of itself, as `compute_qc` counts it."""
    eligible, fifth = CUSTOMERS - BLOCKED, CUSTOMERS // 5
    issue = {"rule_code": "MISSING_EMAIL", "severity": "ERROR"}
    mix = {"segment": "champions", "scenario": "rebuy", "items": CUSTOMERS}
    return {
        "score_bins": [
            {"score_from": 60, "customers": BLOCKED, "eligible": 0},
            {"score_from": 100, "customers": eligible, "eligible": eligible},
        ],
        "issues": [{**issue, "issues": BLOCKED, "customers": BLOCKED}],
        "reasons": [
            {"reason": "OK", "customers": eligible},
            {"reason": "MISSING_EMAIL", "customers": BLOCKED},
        ],
        "scenario_mix": [{**mix, "customers": CUSTOMERS}],
        "products": [
            {"product_key": "P", "customers": fifth},
            {"product_key": "Q", "customers": CUSTOMERS - fifth},
        ],
        "segments": [_group("champions")],
        "states": [_group("active")],
    }


def _numbered(sql: str, n: int) -> str:
    """Return an insertion that selects from `numbers`, from 1 to n."""
    target, source = sql.split("SELECT", 1)
    return f"{target} {_NUMBERS.format(n=n)} SELECT {source}"


@pytest.fixture(scope="module")
def large_run(world: World) -> str:
    """The run of a company of lena's, its rows made by the database itself."""
    store = add_company(world.store, "large", {"lena": Role.ANALYST})
    run_id = create_run(store, SYSTEM, as_of=AS_OF)
    with store.begin() as tx:
        for key in ("P", "Q"):
            store_row(tx, "product", 1, {"product_key": key, "name": f"Wine {key}"})
        tx.execute("INSERT INTO tenant_head (tenant_id, seq) VALUES (:tenant, 1)")
        for sql in _FILLED:
            tx.execute(_numbered(sql, CUSTOMERS), run_id=run_id)
        now = "2025-03-01 12:00:00.000000"
        tx.execute(_numbered(_DECIDED, DECISIONS), run_id=run_id, now=now)
        figures = json.dumps(_figures())
        finish = _FINISH.format(n=CUSTOMERS, blocked=BLOCKED)
        tx.execute(finish, run_id=run_id, like=world.run_id, qc_json=figures)
    return run_id


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[str]]:
    """The most rows that came of each query."""
    most: Counter[str] = Counter()
    rows = Transaction.rows

    def counted(tx: Transaction, sql: str, /, **values: object) -> list[dict[str, Any]]:
        found = rows(tx, sql, **values)
        most[sql] = max(most[sql], len(found))
        return found

    monkeypatch.setattr(Transaction, "rows", counted)
    yield most
    assert most
    assert {sql: n for sql, n in most.items() if n > PAGE} == {}


@pytest.mark.parametrize(
    ("query", "total"),
    [
        ({}, CUSTOMERS),
        ({"qc_page": "25000"}, CUSTOMERS),
        ({"rule": "MISSING_EMAIL"}, BLOCKED),
        ({"reason": "OK", "product": "P"}, CUSTOMERS // 10),
        ({"score": "60", "customer": "C000010"}, BLOCKED),
    ],
)
@pytest.mark.usefixtures("read")
def test_no_query_brings_more_rows_than_a_page_shows(
    large_run: str, look: Look, query: dict[str, str], total: int
) -> None:
    page = look("qc", "lena", run=large_run, **query)
    assert not page.exception
    assert not page.error
    assert len(page.dataframe[0].value) == PAGE
    assert f"{total:,} rows" in sentences(page)
