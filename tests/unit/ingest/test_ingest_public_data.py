"""Real files: the Online Retail sales and the hostile corpora kept beside the checkout."""

import csv
from datetime import date
from pathlib import Path

import pytest

from core.errors import FileRefused, QuestionOpen
from core.ingest.changeset import FileVersion, Known, compare
from core.ingest.clean import ParseOptions, parse_table
from core.ingest.folding import fold_file
from core.ingest.mapping import load_mapping
from core.ingest.reader import ReadLimits, read_dialect
from core.ingest.report import build_report
from core.ingest.source import read_utf8
from tests.unit.ingest.pipeline import EXPORTED_AT, Bench

pytestmark = pytest.mark.shared_data

MAPPING = Path(__file__).parents[3] / "samples" / "mappings" / "online_retail.json"
FEES = {"POST", "D", "M", "m", "DOT", "C2", "S", "B", "BANK CHARGES", "AMAZONFEE", "CRUK", "PADS"}


def test_online_retail_adds_up(bench: Bench, shared_data: Path) -> None:
    dialect, raw = bench.read(shared_data / "online-retail" / "OnlineRetail.csv.gz")
    (mapping,) = load_mapping(MAPPING).values()
    options = ParseOptions(as_of=date(2011, 12, 10), tenant_currency="GBP")
    parsed = parse_table(bench.con, raw, mapping, dialect, options, "f")
    fold_file(bench.con, parsed, mapping)
    version = FileVersion(exported_at=EXPORTED_AT, sha256="a")
    compare(bench.con, parsed, mapping, Known(), version)
    report = build_report(bench.con, parsed, raw, mapping, dialect, name="x", sha256="a")
    assert (report.rows_in, report.anonymous) == (541_909, 135_080)
    assert (report.duplicate, report.merged, report.held, report.rejected) == (5268, 5384, 1206, 0)
    assert report.loaded == 541_909 - 5268 - 5384 - 1206
    fees = bench.rows("SELECT product_key FROM f_new_products WHERE NOT is_recommendable")
    assert {row[0] for row in fees} >= FEES
    assert bench.rows("SELECT name FROM f_new_products WHERE product_key = '85123A'") == [
        ("WHITE HANGING HEART T-LIGHT HOLDER",)
    ]
    assert bench.rows("SELECT country FROM f_new_customers WHERE customer = '12347'") == [
        ("Iceland",)
    ]


def test_no_file_of_the_corpora_breaks_the_reader(bench: Bench, shared_data: Path) -> None:
    read, refused = 0, []
    for path in sorted((shared_data / "csv-corpus").rglob("*")):
        if not path.is_file():
            continue
        try:
            dialect, raw = bench.read(path)
        except (FileRefused, QuestionOpen) as error:
            refused.append(error.sentence("en"))
            continue
        read += 1
        counted = "SELECT (SELECT count(*) FROM raw) + (SELECT count(*) FROM raw_bad)"
        assert bench.rows(counted) == [(raw.rows_in,)], path.name
        if dialect.container == "text" and dialect.line_end == "\n":
            assert raw.rows_in == count_records(path, dialect.encoding, dialect), path.name
    assert read > 50
    assert len(refused) > 10
    assert all(sentence.endswith(".") for sentence in refused)


def count_records(path: Path, encoding: str, dialect: object) -> int:
    text = b"".join(read_utf8(path, "text", encoding, ReadLimits())).decode()
    found = read_dialect(path, ReadLimits())
    lines = text.replace("\0", " ").split("\n")[found.data_line - 1 :]
    reader = csv.reader(
        (f"{line}\n".replace("\r", "") for line in lines), delimiter=found.delimiter
    )
    return sum(1 for record in reader if record)
