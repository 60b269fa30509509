"""The exported files: the same bytes on every database, safe in a spreadsheet, complete."""

import csv
import io
import json
import tomllib
from pathlib import Path

import pytest
from python_calamine import load_workbook

from core import __version__
from core.contracts import AUDIT_OUTPUT, NEXT_ACTION_OUTPUT, RECO_OUTPUT
from core.errors import NotFound, StoreUnavailable
from core.services.accounts import SYSTEM
from core.services.csv_cells import csv_lines, escape, unescape
from core.services.export_run import (
    CSV_NAMES,
    EXPORT_NAMES,
    export_card,
    export_file,
    write_exports,
)
from core.store.tenant import Store, TenantStore
from tests.contract.campaign_data import fill_run, people
from tests.contract.conftest import MakeStore, new_tenant
from tests.contract.kill_worlds import end_connections
from tests.golden.small_tenant import comparable_files, run_small_tenant, store_small_tenant

ROOT = Path(__file__).parents[2]
ISAVIGNE = ROOT / "samples" / "isavigne"
HEADERS = {
    "reco_output.csv": RECO_OUTPUT,
    "audit_output.csv": AUDIT_OUTPUT,
    "next_action_output.csv": NEXT_ACTION_OUTPUT,
}


@pytest.fixture(scope="module")
def finished(store: Store) -> tuple[TenantStore, str]:
    tenant = new_tenant(store)
    store_small_tenant(tenant)
    return tenant, run_small_tenant(tenant)


def content(finished: tuple[TenantStore, str], name: str) -> bytes:
    return b"".join(export_file(*finished, name))


def rows_of(finished: tuple[TenantStore, str], name: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content(finished, name).decode(), newline="")))


@pytest.mark.postgres
def test_every_database_gives_the_same_bytes(every_store: dict[str, Store]) -> None:
    found = {}
    for kind, store in every_store.items():
        tenant = new_tenant(store)
        store_small_tenant(tenant)
        found[kind] = comparable_files(tenant, run_small_tenant(tenant))
    assert found["sqlite"] == found["postgres"] == found["french"]


def test_running_twice_gives_the_same_bytes(finished: tuple[TenantStore, str]) -> None:
    tenant, run_id = finished
    assert comparable_files(tenant, run_small_tenant(tenant)) == comparable_files(tenant, run_id)


@pytest.mark.parametrize("name", CSV_NAMES)
def test_rows_are_in_bytewise_order(finished: tuple[TenantStore, str], name: str) -> None:
    header, *rows = rows_of(finished, name)
    assert tuple(header) == HEADERS[name]
    customers = [unescape(row[1]).encode() for row in rows]
    assert customers == sorted(customers)
    assert len(set(customers)) > 3


def test_cells_have_the_published_forms(finished: tuple[TenantStore, str]) -> None:
    _, *recommended = rows_of(finished, "reco_output.csv")
    _, *actions = rows_of(finished, "next_action_output.csv")
    assert all(len(row[5].partition(".")[2]) == 6 for row in recommended)
    assert all(isinstance(json.loads(row[7]), dict) for row in recommended)
    assert {row[2] for row in actions} == {"true", "false"}
    assert "'=H8" in {row[1] for row in actions}
    assert b"\r" not in content(finished, "next_action_output.csv")


def test_workbooks_hold_the_same_cells_as_text(finished: tuple[TenantStore, str]) -> None:
    for name in CSV_NAMES:
        workbook = load_workbook(io.BytesIO(content(finished, name.replace(".csv", ".xlsx"))))
        cells = workbook.get_sheet_by_index(0).to_python()
        assert cells == [[unescape(cell) for cell in row] for row in rows_of(finished, name)]


def test_the_summary_tells_what_the_files_hold(finished: tuple[TenantStore, str]) -> None:
    summary = json.loads(content(finished, "run_summary.json"))
    _, *recommended = rows_of(finished, "reco_output.csv")
    _, *issues = rows_of(finished, "audit_output.csv")
    _, *actions = rows_of(finished, "next_action_output.csv")
    blocked = sum(row[2] == "false" for row in actions)
    assert summary["recommendations"] == sum(summary["scenario_counts"].values())
    assert summary["recommendations"] == len(recommended)
    assert sum(sum(found.values()) for found in summary["rule_counts"].values()) == len(issues)
    assert summary["customers"] == len(actions) == summary["eligible"] + blocked
    assert summary["gating_rate"] == round(blocked / len(actions), 6)
    assert summary["audit_score_quantiles"]["max"] == max(int(row[5]) for row in actions)
    assert summary["code_version"] == __version__
    assert summary["run_id"] == finished[1]


