"""The remarks on an import, over HTTP: whole, safe for a spreadsheet, and its tenant's own."""

import csv
import io
from datetime import date

import pytest

from api.export import attachment
from core.services.accounts import SYSTEM, tenant_by_key
from core.services.audit_trail import Action, number_of_entries, trail_of
from core.services.import_files import plan, receive
from core.services.import_issues import ISSUE_COLUMNS
from core.store.tenant import Store
from tests.unit.api.conftest import Client

_FILE = (
    'client_code,email,customer_type\nC1,ok@example.com,private\n,=cmd@x,private\nC3,no,"a ""b"""\n'
)


@pytest.fixture(scope="module")
def imports(store: Store, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    path = tmp_path_factory.mktemp("files") / "clients.csv"
    path.write_text(_FILE, encoding="utf-8")
    ids = {}
    for key in ("first", "second"):
        company = store.tenant_store(tenant_by_key(store, key))
        ids[key] = receive(company, SYSTEM, [(path.name, path)], as_of=date(2026, 1, 1))
        plan(company, ids[key])
    return ids


def address(import_id: str) -> str:
    return f"/export/imports/{import_id}/issues.csv"


def test_every_remark_is_there_with_its_place_and_remedy(
    signed_in: Client, imports: dict[str, str]
) -> None:
    response = signed_in.get(address(imports["first"]))
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    header, *rows = csv.reader(io.StringIO(response.content.decode(), newline=""))
    assert tuple(header) == ISSUE_COLUMNS
    assert [row[:5] for row in rows] == [
        ["clients.csv", "3", "client_code", "", "MISSING_VALUE"],
        ["clients.csv", "3", "email", "'=cmd@x", "MALFORMED_EMAIL"],
        ["clients.csv", "4", "customer_type", 'a "b"', "BAD_CHOICE"],
        ["clients.csv", "4", "email", "no", "MALFORMED_EMAIL"],
    ]
    assert all(row[5] and row[6] for row in rows)


def test_another_tenants_import_is_not_found(signed_in: Client, imports: dict[str, str]) -> None:
    for import_id in (imports["second"], "not-an-id"):
        assert signed_in.get(address(import_id)).status_code == 404


def test_nobody_without_a_session(client: Client, imports: dict[str, str]) -> None:
    assert client.get(address(imports["first"])).status_code == 401


def test_the_rejected_rows_of_a_file_come_under_its_name(
    signed_in: Client, imports: dict[str, str]
) -> None:
    response = signed_in.get(f"/export/imports/{imports['first']}/rejects/1")
    assert response.status_code == 200
    assert "clients_" in response.headers["content-disposition"]
    header, *rows = csv.reader(io.StringIO(response.content.decode("utf-8-sig"), newline=""))
    assert (header[:3], len(header)) == (["client_code", "email", "customer_type"], 7)
    assert [row[3] for row in rows] == ["3", "4"]
    assert rows[0][1] == "'=cmd@x"


@pytest.mark.parametrize("name", ["2", "0", "x"])
def test_rejected_rows_of_no_file_are_not_found(
    signed_in: Client, imports: dict[str, str], name: str
) -> None:
    assert signed_in.get(f"/export/imports/{imports['first']}/rejects/{name}").status_code == 404


def test_rejected_rows_are_their_tenants_own(
    client: Client, signed_in: Client, imports: dict[str, str]
) -> None:
    address = f"/export/imports/{imports['second']}/rejects/1"
    assert signed_in.get(address).status_code == 404
    client.cookies.clear()
    assert client.get(address).status_code == 401


def test_each_download_stands_in_the_audit_trail(
    signed_in: Client, store: Store, imports: dict[str, str]
) -> None:
    company = store.tenant_store(tenant_by_key(store, "first"))
    before = number_of_entries(company, SYSTEM, Action.IMPORT_EXPORTED)
    for name in ("issues.csv", "rejects/1", "report.json"):
        assert signed_in.get(f"/export/imports/{imports['first']}/{name}").status_code == 200
    assert signed_in.get(f"/export/imports/{imports['second']}/report.json").status_code == 404
    lines = trail_of(company, SYSTEM, Action.IMPORT_EXPORTED)
    assert len(lines) == before + 3
    assert {line.entry.subject for line in lines} == {imports["first"]}
    told = [line.entry.details["file"] for line in lines[:3]]
    assert told == ["report.json", "rejects/1", "issues.csv"]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("a b.csv", 'filename="a b.csv"'),
        ('a"; x="é.csv', "filename*=UTF-8''a%22%3B%20x%3D%22%C3%A9.csv"),
        ('a".csv', "filename*=UTF-8''a%22.csv"),
        ("a\r\nSet-Cookie: x.csv", "filename*=UTF-8''a%0D%0ASet-Cookie%3A%20x.csv"),
    ],
)
def test_a_name_of_a_file_stays_a_name_in_the_header(name: str, told: str) -> None:
    assert attachment(iter(()), name).headers["content-disposition"] == f"attachment; {told}"
