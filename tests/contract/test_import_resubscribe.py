"""An import that would write again to people who opted out opts nobody back in, and says so."""

from pathlib import Path

import pytest

from core.services.accounts import SYSTEM
from core.services.import_paths import import_paths
from core.store.tenant import TenantStore
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
    bring(tenant, tmp_path / "left", LEFT)
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
