"""A real merchant's year of sales, from the file to the lists (public data, kept beside us)."""

import csv
import io
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest

from core.services.accounts import SYSTEM
from core.services.execute_run import create_run, execute
from core.services.export_run import export_file
from core.services.import_paths import import_paths
from core.store.dataset import load_dataset
from core.store.tenant import TenantStore
from tests.contract.conftest import MakeStore, new_tenant

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT.parent / "shared" / "data" / "online-retail" / "OnlineRetail.csv.gz"
MAPPING = ROOT / "samples" / "mappings" / "online_retail.json"
AS_OF = date(2011, 12, 10)

pytestmark = [
    pytest.mark.shared_data,
    pytest.mark.skipif(not FILE.exists(), reason="the public data sets are not here"),
]


@pytest.fixture(scope="module")
def merchant(make_store: MakeStore) -> TenantStore:
    return new_tenant(make_store("sqlite"), "retail")


@pytest.fixture(scope="module")
def report(merchant: TenantStore) -> dict[str, object]:
    return import_paths(merchant, SYSTEM, [FILE], mapping_file=MAPPING, as_of=AS_OF)


@pytest.fixture(scope="module")
def items(merchant: TenantStore, report: dict[str, object]) -> list[dict[str, str]]:
    assert report["status"] == "loaded"
    run_id = create_run(merchant, SYSTEM, as_of=AS_OF)
    execute(merchant, run_id)
    content = b"".join(export_file(merchant, run_id, "reco_output.csv")).decode()
    return list(csv.DictReader(io.StringIO(content, newline="")))


@pytest.fixture(scope="module")
def dataset(
    merchant: TenantStore, report: dict[str, object]
) -> Iterator[duckdb.DuckDBPyConnection]:
    """What a run starts from, to be looked at."""
    with duckdb.connect() as con:
        with merchant.read() as tx:
            load_dataset(tx, con)
        yield con


def test_every_buyer_gets_a_list_without_repeats_or_fees(
    dataset: duckdb.DuckDBPyConnection, items: list[dict[str, str]]
) -> None:
    buyers = dataset.execute(
        "SELECT DISTINCT customer FROM sale_lines WHERE customer IS NOT NULL AND quantity_milli > 0"
    ).fetchall()
    fees = dataset.execute("SELECT product_key FROM products WHERE NOT is_recommendable").fetchall()
    assert {row[0] for row in buyers} <= {item["customer_code"] for item in items}
    pairs = [(item["customer_code"], item["product_key"]) for item in items]
    assert len(set(pairs)) == len(pairs)
    named = {"POST", "M", "D", "BANK CHARGES", "DOT", "AMAZONFEE", "23444", "23574"}
    assert named <= {row[0] for row in fees}
    assert not {row[0] for row in fees} & {item["product_key"] for item in items}


def test_what_was_wholly_returned_was_not_bought(
    dataset: duckdb.DuckDBPyConnection, items: list[dict[str, str]]
) -> None:
    """Customer 12346 bought 74,215 pieces of one product and returned every one."""
    kept = dataset.execute(
        "SELECT sum(quantity_milli) FROM sale_lines WHERE customer = '12346'"
    ).fetchone()
    assert kept == (0,)
    assert {i["scenario"] for i in items if i["customer_code"] == "12346"} == {"nurture"}
