"""Loads are whole, repeatable, undone exactly, and never take an opt-out back."""

from datetime import date
from functools import lru_cache
from pathlib import Path

import duckdb
import pytest

from core.contracts import DATASET_TABLES
from core.errors import Busy, NotAllowed, NotFound, QuestionOpen, Refused
from core.services import import_ledger
from core.services.accounts import SYSTEM, Actor, Role
from core.services.import_archive import archive_of
from core.services.import_files import STAGE_LOAD, choose, load, plan, receive
from core.services.import_ledger import report_of
from core.services.import_paths import import_paths
from core.services.import_undo import undo
from core.store.bulk import fetch_table
from core.store.dataset import SOURCES, head_of, load_dataset
from core.store.locks import exclusive
from core.store.tenant import Store, TenantStore
from tests.contract.conftest import new_tenant
from tests.contract.copies import begin_with

AS_OF = date(2026, 10, 31)
VIEWER = Actor(user_id="v", username="vera", role=Role.VIEWER, language="en")
FILES = {
    "clients_20260101.csv": (
        "client_code,email,name,email_opt_out\nC1,a@example.com,Anne,no\nC2,b@example.com,Bob,no\n"
        "C3,c@example.com,Cleo,no\nC4,d@example.com,Dan,no\nC5,e@example.com,Eve,no\n"
        "C6,f@example.com,Fay,no\n"
    ),
    "products_20260101.csv": "product_key,name,price_ttc\nP1,Riesling,9.50\nP2,Sylvaner,7.00\n",
    "sales_20260101.csv": (
        "document_id,line_no,product_key,client_code,quantity,amount,sale_date\n"
        "D1,1,P1,C1,6,57.00,2025-12-01\nD2,1,P2,,1,7.00,2025-12-02\n"
    ),
}


def write(folder: Path, files: dict[str, str]) -> list[Path]:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in files]


def bring(tenant: TenantStore, folder: Path, files: dict[str, str]) -> dict[str, object]:
    return import_paths(tenant, SYSTEM, write(folder, files), as_of=AS_OF, confirm_opt_outs=True)


@lru_cache(maxsize=1)
def looking() -> duckdb.DuckDBPyConnection:
    """Where every look at a company's rows is taken: a connection takes longer than most looks."""
    return duckdb.connect()


def state(tenant: TenantStore) -> str:
    with tenant.read() as tx:
        return load_dataset(tx, looking())


def rows(tenant: TenantStore, table: str, columns: str) -> list[tuple[object, ...]]:
    types, source = DATASET_TABLES[table], SOURCES[table]
    names = ", ".join(f'"{name}"' for name in types)
    with tenant.read() as tx:
        values = {"head": head_of(tx)} if ":head" in source else {}
        fetch_table(tx, looking(), "looked_at", types, f"SELECT {names} {source}", **values)
    return looking().execute(f"SELECT {columns} FROM looked_at ORDER BY ALL").fetchall()


@pytest.fixture
def loaded(tenant: TenantStore) -> TenantStore:
    return begin_with(tenant, FILES)


def test_a_correction_replaces_and_blank_cells_never_erase(
    loaded: TenantStore, tmp_path: Path
) -> None:
    changed = {
        "clients_20260201.csv": "client_code,email,name\nC1,,Anna\n",
        "sales_20260201.csv": (
            "document_id,line_no,product_key,client_code,quantity,amount,sale_date\n"
            "D1,1,P1,C1,12,114.00,2025-12-01\n"
        ),
    }
    bring(loaded, tmp_path, changed)
    assert rows(loaded, "customers", "customer, email, name")[0] == ("C1", "a@example.com", "Anna")
    assert rows(loaded, "sale_lines", "document_id, quantity_milli, amount_cents")[0] == (
        "D1", 12_000, 11_400,
    )  # fmt: skip


def test_an_older_export_that_arrives_late_changes_nothing(
    loaded: TenantStore, tmp_path: Path
) -> None:
    before = rows(loaded, "customers", "*")
    report = bring(loaded, tmp_path, {"clients_20250101.csv": "client_code,name\nC1,An old name\n"})
    assert rows(loaded, "customers", "*") == before
    assert report["totals"]["unchanged"] == 1  # type: ignore[index]


def test_undo_restores_exactly_what_was_there(loaded: TenantStore, tmp_path: Path) -> None:
    before = state(loaded)
    report = bring(
        loaded,
        tmp_path,
        {
            "clients_20260201.csv": "client_code,name\nC1,Other\nC9,New\n",
            "sales_20260201.csv": (
                "document_id,line_no,product_key,client_code,quantity,amount,sale_date\n"
                "D1,1,P1,C1,1,9.50,2025-12-01\nD3,1,P1,C9,1,9.50,2026-01-05\n"
            ),
        },
    )
    assert state(loaded) != before
    undo(loaded, SYSTEM, str(report["import_id"]))
    assert state(loaded) == before
    bring(loaded, tmp_path / "again", {"clients_20260301.csv": "client_code,name\nC1,Third\n"})
    assert rows(loaded, "customers", "customer, name")[0] == ("C1", "Third")


