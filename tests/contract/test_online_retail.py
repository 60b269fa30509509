"""A real merchant's year of sales, from the file to the lists (public data, kept beside us).

A short run takes one buyer and one anonymous ticket in eight, drawn by the seed of the samples,
and all fees; `make test-full` the whole file.
"""

import csv
import gzip
import io
import os
import random
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
from tests.conftest import SAMPLE_SEED
from tests.contract.conftest import MakeStore, new_tenant

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT.parent / "shared" / "data" / "online-retail" / "OnlineRetail.csv.gz"
MAPPING = ROOT / "samples" / "mappings" / "online_retail.json"
AS_OF = date(2011, 12, 10)
GAVE_ALL_BACK = "12346"
FEES = {"POST", "M", "D", "BANK CHARGES", "DOT", "AMAZONFEE", "23444", "23574"}
ONE_IN = 8

pytestmark = [
    pytest.mark.shared_data,
    pytest.mark.skipif(not FILE.exists(), reason="the public data sets are not here"),
]


@pytest.fixture(scope="module")
def merchant(make_store: MakeStore) -> TenantStore:
    return new_tenant(make_store("sqlite"), "retail")


@pytest.fixture(scope="module")
def file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if request.config.option.markexpr != "not full":
        return FILE
    drawn = random.Random(f"{os.environ[SAMPLE_SEED]} buyers").randrange(ONE_IN)
    path = tmp_path_factory.mktemp("retail") / FILE.name
    with gzip.open(FILE, "rt", newline="") as year, gzip.open(path, "wt", 1, newline="") as part:
        lines, kept = csv.DictReader(year), csv.writer(part)
        kept.writerow(lines.fieldnames or ())
        kept.writerows(line.values() for line in lines if _is_kept(line, drawn))
    return path


def _is_kept(line: dict[str, str], drawn: int) -> bool:
    buyer = line["CustomerID"]
    digits = buyer or "".join(filter(str.isdigit, line["InvoiceNo"]))
    return int(digits) % ONE_IN == drawn or buyer == GAVE_ALL_BACK or line["StockCode"] in FEES


@pytest.fixture(scope="module")
def report(merchant: TenantStore, file: Path) -> dict[str, object]:
    return import_paths(merchant, SYSTEM, [file], mapping_file=MAPPING, as_of=AS_OF)


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
    assert {row[0] for row in fees} >= FEES
    assert not {row[0] for row in fees} & {item["product_key"] for item in items}


def test_what_was_wholly_returned_was_not_bought(
    dataset: duckdb.DuckDBPyConnection, items: list[dict[str, str]]
) -> None:
    """Customer 12346 bought 74,215 pieces of one product and returned every one."""
    kept = dataset.execute(
        "SELECT sum(quantity_milli) FROM sale_lines WHERE customer = ?", [GAVE_ALL_BACK]
    ).fetchone()
    assert kept == (0,)
    assert {i["scenario"] for i in items if i["customer_code"] == GAVE_ALL_BACK} == {"nurture"}
