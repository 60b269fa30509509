"""Nothing from the future enters a rolling backtest, and row order means nothing to it."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.policy import Policy
from core.reco.backtest.baselines import rank_baselines
from core.reco.backtest.rolling import read_past, rolling_trial, set_apart
from core.reco.backtest.systems import rank_catalogue
from core.reco.tables import fetch_columns
from core.services.backtest import ROLLING, Options, look_back
from tests.property.test_reco_properties import CUSTOMERS, lines, products
from tests.sampling import examples
from tests.unit.reco.dataset import AS_OF, load_dataset, sale

DAYS = 60  # from the date looked back to until AS_OF
THEN = AS_OF - timedelta(days=DAYS)
POLICY = Policy(top_n=4, pool_size=6)
LATER = st.tuples(
    st.sampled_from([*(c["customer"] for c in CUSTOMERS), None]),
    st.integers(0, 10),  # product; some are in no catalogue
    st.sampled_from([0, 1, 5, 29, 30, DAYS - 1]),
    st.sampled_from([1, 2, 12, -1, -6]),
    st.sampled_from([0, 700, 1300]),
    st.sampled_from([None, None, True]),
)


def sales_of(drawn, catalogue, prefix):
    return [
        sale(
            customer, f"P{number % (len(catalogue) + 2)}", ago, quantity=quantity, price=price,
            is_gift=gift, document=f"{prefix}{customer}-{ago}",
        )
        | {"line_key": f"{prefix}{at}"}
        for at, (customer, number, ago, quantity, price, gift) in enumerate(drawn)
    ]  # fmt: skip


def seen_at(then, tables):
    """Return what every system answers on the day `then` for each customer, by name."""
    con = load_dataset(**tables)
    set_apart(con)
    found = read_past(con, AS_OF, POLICY)
    if found is None:
        return None
    trial, model, _ = rolling_trial(con, found[0], then, DAYS, POLICY, 5)
    known = np.flatnonzero(np.diff(trial.history.offsets) > 0)
    everybody = replace(trial.asked, customer=known, today=np.full(len(known), trial.as_of))
    trial = replace(trial, asked=everybody)
    chains = np.append(fetch_columns(con, "SELECT chain FROM chain_numbers")["chain"], None)
    answers = rank_baselines(trial, 5) | {
        "ours": rank_catalogue(model, trial.history, trial.population, everybody, 5)
    }
    lists = con.execute("FROM pool JOIN product_numbers USING (product_no) ORDER BY ALL").fetchall()
    named = {name: chains[ranked].tolist() for name, ranked in answers.items()}
    return known.tolist(), named, [(row[1], row[2], row[3], row[-2]) for row in lists]


@settings(
    deadline=None, max_examples=examples(15, short=6), suppress_health_check=[HealthCheck.too_slow]
)
@given(products, st.lists(lines, max_size=25), st.lists(LATER, max_size=12))
def test_lines_after_the_date_change_nothing(catalogue, drawn, later):
    before = sales_of([line for line in drawn if line[2] >= DAYS], catalogue, "a")
    # One old line without a product of the catalogue gives the span a beginning and an end.
    before.append(sale("C6", "OLD", 900))
    tables = {"customers": CUSTOMERS, "products": catalogue}
    one = seen_at(THEN, {**tables, "sales": before})
    other = seen_at(THEN, {**tables, "sales": [*before, *sales_of(later, catalogue, "z")]})
    assert one == other


@settings(
    deadline=None, max_examples=examples(10, short=4), suppress_health_check=[HealthCheck.too_slow]
)
@given(products, st.lists(lines, max_size=30), st.randoms())
def test_the_order_of_rows_changes_nothing(catalogue, drawn, random):
    sales = [*sales_of(drawn, catalogue, "a"), sale("C6", "OLD", 900), sale("C5", "OLD", 0)]
    reports = []
    for _ in range(2):
        con = load_dataset(customers=CUSTOMERS, products=catalogue, sales=sales)
        set_apart(con)
        options = Options(
            protocol=ROLLING, k=3, as_of=AS_OF, window_days=DAYS, dates=3, policy=POLICY
        )
        reports.append(look_back(con, options))
        random.shuffle(sales)
    assert reports[0] == reports[1]
    assert [one["as_of"] for one in reports[0]["dates"]][-1] == THEN.isoformat()