def test_only_the_last_import_can_be_undone(loaded: TenantStore, tmp_path: Path) -> None:
    first = import_ledger.list_imports(loaded)[0].import_id
    bring(loaded, tmp_path, {"clients_20260201.csv": "client_code,name\nC1,Other\n"})
    with pytest.raises(Refused, match="later import"):
        undo(loaded, SYSTEM, first)


def test_undo_takes_no_opt_out_back(loaded: TenantStore, tmp_path: Path) -> None:
    report = bring(
        loaded, tmp_path, {"clients_20260201.csv": "client_code,email_opt_out\nC1,yes\n"}
    )
    undo(loaded, SYSTEM, str(report["import_id"]))
    assert rows(loaded, "suppressions", "customer, email_norm, reason") == [
        ("C1", "a@example.com", "opt_out")
    ]


def test_an_import_never_resubscribes(loaded: TenantStore, tmp_path: Path) -> None:
    bring(loaded, tmp_path / "out", {"clients_20260201.csv": "client_code,email_opt_out\nC1,yes\n"})
    report = bring(
        loaded, tmp_path / "in", {"clients_20260301.csv": "client_code,email_opt_out\nC1,no\n"}
    )
    assert rows(loaded, "customers", "customer, email_opt_out")[0] == ("C1", True)
    assert report["files"][0]["opt_outs_kept"] == 1  # type: ignore[index]


def test_many_opt_outs_at_once_are_asked_first(loaded: TenantStore, tmp_path: Path) -> None:
    text = "client_code,email_opt_out\nC1,yes\nC2,yes\nC3,yes\n"
    paths = write(tmp_path, {"clients_20260201.csv": text})
    before = state(loaded)
    with pytest.raises(QuestionOpen, match="opt 3 of 6 customers"):
        import_paths(loaded, SYSTEM, paths, as_of=AS_OF)
    assert state(loaded) == before
    report = import_paths(loaded, SYSTEM, paths, as_of=AS_OF, only_plan=True)
    assert report["opt_out_alarm"] == {"leaving": 3, "customers": 6}
    import_paths(loaded, SYSTEM, paths, as_of=AS_OF, confirm_opt_outs=True)
    assert len(rows(loaded, "suppressions", "customer")) == 3


