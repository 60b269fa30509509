"""What is asked of an import while another process loads it changes nothing that is published."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest

from core.errors import Busy, CrmError, Refused
from core.services import import_files
from core.services.accounts import SYSTEM
from core.services.alias_batch import decide_and_load
from core.services.alias_desk import decide
from core.services.import_again import leave_out, reopen
from core.services.import_archive import archive_of
from core.services.import_corrections import choose_correction
from core.services.import_files import (
    STAGE_LOAD,
    choose,
    confirm_opt_outs,
    load,
    plan,
    receive,
)
from core.services.import_forgetting import forget
from core.services.import_ledger import discard, entry_of, list_imports
from core.services.import_paths import import_paths
from core.services.import_undo import undo
from core.services.import_work import STAGE_CHECK
from core.store.import_answers import store_file_mapping, store_left_out
from core.store.import_relations import store_origin
from core.store.imports import Origin
from core.store.tenant import TenantStore, Transaction
from core.store.undo import unpublish
from tests.contract.copies import begin_with
from tests.contract.test_alias_desk import CATALOGUE, SALES, TYPO
from tests.contract.test_import_files import FILES, bring, rows, state, write

AS_OF = date(2026, 10, 31)
MORE = {
    "clients_20260201.csv": "client_code,email,name\nC9,nine@example.com,New\n",
    "products_20260201.csv": "product_key,name,price_ttc\nP9,Muscat,5.00\n",
}
ONE = {"clients_20260301.csv": "client_code,name\nC9,New\n"}
OTHERWISE = {"kind": "clients", "columns": {"client_code": "name"}}


class Overtaken(TenantStore):
    """A store before whose first writing transaction another process does something."""

    def __init__(self, store: TenantStore, first: Callable[[], object]) -> None:
        super().__init__(store.store, store.tenant)
        self._first: Callable[[], object] | None = first

    @contextmanager
    def begin(self) -> Iterator[Transaction]:
        first, self._first = self._first, None
        if first is not None:
            first()
        with super().begin() as tx:
            yield tx


@pytest.fixture
def loaded(tenant: TenantStore) -> TenantStore:
    return begin_with(tenant, FILES)


def received(tenant: TenantStore, folder: Path, files: dict[str, str]) -> str:
    paths = write(folder, files)
    return receive(tenant, SYSTEM, [(p.name, p) for p in paths], as_of=AS_OF)


def first_id(tenant: TenantStore) -> str:
    [first] = (entry.import_id for entry in list_imports(tenant) if entry.seq == 1)
    return first


CHANGES: dict[str, Callable[[TenantStore, str], object]] = {
    "choose": lambda store, key: choose(store, SYSTEM, key, 1, OTHERWISE),
    "leave out": lambda store, key: leave_out(store, SYSTEM, key, 1),
    "confirm": lambda store, key: confirm_opt_outs(store, SYSTEM, key),
    "discard": lambda store, key: discard(store, SYSTEM, key),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_overtaken_by_the_load_is_refused(
    loaded: TenantStore, tmp_path: Path, change: str
) -> None:
    import_id = received(loaded, tmp_path / "more", MORE)
    overtaken = Overtaken(loaded, lambda: load(loaded, import_id))
    with pytest.raises(Refused, match="loaded already"):
        CHANGES[change](overtaken, import_id)
    entry = entry_of(loaded, import_id)
    assert (entry.status, entry.opt_outs_confirmed_by) == ("loaded", None)
    assert not any(file.left_out for file in entry.files)
    assert "nine@example.com" in {row[0] for row in rows(loaded, "customers", "email")}
    assert json.loads(entry.files[0].mapping_json or "")["columns"]["client_code"] == "client_code"


def test_a_correction_chosen_too_late_is_refused(loaded: TenantStore, tmp_path: Path) -> None:
    import_id = received(loaded, tmp_path / "more", ONE)
    overtaken = Overtaken(loaded, lambda: load(loaded, import_id))
    with pytest.raises(Refused, match="loaded already"):
        choose_correction(overtaken, SYSTEM, import_id, first_id(loaded), 3)
    entry = entry_of(loaded, import_id)
    assert (entry.status, entry.origin, entry.files[0].file_no) == ("loaded", Origin.FILES, 1)
    assert archive_of(loaded, import_id).original(1, entry.files[0].name).exists()


def test_nothing_is_changed_while_it_is_being_loaded(loaded: TenantStore, tmp_path: Path) -> None:
    import_id = received(loaded, tmp_path / "more", MORE)
    refused = []

    def meddle(stage: str, done: int, _total: int, /) -> None:
        for name in ("choose", "leave out", "confirm") if (stage, done) == (STAGE_LOAD, 0) else ():
            with pytest.raises(Busy, match="being loaded"):
                CHANGES[name](loaded, import_id)
            refused.append(name)

    load(loaded, import_id, meddle)
    assert (len(refused), entry_of(loaded, import_id).status) == (3, "loaded")
    assert not (archive_of(loaded, import_id).folder / "loading.lock").exists()


def test_what_is_chosen_during_a_load_leaves_the_ledger_as_it_was_loaded(
    loaded: TenantStore, tmp_path: Path
) -> None:
    import_id = received(loaded, tmp_path / "more", MORE)

    def meddle(stage: str, done: int, _total: int, /) -> None:
        if stage == STAGE_LOAD and done == 0:
            with loaded.begin() as tx:
                store_file_mapping(tx, import_id, 1, kind=None, mapping_json="{}")
                store_left_out(tx, import_id, 2, left_out=True)

    report = load(loaded, import_id, meddle)
    first, second = entry_of(loaded, import_id).files
    read_as = report["files"][0]["recognition"]
    assert json.loads(first.mapping_json or "") == read_as["mapping"]
    assert first.exported_at.isoformat() == read_as["exported_at"]
    assert (first.kind, second.kind, second.left_out) == ("clients", "products", False)


def test_a_load_whose_files_became_a_correction_publishes_nothing(
    loaded: TenantStore, tmp_path: Path
) -> None:
    before, import_id = state(loaded), received(loaded, tmp_path / "more", ONE)

    def meddle(stage: str, done: int, _total: int, /) -> None:
        if stage == STAGE_LOAD and done == 0:
            entry, parent = (entry_of(loaded, key) for key in (import_id, first_id(loaded)))
            with loaded.begin() as tx:
                store_origin(tx, import_id, parent, 1, entry.files[0])

    with pytest.raises(Refused, match="changed while it was being loaded"):
        load(loaded, import_id, meddle)
    assert entry_of(loaded, import_id).status == "received"
    assert state(loaded) == before
    assert plan(loaded, import_id)["origin"] == Origin.CORRECTION


def test_an_import_given_up_while_it_is_looked_at_stays_given_up(
    loaded: TenantStore, tmp_path: Path
) -> None:
    import_id = received(loaded, tmp_path / "more", MORE)

    def give_up(stage: str, done: int, _total: int, /) -> None:
        if stage == STAGE_CHECK and done == 0:
            discard(loaded, SYSTEM, import_id)

    with pytest.raises(Refused, match="given up"):
        plan(loaded, import_id, give_up)
    entry = entry_of(loaded, import_id)
    assert (entry.status, entry.report_json) == ("discarded", None)
    assert not archive_of(loaded, import_id).report.exists()


def test_taking_up_again_twice_does_not_reopen_what_was_loaded(
    loaded: TenantStore, tmp_path: Path
) -> None:
    import_id = received(loaded, tmp_path / "more", MORE)
    discard(loaded, SYSTEM, import_id)

    def reopened_and_loaded() -> None:
        reopen(loaded, SYSTEM, import_id)
        load(loaded, import_id)

    with pytest.raises(Refused, match="loaded already"):
        reopen(Overtaken(loaded, reopened_and_loaded), SYSTEM, import_id)
    assert entry_of(loaded, import_id).status == "loaded"


def test_only_what_is_loaded_becomes_undone(loaded: TenantStore, tmp_path: Path) -> None:
    open_one = received(loaded, tmp_path / "more", MORE)
    seq = entry_of(loaded, first_id(loaded)).seq
    assert seq is not None
    with pytest.raises(Refused, match="changed"), loaded.begin() as tx:
        unpublish(tx, [first_id(loaded), open_one], seq, seq)
    assert {entry.status for entry in list_imports(loaded)} == {"loaded", "received"}
    undo(loaded, SYSTEM, first_id(loaded))
    assert rows(loaded, "customers", "customer") == []


def test_what_is_published_is_not_forgotten(loaded: TenantStore, tmp_path: Path) -> None:
    import_id = received(loaded, tmp_path / "more", MORE)
    forget(Overtaken(loaded, lambda: load(loaded, import_id)), import_id)
    assert entry_of(loaded, import_id).status == "loaded"
    assert archive_of(loaded, import_id).report.exists()


def test_a_command_stopped_after_the_publication_leaves_the_import_loaded(
    loaded: TenantStore, tmp_path: Path
) -> None:
    def stop(stage: str, done: int, _total: int, /) -> None:
        if stage == STAGE_LOAD and done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_paths(loaded, SYSTEM, write(tmp_path / "m", MORE), as_of=AS_OF, progress=stop)
    assert [entry.status for entry in list_imports(loaded)] == ["loaded", "loaded"]


def test_a_refused_command_leaves_no_trace(
    loaded: TenantStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "client_code,contact_date,status\nC1,2026-01-05,unsubscribe\n"

    def refuse(*_args: object) -> None:
        raise Refused("no")

    with monkeypatch.context() as patched:
        patched.setattr(import_files, "publish", refuse)
        with pytest.raises(Refused, match="no"):
            bring(loaded, tmp_path / "c", {"contacts_20260201.csv": text})
    with loaded.read() as tx:
        count = "SELECT count(*) FROM {} WHERE tenant_id = :tenant"
        left = [tx.scalar(count.format(t)) for t in ("suppression", "contact_history", "imports")]
    assert left == [0, 0, 1]


def test_a_release_that_somebody_else_loads_is_not_given_up(
    tenant: TenantStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring(tenant, tmp_path, CATALOGUE)
    bring(tenant, tmp_path, SALES)

    def loaded_elsewhere(store: TenantStore, import_id: str, *_args: object) -> None:
        load(store, import_id)
        raise CrmError("busy")

    with monkeypatch.context() as patched:
        patched.setattr("core.services.alias_batch.load", loaded_elsewhere)
        assert decide_and_load(tenant, SYSTEM, {TYPO: "RIE-21"})["released"] == 2
    assert decide(tenant, SYSTEM, {TYPO: "RIE-21"}) is None


@pytest.mark.parametrize("before_the_commit", [True, False])
def test_a_correction_whose_choice_was_killed_is_chosen_again(
    loaded: TenantStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before_the_commit: bool
) -> None:
    import_id, parent = received(loaded, tmp_path / "more", ONE), first_id(loaded)

    def die(*_args: object) -> None:
        raise KeyboardInterrupt

    where = "store_origin" if before_the_commit else "ImportArchive.keep_only"
    with monkeypatch.context() as patched:
        patched.setattr(f"core.services.import_corrections.{where}", die)
        with pytest.raises(KeyboardInterrupt):
            choose_correction(loaded, SYSTEM, import_id, parent, 3)
    entry, archive = entry_of(loaded, import_id), archive_of(loaded, import_id)
    assert archive.original(entry.files[0].file_no, entry.files[0].name).exists()
    file_no = 2 if before_the_commit else 3
    choose_correction(loaded, SYSTEM, import_id, parent, file_no)
    entry = entry_of(loaded, import_id)
    assert (entry.origin, [file.file_no for file in entry.files]) == (Origin.CORRECTION, [file_no])
    assert list(archive.raw.iterdir()) == [archive.original(file_no, entry.files[0].name)]


def test_a_killed_load_leaves_no_report_that_is_not_true(
    loaded: TenantStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_id = received(loaded, tmp_path / "more", MORE)
    plan(loaded, import_id)
    archive = archive_of(loaded, import_id)

    def die(*_args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("core.services.import_publication.publish_import", die)
        with pytest.raises(KeyboardInterrupt):
            load(loaded, import_id)
    assert not archive.report.exists()
    with monkeypatch.context() as patched:
        patched.setattr("core.services.import_archive.ImportArchive.write_report", die)
        with pytest.raises(KeyboardInterrupt):
            load(loaded, import_id)
    assert (entry_of(loaded, import_id).status, archive.report.exists()) == ("loaded", False)
    report = load(loaded, import_id)
    assert json.loads(archive.report.read_text()) == report
    assert report["status"] == "loaded"
