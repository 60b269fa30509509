"""What holds of the audit for every world, policy and order of rows."""

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from core.audit import check_addresses, decide, find_issues, is_deliverable, repair_lists
from core.contracts import EXTRA_RULES, Severity
from core.policy import AuditPolicy, ExtraRules, Policy
from tests.sampling import examples
from tests.unit.audit.generated import generate
from tests.unit.audit.world import AS_OF, connect, named

ODD_LABELS = (
    "",
    "1",
    "c1",
    "_dmarc",
    "ab--c",
    "xn--caf-dma",
    "café",
    *("a" * n for n in (62, 63, 64)),
)
ENDS = ("exemple", "com", "fr", "local", "test", "arpa", "invalid")
LABELS = st.text("ab1-", min_size=1, max_size=4) | st.sampled_from(ODD_LABELS + ENDS)
LOCALS = st.text("ab1._-+'é\" \\@", max_size=6) | st.sampled_from(["a" * 64, "b" * 190, "c" * 250])
ADDRESSES = st.builds(
    lambda local, labels, end: f"{local}@{'.'.join(labels)}{end}",
    LOCALS,
    st.lists(LABELS, min_size=1, max_size=4),
    st.sampled_from(["", "", "", ".", "\n", " ", ">"]),
)


@settings(max_examples=20, deadline=None)
@given(st.lists(ADDRESSES | st.text(max_size=12), max_size=120, unique=True))
def test_the_fast_way_gives_the_verdict_of_the_library(addresses):
    con = duckdb.connect(config={"threads": 1})
    con.execute("CREATE TABLE customers AS SELECT unnest($1::VARCHAR[]) AS email_norm", [addresses])
    check_addresses(con)
    assert dict(con.execute("FROM deliverable").fetchall()) == {
        address: is_deliverable(address) for address in addresses
    }


EXTRA = st.builds(
    ExtraRules,
    severities=st.dictionaries(st.sampled_from(EXTRA_RULES), st.sampled_from(Severity)),
    cap_messages=st.integers(1, 5),
    fewest_items=st.integers(2, 6),
)
AUDITS = st.builds(
    AuditPolicy,
    severities=st.fixed_dictionaries(
        {code: st.sampled_from(Severity) for code in AuditPolicy().severities}
    ),
    extra=EXTRA,
    error_points=st.integers(0, 50),
    warning_points=st.integers(0, 50),
    recent_days=st.sampled_from([0, 1, 30, 365]),
    soft_bounces_in_a_row=st.integers(1, 4),
    diversity_min_items=st.integers(2, 4),
    diversity_max_share=st.sampled_from([0.1, 0.34, 0.5, 0.7, 1.0]),
    sugar_min_share=st.sampled_from([0.0, 0.2, 0.5, 1.0]),
)
POLICIES = st.builds(Policy, top_n=st.integers(1, 8), audit=AUDITS)


def audited(con, list_table, policy):
    """Return {customer: audit score} of `list_table`."""
    find_issues(con, list_table, AS_OF, policy)
    con.execute("DROP TABLE IF EXISTS repairs")
    decide(con, list_table, policy)
    return dict(con.execute("SELECT customer_no, audit_score FROM verdicts").fetchall())


@settings(max_examples=examples(15, short=6), deadline=None)
@given(st.integers(0, 10_000), POLICIES)
def test_a_repair_never_lowers_a_score_and_lists_stay_in_order(seed, policy):
    con = connect(generate(seed, customers=40, items=12))
    check_addresses(con)
    con.execute(f"CREATE TABLE before AS FROM listed WHERE rank <= {policy.top_n}")
    before = audited(con, "before", policy)

    repair_lists(con, AS_OF, policy)
    after = audited(con, "repaired_list", policy)

    assert after.keys() == before.keys()
    assert all(after[customer] >= before[customer] for customer in before)
    ranks = "SELECT list(rank ORDER BY rank) FROM repaired_list GROUP BY customer_no"
    for (found,) in con.execute(ranks).fetchall():
        assert found == list(range(1, len(found) + 1))
        assert len(found) <= policy.top_n
    foreign = con.execute(
        "SELECT count(*) FROM repaired_list "
        "ANTI JOIN candidates USING (customer_no, product_no, scenario)"
    )
    assert foreign.fetchone() == (0,)


@settings(max_examples=examples(4, short=2), deadline=None)
@given(st.integers(0, 10_000), st.randoms(use_true_random=False))
def test_the_order_of_rows_and_the_threads_change_nothing(seed, draw):
    world = generate(seed, customers=80, items=12)
    first = everything(connect(world))
    for table in ("customers", "products", "contacts", "suppressions", "sent_items", "listed"):
        draw.shuffle(getattr(world, table))
    con = connect(world)
    con.execute("SET threads = 4")
    assert everything(con) == first


def everything(con):
    """Return the rows of every table that repair, audit and gate leave behind."""
    check_addresses(con)
    repair_lists(con, AS_OF, Policy())
    find_issues(con, "repaired_list", AS_OF, Policy())
    decide(con, "repaired_list", Policy())
    results = [named(con, table) for table in ("repairs", "issues", "verdicts")]
    deliverable = con.execute("FROM deliverable").fetchall()
    return [sorted(named(con, "repaired_list")), *results, deliverable]