@pytest.mark.parametrize("step", ["stage_rows", "stage_suppressions", "stage_held"])
def test_a_load_killed_anywhere_shows_nothing_and_succeeds_again(
    loaded: TenantStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    before = state(loaded)
    text = "client_code,name,email_opt_out\nC1,Other,yes\nC7,New,no\n"
    paths = write(tmp_path, {"clients_20260201.csv": text})
    import_id = receive(loaded, SYSTEM, [(p.name, p) for p in paths], as_of=AS_OF)

    class Killed(BaseException):
        pass

    def killed(*_args: object, **_kwargs: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(f"core.services.import_load.{step}", killed)
        with pytest.raises(Killed):
            load(loaded, import_id)
    assert state(loaded) == before
    report = load(loaded, import_id)
    assert report["status"] == "loaded"
    assert rows(loaded, "customers", "customer, name")[0] == ("C1", "Other")
    assert len(rows(loaded, "suppressions", "customer")) == 1


def test_opt_outs_of_a_command_that_died_before_publishing_count_when_it_is_given_again(
    loaded: TenantStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "client_code,contact_date,status\nC1,2026-01-05,unsubscribe\n"

    def interrupted(*_args: object, **_kwargs: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("core.services.import_files.publish", interrupted)
        with pytest.raises(KeyboardInterrupt):
            bring(loaded, tmp_path, {"contacts_20260201.csv": text})
    before = rows(loaded, "suppressions", "customer")
    bring(loaded, tmp_path, {"contacts_20260201.csv": text})
    assert set(rows(loaded, "suppressions", "customer")) - set(before) == {("C1",)}


def test_an_import_that_is_given_up_while_it_is_loaded_stays_given_up(
    loaded: TenantStore, tmp_path: Path
) -> None:
    before = state(loaded)
    paths = write(tmp_path, {"clients_20260201.csv": "client_code,name\nC9,New\n"})
    import_id = receive(loaded, SYSTEM, [(p.name, p) for p in paths], as_of=AS_OF)

    def give_up(stage: str, done: int, _total: int, /) -> None:
        if stage == STAGE_LOAD and done == 0:
            import_ledger.discard(loaded, SYSTEM, import_id)

    with pytest.raises(Refused, match="closed"):
        load(loaded, import_id, give_up)
    assert import_ledger.entry_of(loaded, import_id).status == import_ledger.DISCARDED
    assert state(loaded) == before
    bring(loaded, tmp_path / "again", {"clients_20260201.csv": "client_code,name\nC9,New\n"})
    assert ("C9", "New") in rows(loaded, "customers", "customer, name")


def test_a_plan_loads_nothing_and_says_what_would(loaded: TenantStore, tmp_path: Path) -> None:
    before = state(loaded)
    text = "client_code,name\nC1,Other\nC8,New\nC2,Bob\n,Nobody\n"
    paths = write(tmp_path, {"clients_20260201.csv": text})
    report = import_paths(loaded, SYSTEM, paths, as_of=AS_OF, only_plan=True)
    assert state(loaded) == before
    assert {name: report["totals"][name] for name in ("loaded", "unchanged", "rejected")} == {
        "loaded": 2, "unchanged": 1, "rejected": 1,
    }  # fmt: skip
    assert len(import_ledger.list_imports(loaded)) == 1


def test_documents_that_would_count_twice_are_counted_beforehand(
    loaded: TenantStore, tmp_path: Path
) -> None:
    without_lines = {
        "sales_20260201.csv": (
            "document_id,product_key,client_code,quantity,amount,sale_date\n"
            "D1,P1,C1,6,57.00,2025-12-01\nD3,P2,,1,7.00,2025-12-02\n"
        )
    }
    paths = write(tmp_path / "second", without_lines)
    import_id = receive(loaded, SYSTEM, [(p.name, p) for p in paths], as_of=AS_OF)
    assert plan(loaded, import_id)["files"][0]["renumbered"] == 1
    again = {"sales_20260301.csv": FILES["sales_20260101.csv"]}
    paths = write(tmp_path / "third", again)
    import_id = receive(loaded, SYSTEM, [(p.name, p) for p in paths], as_of=AS_OF)
    assert plan(loaded, import_id)["files"][0]["renumbered"] == 0


def test_an_open_question_is_asked_then_answered(loaded: TenantStore, tmp_path: Path) -> None:
    text = (
        "document_id,line_no,product_key,client_code,quantity,amount,sale_date\n"
        "D7,1,P1,C1,1,9.50,03/04/2026\n"
    )
    paths = write(tmp_path, {"sales.csv": text})
    import_id = receive(loaded, SYSTEM, [(p.name, p) for p in paths], as_of=AS_OF)
    report = plan(loaded, import_id)
    waiting = report["files"][0]["recognition"]["waits_for"]
    assert (report["status"], waiting["question"]) == ("asking", "date_order")
    with pytest.raises(QuestionOpen):
        load(loaded, import_id)
    choose(loaded, SYSTEM, import_id, 1, {"kind": "sales", waiting["question"]: "dmy"})
    load(loaded, import_id)
    assert date(2026, 4, 3) in {row[0] for row in rows(loaded, "sale_lines", "sale_date")}


def test_a_known_layout_is_not_asked_again(loaded: TenantStore, tmp_path: Path) -> None:
    header = "Mon code;Désignation maison\n"
    first = write(tmp_path, {"a.csv": f"{header}P8;Muscat\n"})
    import_id = receive(loaded, SYSTEM, [(p.name, p) for p in first], as_of=AS_OF)
    mapping = {
        "kind": "products",
        "columns": {"product_key": "Mon code", "name": "Désignation maison"},
    }
    choose(loaded, SYSTEM, import_id, 1, mapping)
    load(loaded, import_id)
    bring(loaded, tmp_path / "next", {"b.csv": f"{header}P9;Gewurztraminer\n"})
    assert ("P9", "Gewurztraminer") in rows(loaded, "products", "product_key, name")


def test_a_second_import_waits_its_turn(loaded: TenantStore, tmp_path: Path) -> None:
    paths = write(tmp_path, {"clients.csv": "client_code\nC1\n"})
    with exclusive(loaded, "import", "held by the test"), pytest.raises(Busy):
        import_paths(loaded, SYSTEM, paths, as_of=AS_OF)


def test_an_import_belongs_to_its_tenant(store: Store, loaded: TenantStore, tmp_path: Path) -> None:
    other = new_tenant(store)
    import_id = import_ledger.list_imports(loaded)[0].import_id
    for use_case in (report_of, load, plan):
        with pytest.raises(NotFound):
            use_case(other, import_id)
    assert import_ledger.list_imports(other) == []
    bring(other, tmp_path, FILES)
    assert state(other) == state(loaded)


def test_a_viewer_imports_nothing(tenant: TenantStore, tmp_path: Path) -> None:
    paths = write(tmp_path, {"clients.csv": "client_code\nC1\n"})
    with pytest.raises(NotAllowed):
        receive(tenant, VIEWER, [(p.name, p) for p in paths])


def test_originals_are_kept_read_only_beside_the_report(loaded: TenantStore) -> None:
    entry = import_ledger.list_imports(loaded)[0]
    archive = archive_of(loaded, entry.import_id)
    for file in entry.files:
        original = archive.original(file.file_no, file.name)
        assert original.read_text(encoding="utf-8") == FILES[file.name]
        assert original.stat().st_mode & 0o222 == 0
    assert archive.report.is_file()
