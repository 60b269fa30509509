"""An import reads what its files name and nothing twice, and leaves no trace when it is killed."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from core.contracts import FileKind
from core.services import import_files, import_known
from core.services.accounts import SYSTEM
from core.services.import_files import load, plan, receive
from core.services.import_known import fetch_named
from core.services.import_ledger import list_imports
from core.services.import_state import open_state, visible_table
from core.services.import_undo import undo
from core.store.bulk import store_rows_in_steps
from core.store.sqlite_steps import insert_in_steps
from core.store.tenant import TenantStore
from tests.contract.copies import begin_with
from tests.contract.test_import_files import AS_OF, FILES, bring, rows, state, write

HEADER = "document_id,product_key,client_code,quantity,amount,sale_date\n"
CLIENTS = "client_code,name\nC1,Anne\nC2,Bob\nC3,Cleo\n"


def staged_seq(tenant: TenantStore) -> object:
    with tenant.read() as tx:
        return tx.scalar("SELECT staged_seq FROM tenant_head WHERE tenant_id = :tenant")


@pytest.fixture
def loaded(tenant: TenantStore) -> TenantStore:
    return begin_with(tenant, FILES)


@pytest.fixture
def unreadable(loaded: TenantStore, monkeypatch: pytest.MonkeyPatch) -> TenantStore:
    """Let every import after the first fail that reads its files."""

    def refuse(*_args: object) -> None:
        raise AssertionError("the files were read")

    monkeypatch.setattr(import_files, "work_through", refuse)
    return loaded


def test_the_same_bytes_are_not_read_again(unreadable: TenantStore, tmp_path: Path) -> None:
    first, paths = list_imports(unreadable)[0], write(tmp_path, FILES)
    again = receive(unreadable, SYSTEM, [(p.name, p) for p in paths], as_of=AS_OF)
    planned = plan(unreadable, again)
    assert (planned["import_id"], planned["status"]) == (again, "planned")
    assert planned["same_as"]["import_id"] == first.import_id
    assert load(unreadable, again)["import_id"] == first.import_id


@pytest.mark.parametrize(
    "files",
    [
        {name: FILES[name] for name in list(FILES)[:2]},
        {**FILES, "products_20260101.csv": FILES["products_20260101.csv"] + "P3,Muscat,8.00\n"},
    ],
    ids=["fewer files", "one row more"],
)
def test_other_files_are_read(
    unreadable: TenantStore, tmp_path: Path, files: dict[str, str]
) -> None:
    with pytest.raises(AssertionError, match="were read"):
        bring(unreadable, tmp_path, files)


def test_the_same_bytes_under_another_mapping_are_read(tenant: TenantStore, tmp_path: Path) -> None:
    paths = write(tmp_path, {"clients.csv": "client_code,Newsletter\nC1,oui\nC2,non\n"})
    columns = {"client_code": "client_code", "email_opt_out": "Newsletter"}
    for inverse, opted_out in (((), [("C1", True), ("C2", False)]), (("email_opt_out",), None)):
        import_id = receive(tenant, SYSTEM, [(p.name, p) for p in paths], as_of=AS_OF)
        mapping = {"kind": "clients", "columns": columns, "inverse": list(inverse)}
        import_files.choose(tenant, SYSTEM, import_id, 1, mapping)
        import_files.confirm_opt_outs(tenant, SYSTEM, import_id)
        report = load(tenant, import_id)
        assert report["import_id"] == import_id
        if opted_out:
            assert rows(tenant, "customers", "customer, email_opt_out") == opted_out


@pytest.mark.parametrize(
    ("few", "at_once", "lookups", "fetched"),
    [(250_000, 25_000, 10, 2), (250_000, 1, 10, 2), (250_000, 1, 2, 2), (0, 25_000, 10, 6)],
    ids=["named", "in parts", "joined", "whole"],
)
def test_only_named_rows_are_fetched_unless_they_are_many(
    loaded: TenantStore,
    monkeypatch: pytest.MonkeyPatch,
    few: int,
    at_once: int,
    lookups: int,
    fetched: int,
) -> None:
    monkeypatch.setattr("core.store.wanted._KEYS_AT_ONCE", at_once)
    monkeypatch.setattr("core.store.wanted._MOST_LOOKUPS", lookups)
    monkeypatch.setattr(import_known, "_FEW", few)
    monkeypatch.setattr(import_known, "_LARGE_PART", 0.0)
    with loaded.read() as tx, duckdb.connect() as con:
        open_state(con)
        con.execute("CREATE TABLE f1_folded AS SELECT unnest(['C2', 'C4', 'C9']) AS customer")
        fetch_named(tx, con, FileKind.CLIENTS, "f1")
        fetch_named(tx, con, FileKind.CLIENTS, "f1")
        table = visible_table(FileKind.CLIENTS)
        found = con.execute(f"SELECT customer, email FROM {table} ORDER BY ALL").fetchall()
    assert len(found) == fetched
    assert {("C2", "b@example.com"), ("C4", "d@example.com")} <= set(found)


@pytest.mark.postgres  # SQLite looks keys up one after another
@pytest.mark.parametrize("store", ["postgres"], indirect=True)
def test_a_transaction_beside_sees_what_the_first_one_sees(loaded: TenantStore) -> None:
    count = "SELECT count(*) FROM customer WHERE tenant_id = :tenant"
    with loaded.read() as tx:
        snapshot = tx.share_snapshot()
        with loaded.begin() as writing:
            writing.execute("DELETE FROM customer WHERE tenant_id = :tenant")
        with tx.beside(snapshot) as other:
            assert (tx.scalar(count), other.scalar(count)) == (6, 6)
    with loaded.read() as later:
        assert later.scalar(count) == 0


def test_rows_are_superseded_in_many_parts_and_come_back(
    loaded: TenantStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("_ROWS_AT_ONCE", "_ROWS_UNDER_LOCK"):
        monkeypatch.setattr(f"core.store.bulk.{name}", 2)
    monkeypatch.setattr("core.store.sqlite_steps._FIRST_CHUNKS", 1)
    before = state(loaded)
    text = "client_code,name\n" + "".join(f"C{n},New {n}\n" for n in range(2, 10))
    report = bring(loaded, tmp_path, {"clients_20260201.csv": text})
    found = dict(rows(loaded, "customers", "customer, name"))
    assert found == {"C1": "Anne", **{f"C{n}": f"New {n}" for n in range(2, 10)}}
    undo(loaded, SYSTEM, str(report["import_id"]))
    assert state(loaded) == before


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)  # Postgres has many writers
def test_sqlite_is_free_while_the_next_rows_are_made(
    tenant: TenantStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.store.sqlite_steps._FIRST_CHUNKS", 1)
    engine = tenant.store.data_engine

    def chunks() -> Iterator[list[tuple[int]]]:
        for number in range(9):
            with sqlite3.connect(
                str(engine.url.database), timeout=0, isolation_level=None
            ) as other:
                other.execute("BEGIN IMMEDIATE")
                other.execute("ROLLBACK")
            yield [(number,)]

    steps: list[list[int]] = []
    insert_in_steps(tenant, chunks(), lambda _tx, rows: steps.append([n for (n,) in rows]))
    assert [number for step in steps for number in step] == list(range(9))
    assert len(steps) > 1


def test_files_of_one_import_correct_one_another(tenant: TenantStore, tmp_path: Path) -> None:
    files = {
        "clients_20260101.csv": CLIENTS,
        "clients_20260201.csv": "client_code,name\nC2,Robert\nC4,Dan\n",
        "clients_20251201.csv": "client_code,name,phone\nC2,Old,222\nC5,Eve,555\n",
    }
    bring(tenant, tmp_path, files)
    expected = [
        ("C1", "Anne", None), ("C2", "Robert", "222"), ("C3", "Cleo", None),
        ("C4", "Dan", None), ("C5", "Eve", "555"),
    ]  # fmt: skip
    assert rows(tenant, "customers", "customer, name, phone") == expected


def test_a_released_sale_releases_the_older_return(tenant: TenantStore, tmp_path: Path) -> None:
    bring(tenant, tmp_path, {"clients_20260101.csv": "client_code,email\nC1,a@example.com\n"})
    bring(tenant, tmp_path, {"sales_20260101.csv": f"{HEADER}D2,P1,C1,-2,-20.00,2026-01-20\n"})
    bring(tenant, tmp_path, {"sales_20260201.csv": f"{HEADER}D1,P1,C1,6,60.00,2026-01-10\n"})
    report = bring(tenant, tmp_path, {"products_20260101.csv": "product_key,name\nP1,Riesling\n"})
    assert report["released"] == 2
    assert rows(tenant, "sale_lines", "document_id") == [("D1",), ("D2",)]


def test_a_killed_load_is_announced_and_cleared_by_the_next(
    loaded: TenantStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert staged_seq(loaded) is None
    before = state(loaded)

    def killed(*_args: object, **_kwargs: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("core.services.import_load.stage_suppressions", killed)
        paths = write(tmp_path, {"clients_20260201.csv": "client_code,name\nC1,Other\nC8,New\n"})
        import_id = import_files.receive(loaded, SYSTEM, [(p.name, p) for p in paths], as_of=AS_OF)
        with pytest.raises(KeyboardInterrupt):
            import_files.load(loaded, import_id)
    assert (staged_seq(loaded), state(loaded)) == (2, before)
    bring(loaded, tmp_path / "next", {"clients_20260201.csv": "client_code,name\nC7,Third\n"})
    assert staged_seq(loaded) is None
    found = dict(rows(loaded, "customers", "customer, name"))
    assert (found["C1"], found["C7"], "C8" in found) == ("Anne", "Third", False)


def test_text_is_stored_as_it_is(tenant: TenantStore) -> None:
    texts = ["", "\\N", 'a "quoted", cell', "two\nlines", "NULL", "é€🍷", " blank "]
    columns = ("suppression_id", "customer", "reason", "source", "since")
    with duckdb.connect() as con:
        con.execute("CREATE TABLE told (id VARCHAR, customer VARCHAR)")
        con.executemany("INSERT INTO told VALUES (?, ?)", [*enumerate(texts), (99, None)])
        select = "SELECT id, customer, 'opt_out', 'test', DATE '2026-01-02' FROM told"
        store_rows_in_steps(tenant, con, select, "suppression", columns)
    with tenant.read() as tx:
        found = tx.rows("SELECT customer FROM suppression WHERE tenant_id = :tenant")
    assert {row["customer"] for row in found} == {*texts, None}
