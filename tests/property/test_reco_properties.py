"""What holds for every dataset: the invariants of the scenarios, and same data, same bytes."""

from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.contracts import Scenario
from core.policy import Policy
from tests.unit.reco.dataset import AS_OF, fetch, load_dataset, rank_pools, sale

POLICY = Policy(top_n=3, pool_size=6, max_family_share=0.7)
CUSTOMERS = [
    {"customer": f"C{n}", "customer_type": "trade" if n > 4 else "private"} for n in range(7)
]

products = st.lists(
    st.builds(
        lambda family, sweetness, price, stock, earlier, ok: {
            "family": family,
            "sweetness": sweetness,
            "price_cents": price,
            "stock_quantity": stock,
            "replaces": earlier and f"P{earlier}",
            "is_recommendable": ok,
        },
        st.sampled_from(["Rouge", "Blanc", None]),
        st.sampled_from(["sec", "doux", None]),
        st.sampled_from([None, 800, 1000, 1200, 1500, 4000]),
        st.sampled_from([None, None, 5, 0]),
        st.sampled_from([None, None, None, 1, 2, 3]),
        st.sampled_from([None, True, True, False]),
    ),
    min_size=2,
    max_size=9,
).map(lambda rows: [{"product_key": f"P{n}", **row} for n, row in enumerate(rows)])

lines = st.tuples(
    st.sampled_from([*(c["customer"] for c in CUSTOMERS[:6]), None]),
    st.integers(0, 8),  # product, modulo the catalogue
    st.sampled_from([0, 5, 29, 30, 31, 60, 100, 200, 300, 500, 800]),
    st.sampled_from([1, 1, 2, 6, 12, -1]),
    st.sampled_from([0, 700, 1000, 1300]),
    st.sampled_from([None, None, None, True]),
)


@st.composite
def worlds(draw):
    catalogue = draw(products)
    drawn = draw(st.lists(lines, max_size=25))
    sales = [
        sale(
            customer,
            f"P{number % len(catalogue)}",
            ago,
            quantity=quantity,
            price=price,
            is_gift=gift,
            document=f"{customer}-{ago}",
        )
        | {"line_key": str(n)}
        for n, (customer, number, ago, quantity, price, gift) in enumerate(drawn)
    ]
    return {"customers": CUSTOMERS, "products": catalogue, "sales": sales}


def candidates_of(world, threads=2):
    con = load_dataset(**world, threads=threads)
    rank_pools(con, POLICY, "fr", threads)
    return con


# Each selects the rows that would break a rule.
BROKEN = {
    "a chain twice": "SELECT customer, chain FROM c GROUP BY ALL HAVING count(*) > 1",
    "positions with gaps": """
        SELECT customer FROM c GROUP BY customer
        HAVING max(position) <> count(*) OR min(position) <> 1 OR count(*) > 6
    """,
    "not recommendable": "SELECT * FROM c WHERE NOT recommendable",
    "new but bought": """
        SELECT * FROM c SEMI JOIN bought USING (customer, chain)
        WHERE scenario IN ('cross_sell', 'upsell', 'nurture')
    """,
    "rebuy but never bought": """
        SELECT * FROM c ANTI JOIN bought USING (customer, chain) WHERE scenario = 'rebuy'
    """,
    "rebuy but not due": """
        SELECT * FROM c WHERE scenario = 'rebuy'
            AND coalesce(reasons_json ->> '$.evidence.stage', '') NOT IN ('due', 'late')
    """,
    "bought in the last 30 days": """
        SELECT * FROM c JOIN bought USING (customer, chain)
        WHERE last_date > DATE '2025-06-30' - 30
    """,
    "winback to somebody who is not silent": """
        SELECT * FROM c WHERE scenario = 'winback' AND state NOT IN ('lapsed', 'lost')
    """,
    "nurture to a regular": "SELECT * FROM c WHERE scenario = 'nurture' AND documents > 2",
    "anything but nurture to a prospect": """
        SELECT * FROM c WHERE (state = 'prospect') AND scenario <> 'nurture'
    """,
    "upsell outside the step": """
        SELECT * FROM c LEFT JOIN customer_families AS f USING (customer_no, family_no)
        WHERE scenario = 'upsell' AND NOT coalesce(
            price75_cents * 100 BETWEEN f.paid75_cents * 110 AND f.paid75_cents * 160, FALSE
        )
    """,
    "upsell of a sweetness not bought": """
        SELECT * FROM c
        SEMI JOIN customer_sweetness USING (customer_no, family_no)
        ANTI JOIN customer_sweetness USING (customer_no, family_no, sweetness_no)
        WHERE scenario = 'upsell'
    """,
    "score outside 0 to 1, or without words": """
        SELECT * FROM c WHERE NOT coalesce(
            score BETWEEN 0 AND 1 AND explain_short NOT LIKE '%{%' AND len(reasons_json) > 2, FALSE
        )
    """,
    "a buyer without a list although something is new": """
        SELECT customer FROM customer_facts
        WHERE state <> 'prospect'
            AND customer NOT IN (SELECT customer FROM c)
            AND EXISTS (
                SELECT 1 FROM product_facts
                WHERE recommendable AND NOT EXISTS (
                    SELECT 1 FROM bought
                    WHERE bought.customer = customer_facts.customer
                        AND bought.chain = product_facts.chain
                )
            )
    """,
}

