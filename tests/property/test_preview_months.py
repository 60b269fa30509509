"""After any imports and undos the stored month totals are those of the visible rows."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.services.accounts import SYSTEM
from core.services.import_paths import import_paths
from core.services.import_undo import undo
from core.settings import Settings
from core.store.dataset import head_of
from core.store.month_totals import aggregate_month_totals, load_month_totals
from core.store.schema import migrate
from core.store.tenant import Store, TenantStore
from tests.contract.conftest import NOW, new_tenant

HEADER = "document_id,line_no,product_key,client_code,quantity,amount,sale_date,document_status"
LINE = st.builds(
    "{},{},{},,{},{}.50,{},{}".format,
    st.sampled_from(["D1", "D2", "D3"]),
    st.sampled_from(["1", "2"]),
    st.sampled_from(["P1", "P2"]),
    st.sampled_from(["1", "-1", "x"]),
    st.integers(-30, 90),
    st.dates(date(2025, 11, 20), date(2026, 2, 10)),
    st.sampled_from(["", "valid", "cancelled"]),
)
EXPORTED = st.sampled_from(["20260301", "20260302", "20260303"])
# Sales exported on a day, a product that lines may wait for, or the undo of the last import.
STEP = st.one_of(
    st.tuples(EXPORTED, st.lists(LINE, min_size=1, max_size=5, unique=True)),
    st.just("products"),
    st.just("undo"),
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder = tmp_path_factory.mktemp("months")
    made = Settings(database_url=f"sqlite:///{folder}/crm.db", data_dir=folder / "data")
    migrate(made)
    store = Store(made, now=lambda: NOW)
    yield store
    store.dispose()


def bring(tenant: TenantStore, folder: Path, name: str, lines: list[str]) -> str:
    path = folder / name
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return str(import_paths(tenant, SYSTEM, [path], as_of=date(2026, 10, 31))["import_id"])


def hold(tenant: TenantStore) -> None:
    with tenant.read() as tx:
        head = head_of(tx)
        assert load_month_totals(tx, head) == aggregate_month_totals(tx, head)


@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(STEP, min_size=2, max_size=4))
def test_totals_are_those_of_the_visible_rows(
    store: Store, tmp_path: Path, steps: list[str | tuple[str, list[str]]]
) -> None:
    tenant = new_tenant(store)
    loaded = [bring(tenant, tmp_path, "products.csv", ["product_key,name", "P1,Riesling"])]
    for step in steps:
        if step == "products":
            lines = ["product_key,name", "P2,Sylvaner"]
            loaded.append(bring(tenant, tmp_path, "products.csv", lines))
        elif isinstance(step, tuple):
            name = f"sales_{step[0]}.csv"
            loaded.append(bring(tenant, tmp_path, name, [HEADER, *step[1]]))
        elif loaded:
            undo(tenant, SYSTEM, loaded.pop())
        loaded = list(dict.fromkeys(loaded))  # the same file again is the import of before
        hold(tenant)
