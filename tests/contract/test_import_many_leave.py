"""Many opt-outs at once are asked for, however they are said, and again when they change."""

from pathlib import Path

import pytest

from core.errors import Busy, QuestionOpen
from core.services import import_files
from core.services.accounts import SYSTEM
from core.services.import_again import leave_out, reopen
from core.services.import_files import choose, confirm_opt_outs, load, plan, receive
from core.services.import_ledger import discard
from core.services.import_paths import import_paths
from core.store.tenant import TenantStore
from tests.contract.copies import begin_with
from tests.contract.test_import_files import AS_OF, bring, rows, write

TEN = {
    "clients_20260101.csv": "client_code,email\n"
    + "".join(f"C{n},{'home' if n < 8 else n}@example.com\n" for n in range(10))
}
CONTACTS = "client_code,email,contact_date,status\n"


@pytest.fixture
def ten(tenant: TenantStore) -> TenantStore:
    """Ten customers, eight of them under one address."""
    return begin_with(tenant, TEN)


def received(tenant: TenantStore, folder: Path, files: dict[str, str]) -> str:
    paths = write(folder, files)
    return receive(tenant, SYSTEM, [(path.name, path) for path in paths], as_of=AS_OF)


@pytest.mark.parametrize("who", ["C1,", ",home@example.com", "C1,home@example.com"])
def test_who_leaves_under_a_shared_address_leaves_for_all(
    ten: TenantStore, tmp_path: Path, who: str
) -> None:
    files = {"contacts_20260201.csv": f"{CONTACTS}{who},2026-01-02,unsubscribe\n"}
    import_id = received(ten, tmp_path, files)
    with pytest.raises(QuestionOpen, match="opt 8 of 10 customers"):
        load(ten, import_id)


def test_strangers_in_rejected_rows_are_no_customers_who_leave(
    ten: TenantStore, tmp_path: Path
) -> None:
    lines = "".join(f"X{n},x{n}@example.com,2025-13-01,yes\n" for n in range(9))
    files = {"clients_20260201.csv": f"client_code,email,created_at,email_opt_out\n{lines}"}
    import_paths(ten, SYSTEM, write(tmp_path, files), as_of=AS_OF)
    assert len(rows(ten, "suppressions", "customer")) == 9


def test_a_confirmation_is_for_what_was_confirmed(ten: TenantStore, tmp_path: Path) -> None:
    news = "".join(f"C{n},{'yes' if n < 3 else 'no'}\n" for n in range(10))
    import_id = received(ten, tmp_path, {"clients_20260201.csv": f"client_code,news\n{news}"})
    mapping = {
        "kind": "clients",
        "columns": {"client_code": "client_code", "email_opt_out": "news"},
    }
    choose(ten, SYSTEM, import_id, 1, mapping)
    assert plan(ten, import_id)["opt_out_alarm"] == {"leaving": 8, "customers": 10}
    confirm_opt_outs(ten, SYSTEM, import_id)
    choose(ten, SYSTEM, import_id, 1, {**mapping, "inverse": ["email_opt_out"]})
    with pytest.raises(QuestionOpen, match="opt 10 of 10 customers"):
        load(ten, import_id)


@pytest.mark.parametrize("way", ["taken back", "taken up again"])
def test_a_file_taken_back_is_confirmed_by_nobody(
    ten: TenantStore, tmp_path: Path, way: str
) -> None:
    files = {
        "clients_20260201.csv": "client_code,email_opt_out\nC8,yes\nC9,yes\n",
        "clients_20260202.csv": "client_code,email_opt_out\nC1,yes\n",
    }
    import_id = received(ten, tmp_path, files)
    leave_out(ten, SYSTEM, import_id, 2)
    confirm_opt_outs(ten, SYSTEM, import_id)
    if way == "taken back":
        leave_out(ten, SYSTEM, import_id, 2, left_out=False)
    else:
        discard(ten, SYSTEM, import_id)
        reopen(ten, SYSTEM, import_id)
        leave_out(ten, SYSTEM, import_id, 2, left_out=False)
    with pytest.raises(QuestionOpen, match="of 10 customers"):
        load(ten, import_id)


def test_a_killed_load_does_not_hide_who_leaves(
    ten: TenantStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {"clients_20260201.csv": "client_code,email_opt_out\nC8,yes\nC9,yes\nC1,yes\n"}
    import_id = received(ten, tmp_path, files)
    before = plan(ten, import_id)["opt_out_alarm"]
    confirm_opt_outs(ten, SYSTEM, import_id)

    class Killed(BaseException):
        pass

    def killed(*_args: object, **_kwargs: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(import_files, "publish", killed)
        with pytest.raises(Killed):
            load(ten, import_id)
    assert before is not None
    assert plan(ten, import_id)["opt_out_alarm"] == before


def test_what_is_given_up_while_it_is_loaded_is_not_taken_up_meanwhile(
    ten: TenantStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_id = received(ten, tmp_path, {"clients_20260201.csv": "client_code,name\nC1,Anne\n"})
    publish = import_files.publish

    def given_up_first(*args: object, **kwargs: object) -> object:
        discard(ten, SYSTEM, import_id)
        with pytest.raises(Busy):
            reopen(ten, SYSTEM, import_id)
        return publish(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(import_files, "publish", given_up_first)
    with pytest.raises(Exception, match="given up"):
        load(ten, import_id)
    assert rows(ten, "customers", "name") == [(None,)] * 10


def test_those_who_left_by_a_rejected_message_count(ten: TenantStore, tmp_path: Path) -> None:
    lines = "C8,,31/02/2026,unsubscribe\n,c9@example.com,,complaint\nC7,,31/02/2026,hard_bounce\n"
    report = bring(ten, tmp_path, {"contacts_20260201.csv": CONTACTS + lines})
    counts = {issue["code"]: issue["rows"] for issue in report["files"][0]["issues"]}  # type: ignore[index]
    assert counts["OPT_OUT_TAKEN"] == 2
    assert rows(ten, "suppressions", "customer, email_norm, reason") == [
        ("C8", "8@example.com", "unsubscribe"),
        ("C8", None, "unsubscribe"),
        (None, "c9@example.com", "complaint"),
    ]