def test_the_code_version_is_that_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == __version__


def test_written_files_are_those_exported(
    finished: tuple[TenantStore, str], tmp_path: Path
) -> None:
    paths = write_exports(finished[0], SYSTEM, finished[1], tmp_path / "out")
    assert [path.name for path in paths] == list(EXPORT_NAMES)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(EXPORT_NAMES)
    for path in paths:
        assert path.read_bytes() == content(finished, path.name)


def test_cards_tell_rows_and_size(finished: tuple[TenantStore, str]) -> None:
    for name in CSV_NAMES:
        card = export_card(*finished, name)
        assert card.rows == len(rows_of(finished, name)) - 1
        assert card.bytes == len(content(finished, name))
    assert export_card(*finished, "run_summary.json").rows is None


@pytest.mark.parametrize("name", ["reco_output", "policy.csv", "../run_summary.json", ""])
def test_other_names_are_not_found(finished: tuple[TenantStore, str], name: str) -> None:
    with pytest.raises(NotFound):
        export_file(*finished, name)


HOSTILE = (
    *("=1+1", "-1", "-x", "'=1", '"=1"', "a;@b", "a\t-b", "\tx", "\rx", "a\rb", "a\n=b", "\\."),
    *(" x", "x ", ",", '"', '""', "é;+", "\\N", "a,b\n", "-12,50", ";" * 3 + "=", "NULL"),
)


def test_cells_of_every_kind_come_out_as_they_are_escaped(store: Store) -> None:
    """Postgres copies the rows out, and they are escaped in blocks; SQLite's come row by row."""
    tenant = new_tenant(store)
    run_id = fill_run(tenant, [], status="done")
    with tenant.begin() as tx:
        tx.execute("UPDATE run SET summary_json = '{}' WHERE tenant_id = :tenant")
        tx.execute_many(
            "INSERT INTO reco_output (tenant_id, run_id, customer, rank, scenario, product_key,"
            " score, explain_short, reasons_json)"
            " VALUES (:tenant, :run_id, :cell, 1, 'rebuy', :cell, 0.123457, :cell, '')",
            [{"run_id": run_id, "cell": cell} for cell in HOSTILE],
        )
    found = b"".join(export_file(tenant, run_id, "reco_output.csv"))
    rows = [
        [run_id, escape(cell), "rebuy", "1", escape(cell), "0.123457", escape(cell), ""]
        for cell in sorted(HOSTILE, key=str.encode)
    ]
    assert found == csv_lines([RECO_OUTPUT, *rows])


def test_who_stops_reading_frees_the_connection(store: Store) -> None:
    tenant = new_tenant(store)
    run_id = fill_run(tenant, people(2), status="done")
    with tenant.begin() as tx:
        tx.execute("UPDATE run SET summary_json = '{}' WHERE tenant_id = :tenant")
        tx.execute(
            "UPDATE reco_output SET reasons_json = :long WHERE tenant_id = :tenant",
            long="x" * 3_000_000,
        )
    for _ in range(20):  # of a pool of fifteen
        pieces = export_file(tenant, run_id, "reco_output.csv")
        assert next(pieces).startswith(b"run_id")
        assert next(pieces)
        pieces.close()  # type: ignore[attr-defined]


@pytest.mark.postgres
def test_a_database_that_goes_away_in_the_middle_is_told_in_a_sentence(
    make_store: MakeStore,
) -> None:
    tenant = new_tenant(make_store("postgres"))
    run_id = fill_run(tenant, people(4), status="done")
    with tenant.begin() as tx:
        tx.execute("UPDATE run SET summary_json = '{}' WHERE tenant_id = :tenant")
        tx.execute(
            "UPDATE reco_output SET reasons_json = :long WHERE tenant_id = :tenant",
            long="x" * 3_000_000,
        )
    pieces = export_file(tenant, run_id, "reco_output.csv")
    assert [next(pieces)[:6], next(pieces)[:3]] == [b"run_id", run_id[:3].encode()]
    end_connections(tenant.store.settings.database_url)
    with pytest.raises(StoreUnavailable):
        list(pieces)
