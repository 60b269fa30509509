"""Both samples through the import, each row with the verdict that was planted for it."""

import csv
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest

from core.services.accounts import SYSTEM
from core.services.import_archive import archive_of
from core.services.import_ledger import report_of
from core.services.import_paths import import_paths
from core.services.import_report import BUCKETS
from core.store.dataset import load_dataset
from core.store.tenant import Store, TenantStore
from tests.contract.conftest import new_tenant

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
MESSY = SAMPLES / "messy"
AS_OF = date(2026, 10, 31)


@pytest.fixture(scope="module")
def messy(store: Store) -> tuple[TenantStore, str]:
    """A company with the messy sample, and the id of its import; tests only look at both."""
    tenant = new_tenant(store)
    report = import_paths(tenant, SYSTEM, [MESSY], mapping_file=MESSY / "mapping.json", as_of=AS_OF)
    return tenant, str(report["import_id"])


def _verdicts(tenant: TenantStore, import_id: str) -> Iterator[tuple[str, int, str, set[str]]]:
    """Yield file, line, bucket and codes of every row that is not loaded without remark."""
    archive = archive_of(tenant, import_id)
    for file in report_of(tenant, import_id)["files"]:
        buckets = archive.staged(file["file_no"], "buckets")
        issues = archive.staged(file["file_no"], "issues")
        rows = duckdb.sql(
            f"""
            SELECT line, coalesce(any_value(bucket), 'loaded'), list(code) FILTER (code IS NOT NULL)
            FROM (SELECT record, line, bucket FROM '{buckets}')
            FULL JOIN (SELECT record, line, code FROM '{issues}') USING (record, line)
            GROUP BY line, record ORDER BY record
            """
        ).fetchall()
        for line, bucket, codes in rows:
            if bucket != "loaded" or codes:
                yield file["name"], line, bucket, set(codes or ())


def test_every_messy_row_gets_its_planted_verdict(messy: tuple[TenantStore, str]) -> None:
    tenant, import_id = messy
    with (MESSY / "expected" / "verdicts.csv").open(encoding="utf-8", newline="") as stream:
        planted = {
            (row["file"], int(row["line"])): (row["bucket"], row["code"])
            for row in csv.DictReader(stream)
        }
    found = {(name, line): (b, codes) for name, line, b, codes in _verdicts(tenant, import_id)}

    unplanted = sorted(set(found) - set(planted))
    assert unplanted == []
    wrong = [
        (place, expected, found.get(place))
        for place, expected in sorted(planted.items())
        if place not in found
        or found[place][0] != expected[0]
        or (expected[1] and expected[1] not in found[place][1])
    ]
    assert wrong == []


def test_messy_counts_add_up_as_planted(messy: tuple[TenantStore, str]) -> None:
    report = report_of(*messy)
    planted = json.loads((MESSY / "expected" / "counts.json").read_text())
    counted = {
        file["name"]: {name: file[name] for name in ("rows_in", *BUCKETS, "anonymous")}
        for file in report["files"]
    }
    assert counted == planted
    for counts in counted.values():
        assert counts["rows_in"] == sum(counts[bucket] for bucket in BUCKETS)


def test_both_samples_bring_the_same_sales(messy: tuple[TenantStore, str]) -> None:
    """The French export is the same data, so what is loaded from it must be too."""
    tenant, _ = messy
    with tenant.read() as tx, duckdb.connect() as con:
        load_dataset(tx, con)
        loaded = con.execute(
            "SELECT count(*), sum(quantity_milli), sum(amount_cents) FROM sale_lines"
            " WHERE coalesce(document_status, 'valid') = 'valid'"
        ).fetchone()
    [clean] = duckdb.sql(
        f"""
        SELECT count(*), sum(CAST(quantity AS DECIMAL(18, 3))) * 1000,
            sum(CAST(amount AS DECIMAL(18, 2))) * 100
        FROM read_csv('{SAMPLES / "isavigne" / "sales.csv"}', all_varchar = true)
        WHERE coalesce(document_status, 'valid') = 'valid'
        """
    ).fetchall()
    assert loaded == clean


def test_the_same_bytes_again_change_nothing(tenant: TenantStore) -> None:
    first = import_paths(tenant, SYSTEM, [SAMPLES / "isavigne"], as_of=AS_OF)
    again = import_paths(tenant, SYSTEM, [SAMPLES / "isavigne"], as_of=AS_OF)
    assert again == first
