"""An import that would write again to people who opted out opts nobody back in, and says so."""

from pathlib import Path

import pytest

from core.errors import QuestionOpen
from core.services.accounts import SYSTEM
from core.services.import_paths import import_paths
from core.store.tenant import TenantStore
from tests.contract.copies import begin_with
from tests.contract.test_import_files import AS_OF, bring, rows, write

HEADER = "client_code,email,name,email_opt_out\n"
LEFT = {
    "clients_20260101.csv": HEADER
    + "".join(f"C{n},c{n}@example.com,Name {n},{'yes' if n <= 3 else 'no'}\n" for n in range(1, 9))
}
BACK = {
    "explicitly": {
        "clients_20260201.csv": HEADER
        + "".join(f"C{n},c{n}@example.com,Name {n},no\n" for n in range(1, 9))
    },
    "by an inverse column": {
        "clients_20260201.csv": "client_code,email,newsletter\n"
        + "".join(f"C{n},c{n}@example.com,oui\n" for n in range(1, 9))
    },
    "in an older export": {
        "clients_20250101.csv": HEADER
        + "".join(f"C{n},c{n}@example.com,Name {n},no\n" for n in range(1, 9))
    },
    "in a file that contradicts itself": {
        "clients_20260201.csv": HEADER
        + "".join(f"C{n},,,yes\nC{n},,,no\n" for n in range(1, 4))
        + "C4,,,no\n"
    },
}


def opted_out(tenant: TenantStore) -> tuple[object, object]:
    people = rows(tenant, "customers", "customer, email_opt_out")
    return [customer for customer, out in people if out], rows(
        tenant, "suppressions", "customer, email_norm, reason, since"
    )


@pytest.mark.parametrize("way", BACK)
def test_three_who_opted_out_stay_out_and_are_counted(
    tenant: TenantStore, tmp_path: Path, way: str
) -> None:
    begin_with(tenant, LEFT)
    before = opted_out(tenant)
    assert before[0] == ["C1", "C2", "C3"]
    paths = write(tmp_path / "back", BACK[way])
    planned = import_paths(tenant, SYSTEM, paths, as_of=AS_OF, only_plan=True)
    assert planned["files"][0]["opt_outs_kept"] == 3
    assert opted_out(tenant) == before
    loaded = import_paths(tenant, SYSTEM, paths, as_of=AS_OF)
    assert loaded["files"][0]["opt_outs_kept"] == 3
    assert opted_out(tenant) == before


def test_an_unsubscription_by_message_stays_although_the_clients_file_says_otherwise(
    tenant: TenantStore, tmp_path: Path
) -> None:
    bring(tenant, tmp_path / "left", BACK["explicitly"])
    messages = (
        "client_code,contact_date,status\n"
        "C1,2026-01-10,unsubscribe\nC2,2026-01-10,complaint\nC3,2026-01-11,unsubscribe\n"
    )
    bring(tenant, tmp_path / "left", {"contacts_20260110.csv": messages})
    before = opted_out(tenant)
    again = {"clients_20260301.csv": BACK["explicitly"]["clients_20260201.csv"] + "C9,,,no\n"}
    paths = write(tmp_path / "back", again)
    planned = import_paths(tenant, SYSTEM, paths, as_of=AS_OF, only_plan=True)
    assert planned["files"][0]["opt_outs_kept"] == 3
    import_paths(tenant, SYSTEM, paths, as_of=AS_OF)
    assert opted_out(tenant) == before


def test_an_opt_out_in_a_rejected_row_counts_and_is_named(
    tenant: TenantStore, tmp_path: Path
) -> None:
    """The row says no to letters whatever else is wrong with it."""
    header = "client_code,email,created_at,email_opt_out\n"
    text = (
        f"{header}C1,c1@example.com,2025-13-01,yes\nC2,nobody,2025-13-01,yes\n"
        ",c3@example.com,2025-01-01,yes\nC4,c4@example.com,2025-13-01,no\n"
    )
    report = bring(tenant, tmp_path, {"clients_20260101.csv": text})
    counts = {issue["code"]: issue["rows"] for issue in report["files"][0]["issues"]}  # type: ignore[index]
    assert counts["OPT_OUT_TAKEN"] == 3
    assert report["files"][0]["opt_outs_added"] == 3  # type: ignore[index]
    assert rows(tenant, "suppressions", "customer, email_norm, reason") == [
        ("C1", "c1@example.com", "opt_out"),
        ("C2", None, "opt_out"),
        (None, "c3@example.com", "opt_out"),
    ]


def test_who_left_in_a_rejected_row_before_is_not_counted_as_leaving_again(
    tenant: TenantStore, tmp_path: Path
) -> None:
    header = "client_code,email,created_at,email_opt_out\n"
    left = f"{header}C1,c1@example.com,2025-13-01,yes\nC2,c2@example.com,2025-01-01,no\n"
    bring(tenant, tmp_path, {"clients_20260101.csv": left})
    files = {
        "clients_20260201.csv": f"{header}C1,c1@example.com,2025-01-01,yes\nC3,,2025-13-01,yes\n",
        "clients_20260202.csv": f"{header}C2,c2@example.com,2025-13-01,yes\nC3,,2025-13-02,yes\n",
        "contacts_20260203.csv": (
            "client_code,contact_date,status\nC1,2026-01-10,unsubscribe\n"
            "C2,2026-01-10,complaint\nC4,2026-13-10,unsubscribe\n"
        ),
    }
    report = bring(tenant, tmp_path, files)
    added = {file["name"]: file["opt_outs_added"] for file in report["files"]}  # type: ignore[attr-defined]
    assert list(added.values()) == [1, 1, 1]


@pytest.mark.parametrize("status", ["unsubscribe", "complaint"])
def test_many_who_left_by_message_are_asked_first(
    tenant: TenantStore, tmp_path: Path, status: str
) -> None:
    """Of eight customers three left before; one more by code and one by address are a quarter."""
    begin_with(tenant, LEFT)
    text = (
        f"client_code,email,contact_date,status\nC1,,2026-01-02,{status}\n"
        f"C4,,2026-01-02,{status}\n,c5@example.com,2026-01-02,{status}\n"
        f",stranger@example.com,2026-01-02,{status}\nC6,,2026-01-02,hard_bounce\n"
    )
    paths = write(tmp_path, {"contacts_20260201.csv": text})
    with pytest.raises(QuestionOpen, match="opt 2 of 8 customers"):
        import_paths(tenant, SYSTEM, paths, as_of=AS_OF)
    import_paths(tenant, SYSTEM, paths, as_of=AS_OF, confirm_opt_outs=True)
    import_paths(tenant, SYSTEM, paths, as_of=AS_OF)