VIEWS = """
CREATE VIEW bought AS
    SELECT customer, chain, max(last_date) AS last_date
    FROM customer_products
    JOIN customer_numbers USING (customer_no)
    JOIN product_facts USING (product_no)
    GROUP BY ALL;
CREATE VIEW c AS
    SELECT
        pooled.*, chain, family_no, sweetness_no, price75_cents, recommendable, state, documents
    FROM pooled JOIN product_facts USING (product_no) JOIN customer_facts USING (customer_no);
"""

unhurried = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@unhurried
@given(worlds())
def test_no_rule_is_broken(world):
    con = candidates_of(world)
    con.execute(VIEWS)
    assert {name: fetch(con, query) for name, query in BROKEN.items() if fetch(con, query)} == {}


@unhurried
@given(worlds(), st.randoms(use_true_random=False))
def test_order_of_rows_and_threads_change_nothing(world, random):
    shuffled = {name: random.sample(rows, len(rows)) for name, rows in world.items()}
    one, other = candidates_of(world, threads=1), candidates_of(shuffled, threads=4)
    query = "SELECT * FROM pooled"
    assert fetch(one, query) == fetch(other, query)
    for table in ("customer_facts", "customer_products", "customer_families"):
        assert fetch(one, f"FROM {table}") == fetch(other, f"FROM {table}")


@unhurried
@given(worlds(), st.lists(lines, min_size=1, max_size=5))
def test_the_future_changes_nothing(world, drawn):
    future = [
        sale(customer, f"P{number % len(world['products'])}", 0, quantity=quantity, price=price)
        | {
            "sale_date": AS_OF + timedelta(days=1 + ago),
            "document_id": f"future-{n}",
            "line_key": f"future-{n}",
        }
        for n, (customer, number, ago, quantity, price, _) in enumerate(drawn)
    ]
    query = "SELECT * FROM pooled"
    later = {**world, "sales": [*world["sales"], *future]}
    assert fetch(candidates_of(world), query) == fetch(candidates_of(later), query)


def test_a_larger_world_is_the_same_on_any_number_of_threads():
    world = {
        "customers": [{"customer": f"C{n}"} for n in range(300)],
        "products": [
            {
                "product_key": f"P{n}",
                "family": ("Rouge", "Blanc", "Bulles")[n % 3],
                "price_cents": 600 + 37 * n,
            }
            for n in range(60)
        ],
        "sales": [
            sale(
                f"C{n % 290}",
                f"P{(n * n + 7 * n) % 60}",
                (n * 53) % 300 + 80 * (n % 10),
                quantity=1 + n % 6,
            )
            for n in range(2500)
        ],
    }
    query = "SELECT * FROM pooled"
    expected = fetch(candidates_of(world, threads=1), query)
    assert {row[5] for row in expected} == set(Scenario)
    assert fetch(candidates_of(world, threads=4), query) == expected
