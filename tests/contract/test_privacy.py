"""Erasure of a person who stands in every table and every file: nothing of her is left."""

import json
import time
import uuid
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from dbos import DBOSClient, EnqueueOptions

from core.errors import Busy, NotAllowed, NotFound, Refused
from core.jobs import (
    ERASE,
    forget_jobs,
    job_of,
    jobs_url,
    migrate_jobs,
)
from core.jobs.watch import look_after_erasures
from core.services import erase_files, erased_list, erasure, run_audience, unsubscribe
from core.services.accounts import SYSTEM, create_tenant
from core.services.erase_brevo import pending_contacts
from core.services.erased_list import list_path
from core.services.erasure import (
    ASKED,
    ask_erasure,
    erase,
    find_people,
    open_erasures,
    request_of,
)
from core.services.import_archive import archive_of
from core.services.import_rejects import rejects_file
from core.services.import_turn import import_turn
from core.services.import_undo import undo
from core.services.person_export import person_json, person_link, person_of_link
from core.services.prepare_campaign import prepare
from core.services.reapply import reapply
from core.services.waiting_rows import stamp_of
from core.store.contact_pushes import store_pushes
from core.store.erased import Erased
from core.store.locks import PREVIEW_LOCK, PUSH_LOCK, exclusive
from core.store.subjects import Subject
from core.store.tenant import Store, TenantStore
from tests.contract import canary
from tests.contract.campaign_data import VIEWER, Person, deliveries_of, fill_run, people
from tests.contract.canary import ADDRESS, CODE, NAME, NEEDLES, PHONE


@pytest.fixture
def company(store: Store) -> TenantStore:
    return store.tenant_store(create_tenant(store, f"t{uuid.uuid4().hex[:8]}", "Cave"))


def scan(company: TenantStore) -> list[str]:
    """Return where a needle is found: database files or tables, and data files."""
    settings = company.store.settings
    if settings.database_url.startswith("sqlite"):
        return canary.found_in_files(Path(settings.database_url.removeprefix("sqlite:///")).parent)
    return [*canary.found_in_tables(company.store), *canary.found_in_files(settings.data_dir)]


def fill(company: TenantStore, folder: Path) -> dict[str, Any]:
    first = canary.import_all(company, canary.write_files(folder))
    canary.import_all(company, [canary.write_workbook(folder / "clients.xlsx")])
    canary.fill_every_table(company)
    with company.begin() as tx:
        tx.execute(
            "INSERT INTO suppression (tenant_id, suppression_id, customer, reason, source, since,"
            " lifted_reason) VALUES (:tenant, 's', 'C2', 'manual', 'test', :day, :said)",
            day=canary.NOW.date(),
            said=f"as {CODE}!",
        )
    for name, text in (
        ("raw/clients.csv", f"client_code,email\n{CODE},{ADDRESS}\nC8,c8@x.example\n"),
        ("exports/reco_output.csv", f"run_id,customer_code\nr,{CODE}\nr,C2\n"),
        ("uploads/abc.bytes", f"client_code,email\n{CODE},{ADDRESS}\n"),
    ):
        path = company.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for purpose in ("run", "why"):  # what work that was killed had spilled, packed
        spilled = company.folder / "work" / purpose / "duckdb_temp_0.tmp"
        spilled.parent.mkdir(parents=True)
        spilled.write_bytes(zlib.compress(NAME.encode()))
    logs = company.store.settings.data_dir / "logs"
    logs.mkdir(exist_ok=True)
    (logs / "app.log").write_text(f"something about {ADDRESS} and {CODE}\n")
    return first


def ask(company: TenantStore, term: str = CODE) -> str:
    return ask_erasure(company, SYSTEM, term, reason=ASKED, confirmation=term)


def sold(company: TenantStore) -> tuple[int, int, int]:
    with company.read() as tx:
        row = tx.row(
            "SELECT count(*) AS lines, coalesce(sum(amount_cents), 0) AS cents,"
            " count(DISTINCT document_id) AS documents"
            " FROM sale_line WHERE tenant_id = :tenant AND file_id > 1000"
        )
    assert row is not None
    return int(row["lines"]), int(row["cents"]), int(row["documents"])


def test_nothing_of_an_erased_person_is_left_and_no_file_brings_her_back(
    company: TenantStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = fill(company, tmp_path)
    before, shown = sold(company), stamp_of(company)
    assert scan(company)
    request_id = ask(company)
    for module, name in (
        (erase_files, "store_rewritten"),
        (erase_files, "_put_in_place"),
        (erasure, "erase_texts"),
    ):
        with monkeypatch.context() as killed:
            killed.setattr(module, name, lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                erase(company, request_id)
    counts = erase(company, request_id)
    assert scan(company) == []
    assert list((company.folder / "work").glob("*")) == []
    assert sold(company) == before
    assert find_people(company, SYSTEM, CODE) is None
    assert stamp_of(company) != shown, "what pages keep of waiting rows is read anew"
    request = request_of(company, request_id)
    assert (request.state, request.people, request.salt) == ("done", 1, None)
    assert (counts["originals"], counts["uploads"], counts["customer"]) == (4, 1, 2)
    assert pending_contacts(company) == 1
    assert erase(company, request_id) == counts

    again = canary.import_all(company, canary.write_files(tmp_path / "again"))
    assert again["import_id"] == first["import_id"], "the same bytes are known"
    later = canary.import_all(company, canary.write_files(tmp_path / "more", extra="2"))
    files = {file["kind"]: file for file in later["files"]}
    codes = {
        kind: {issue["code"]: issue["rows"] for issue in file["issues"]}
        for kind, file in files.items()
    }
    assert codes["clients"]["ERASED_PERSON"] == 1
    assert codes["sales"]["ERASED_PERSON"] == 4, "one of them is rejected for its date too"
    assert codes["contacts"]["ERASED_PERSON"] == 2
    for file in files.values():
        counted = ("loaded", "unchanged", "merged", "duplicate", "held", "rejected")
        assert file["rows_in"] == sum(file[name] for name in counted)
    assert sold(company) == before
    bad = tmp_path / "bad.csv"  # rejected for its date, and of her all the same
    bad.write_text(f"client_code;email;name;consent_date\n{CODE};;Mme {NAME};2024-13-45\n")
    canary.import_all(company, [bad])
    assert canary.found_in_files(company.folder) == []


def test_a_restored_backup_is_erased_again_and_another_company_keeps_its_own(
    store: Store, company: TenantStore, tmp_path: Path
) -> None:
    canary.import_all(company, canary.write_files(tmp_path))
    other = store.tenant_store(create_tenant(store, f"o{uuid.uuid4().hex[:8]}", "Other"))
    canary.import_all(other, canary.write_files(tmp_path / "other"))
    erase(company, ask(company, ADDRESS))
    assert find_people(other, SYSTEM, ADDRESS) is not None
    with company.begin() as tx:  # a database from before the erasure knows nothing of it
        for table in ("erased_identity", "erasure_request"):
            tx.execute(f"DELETE FROM {table} WHERE tenant_id = :tenant")
    canary.fill_every_table(company)
    assert len(list_path(company).read_text().splitlines()) == 2
    assert reapply(company, SYSTEM) == 2
    assert find_people(company, SYSTEM, CODE) is None
    assert reapply(company, SYSTEM) == 0
    push_to_brevo(company)  # what one table alone knows is found too
    assert reapply(company, SYSTEM) == 1
    assert canary.found_in_files(company.folder) == []
    assert sorted(canary.found_in_files(other.folder)) != []
    with other.read() as tx:
        name = tx.scalar(
            "SELECT name FROM customer WHERE tenant_id = :tenant AND customer = :code", code=CODE
        )
    assert name == f"Mme {NAME}"


def test_an_import_with_an_erased_person_can_be_undone_and_keeps_what_was_received(
    company: TenantStore, tmp_path: Path
) -> None:
    report = canary.import_all(company, canary.write_files(tmp_path))
    erase(company, ask(company))
    import_id = report["import_id"]
    with company.read() as tx:
        rows = tx.rows(
            "SELECT name, sha256, rewritten_sha256 FROM import_file WHERE tenant_id = :tenant"
        )
    changed = {row["name"]: row["rewritten_sha256"] not in (None, row["sha256"]) for row in rows}
    assert changed == {
        "clients.csv": True,
        "contacts.csv": True,
        "products.csv": False,
        "sales.csv": True,
    }
    raw = archive_of(company, import_id).raw
    assert "C2;other@nowhere.example" in (raw / "01_clients.csv").read_text()
    assert len((raw / "04_sales.csv").read_text().splitlines()) == 6
    undo(company, SYSTEM, import_id)
    assert sold(company)[0] == 0


def test_a_file_that_is_named_after_her_gets_another_name_and_is_still_found(
    company: TenantStore, tmp_path: Path
) -> None:
    path = tmp_path / f"record of {CODE}.csv"
    path.write_text(f"client_code;email\n{CODE};{ADDRESS}\n;no code\n")
    waiting = company.folder / "raw" / f"{CODE}.csv"
    waiting.parent.mkdir(parents=True)
    waiting.write_text("client_code;email\nC8;c8@x.example\n")
    import_id = canary.import_all(company, [path])["import_id"]
    before = b"".join(rejects_file(company, import_id, 1, "en").content)
    erase(company, ask(company))
    assert [path.name for path in company.folder.rglob("*") if CODE in path.name] == []
    assert b"".join(rejects_file(company, import_id, 1, "en").content) == before
    assert "C8" in "".join(path.read_text() for path in waiting.parent.glob("*.csv"))


def test_everything_known_is_told_as_json_and_to_whom_it_may_be(
    company: TenantStore, tmp_path: Path
) -> None:
    canary.import_all(company, canary.write_files(tmp_path))
    canary.fill_every_table(company)
    with pytest.raises(NotAllowed):
        person_json(company, VIEWER, CODE)
    with pytest.raises(NotFound):
        person_json(company, SYSTEM, "nobody@nowhere.example")
    token = person_link(company, CODE).rpartition("/")[2]
    assert not any(needle.decode() in token for needle in NEEDLES)
    told = json.loads(b"".join(person_of_link(company, SYSTEM, token)))
    assert told["about"]["addresses"] == [ADDRESS]
    (consent,) = [one for one in told["consent"] if one["consent_source"] == "shop"]
    assert (consent["consent_date"], consent["consent_wording"]) == ("2024-02-01", "I agree")
    assert {table for table, rows in told.items() if not rows} == set()
    assert any(row["phone"] == PHONE for row in told["customer"])
    assert any(row["cells"]["document_id"] == "D4" for row in told["rejected_rows"])
    assert all(row.get("email") != "other@nowhere.example" for row in told["customer"])


@pytest.mark.parametrize("term", ["QZ1", "only.code@x.example", "unseen@x.example"])
def test_whoever_any_row_names_is_found_told_of_and_erased(
    company: TenantStore, tmp_path: Path, term: str
) -> None:
    products = tmp_path / "products.csv"
    products.write_text("product_key;name;price_ttc\nP1;Vin;10\n")
    sales = tmp_path / "sales.csv"
    sales.write_text(
        "document_id;product_key;client_code;quantity;amount;sale_date\n"
        "D1;P1;QZ1;1;10;2024-02-01\nD2;P1;only.code@x.example;1;10;2024-02-01\n"
    )
    canary.import_all(company, [products, sales])  # both wait: no client has such a code
    push_to_brevo(company, "unseen@x.example")
    told = json.loads(b"".join(person_json(company, SYSTEM, term)))
    assert sum(len(told[table]) for table in ("held_row", "contact_push")) == 1
    erase(company, ask(company, term))
    assert find_people(company, SYSTEM, term) is None


def push_to_brevo(company: TenantStore, address: str = ADDRESS) -> None:
    with company.begin() as tx:
        store_pushes(tx, {address: "digest"}, canary.NOW)


def test_an_erasure_is_confirmed_by_typing_and_by_an_administrator(company: TenantStore) -> None:
    with company.begin() as tx:
        tx.execute(
            "INSERT INTO customer (tenant_id, customer, from_seq, file_id)"
            " VALUES (:tenant, 'K', 0, 0)"
        )
    with pytest.raises(NotAllowed):
        ask_erasure(company, VIEWER, "K", reason=ASKED, confirmation="K")
    with pytest.raises(Refused):
        ask_erasure(company, SYSTEM, "K", reason=ASKED, confirmation="k")
    with pytest.raises(Refused):
        ask_erasure(company, SYSTEM, "K", reason="because of K", confirmation="K")
    with pytest.raises(NotFound):
        ask(company, "L")
    assert find_people(company, SYSTEM, "K") is not None


def test_a_shared_address_stays_with_the_other_and_so_does_its_opt_out(
    company: TenantStore, tmp_path: Path
) -> None:
    path = tmp_path / "clients.csv"
    path.write_text("client_code,email,email_opt_out\nA,two@x.example,yes\nB,two@x.example,no\n")
    canary.import_all(company, [path])
    erase(company, ask(company, "A"))
    with company.read() as tx:
        left = tx.rows("SELECT customer, email_norm FROM suppression WHERE tenant_id = :tenant")
        kept = tx.rows("SELECT customer, email_norm FROM customer WHERE tenant_id = :tenant")
    assert [row["email_norm"] for row in left if row["customer"] is None] == ["two@x.example"]
    assert kept == [{"customer": "B", "email_norm": "two@x.example"}]


def test_finished_jobs_that_name_her_go(company: TenantStore) -> None:
    migrate_jobs(company.store.settings)
    client = DBOSClient(system_database_url=jobs_url(company.store.settings))
    ids = [f"{company.tenant_id}/plan/{subject}#0001" for subject in ("one", "two")]
    for job_id, said in zip(ids, (f"file of {ADDRESS}", "file of nobody"), strict=True):
        options = EnqueueOptions(workflow_name="none", queue_name="none", workflow_id=job_id)
        client.enqueue(options, company.tenant_id, said)
        client.cancel_workflow(job_id)
    assert forget_jobs(company, Subject(frozenset(), frozenset({ADDRESS}))) == 1
    found = client.list_workflows(workflow_id_prefix=f"{company.tenant_id}/")
    assert [job.workflow_id for job in found] == ids[1:]
    client.destroy()
    assert [name for name in scan(company) if "jobs" in name] == []


def test_who_was_erased_and_leaves_by_an_old_link_is_not_entered_again(
    company: TenantStore, tmp_path: Path
) -> None:
    canary.import_all(company, canary.write_files(tmp_path))
    erase(company, ask(company))
    invitation = unsubscribe.Invitation(store=company, email_norm=ADDRESS, language=None)
    unsubscribe.unsubscribe(invitation)
    assert find_people(company, SYSTEM, ADDRESS) is None


def test_a_campaign_prepared_at_that_moment_writes_to_nobody_who_is_erased(
    company: TenantStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = fill_run(company, [Person(code=CODE, email=ADDRESS), *people(1)])
    request_id, select = ask(company), run_audience.select_audience

    def erase_first(*values: Any, **named: Any) -> Any:
        with pytest.raises(Busy):
            erase(company, request_id)
        return select(*values, **named)

    monkeypatch.setattr(run_audience, "select_audience", erase_first)
    campaign_id = prepare(company, SYSTEM, run_id, "discovery")
    assert CODE in deliveries_of(company, campaign_id), "it was read before"
    erase(company, request_id)
    states = {key: row["state"] for key, row in deliveries_of(company, campaign_id).items()}
    assert states.pop("C00001") == "PLANNED"
    assert list(states.values()) == ["SUPPRESSED"]
    assert ADDRESS not in str(deliveries_of(company, campaign_id))


@pytest.mark.parametrize("purpose", [PREVIEW_LOCK, PUSH_LOCK])
def test_an_erasure_waits_for_whoever_may_have_read_her_before(
    company: TenantStore, purpose: str
) -> None:
    fill_run(company, [Person(code=CODE, email=ADDRESS)])
    request_id = ask(company)
    with exclusive(company, purpose, "busy"):
        with pytest.raises(Busy):
            erase(company, request_id)
        push_to_brevo(company)
    erase(company, request_id)
    assert find_people(company, SYSTEM, ADDRESS) is None


def test_two_erasures_asked_for_at_once_both_stand_in_the_list(
    company: TenantStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_run(company, people(2))
    first_reads, read = Event(), erased_list.read_list

    def read_slowly(path: Path) -> list[Erased]:
        found, is_first = read(path), not first_reads.is_set()
        first_reads.set()
        time.sleep(0.5 * is_first)
        return found

    monkeypatch.setattr(erased_list, "read_list", read_slowly)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(ask, company, "C00001")
        assert first_reads.wait(30)
        ask(company, "C00002")
        first.result()
    assert len(list_path(company).read_text().splitlines()) == 4


def test_an_erasure_waits_for_an_import_and_is_asked_for_again(
    company: TenantStore, tmp_path: Path
) -> None:
    canary.import_all(company, canary.write_files(tmp_path))
    request_id = ask(company)
    with import_turn(company), pytest.raises(Busy):
        erase(company, request_id)
    assert request_of(company, request_id).state == "waiting"
    migrate_jobs(company.store.settings)
    look_after_erasures(company)
    job = job_of(company, ERASE, request_id)
    assert job is not None
    assert job.status == "queued"
    assert erase(company, request_id)["customer"] == 1
    assert open_erasures(company) == []
