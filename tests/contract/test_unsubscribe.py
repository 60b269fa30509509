"""Leaving by the link of a message: written once, seen by every later check, taken back by none."""

import uuid
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest
from pydantic import SecretStr

from core.errors import NotFound
from core.outreach.unsubscribe import make_token, token_secret
from core.policy import Policy
from core.services.accounts import SYSTEM, create_tenant
from core.services.addressee_checks import judge_deliveries
from core.services.import_undo import undo
from core.services.person_keys import digests_of
from core.services.prepare_campaign import prepare
from core.services.unsubscribe import read_link, unsubscribe
from core.store.dataset import load_dataset
from core.store.deliveries import load_deliveries
from core.store.subjects import EMAIL
from core.store.tenant import Store, TenantStore
from tests.contract.campaign_data import NOW, add_contact, count, fill_run, people
from tests.contract.test_import_files import bring

ADDRESS = "person1@example.com"
ROWS = {
    "suppression": "customer, email_norm, reason, source, since",
    "contact_history": "customer, email_norm, status, channel, contact_date",
}


@pytest.fixture
def company(store: Store) -> TenantStore:
    key = f"t{uuid.uuid4().hex[:8]}"
    return store.tenant_store(create_tenant(store, key, "Cave", time_zone="Pacific/Honolulu"))


def leave(company: TenantStore, address: str = ADDRESS) -> None:
    secret = token_secret(company.store.settings)
    token = make_token(secret, company.tenant_id, address)
    unsubscribe(read_link(company.store, token))


def rows_of(company: TenantStore, table: str) -> list[tuple[object, ...]]:
    with company.read() as tx:
        sql = f"SELECT {ROWS[table]} FROM {table} WHERE tenant_id = :tenant ORDER BY 1"
        return [tuple(str(cell) for cell in row.values()) for row in tx.rows(sql)]


def move(company: TenantStore, address: str) -> None:
    with company.begin() as tx:
        tx.execute("UPDATE customer SET email_norm = :a WHERE tenant_id = :tenant", a=address)


def suppressed(company: TenantStore) -> list[tuple[str | None, str | None]]:
    with company.read() as tx, duckdb.connect() as con:
        load_dataset(tx, con)
        return con.execute("SELECT customer, email_norm FROM suppressions ORDER BY ALL").fetchall()


def test_leaving_twice_writes_one_suppression_and_one_contact_event(company: TenantStore) -> None:
    fill_run(company, people(1))
    leave(company)
    leave(company)
    # Where the tenant lives it is still the day before.
    assert rows_of(company, "suppression") == [
        ("C00001", ADDRESS, "unsubscribe", "unsubscribe_link", str(date(2026, 3, 1)))
    ]
    assert rows_of(company, "contact_history") == [
        ("C00001", ADDRESS, "unsubscribe", "email", str(date(2026, 3, 1)))
    ]


def test_who_leaves_after_the_preparation_is_held_back_at_the_claim(company: TenantStore) -> None:
    campaign_id = prepare(company, SYSTEM, fill_run(company, people(2)), "discovery", 200)

    def judged() -> dict[int, str]:
        with company.read() as tx, duckdb.connect() as con:
            planned = load_deliveries(tx, campaign_id, limit=9)
            policy = Policy().audit
            return judge_deliveries(tx, con, planned, policy, now=NOW, zone=ZoneInfo("UTC"))

    assert judged() == {}
    leave(company)
    assert judged() == {1: "OPTOUT_OR_BOUNCE"}


def test_no_undo_takes_a_wish_away_and_it_counts_before_any_import(
    company: TenantStore, tmp_path: Path
) -> None:
    leave(company, "other@example.com")
    assert suppressed(company) == [(None, "other@example.com")]
    clients = {"clients_20260101.csv": f"client_code,email\nC1,{ADDRESS}\n"}
    report = bring(company, tmp_path, clients)
    leave(company)
    undo(company, SYSTEM, str(report["import_id"]))
    assert suppressed(company) == [("C1", ADDRESS), (None, "other@example.com")]
    assert count(company, "contact_history") == 2


def test_a_wish_follows_the_person_to_another_address(company: TenantStore) -> None:
    fill_run(company, people(1))
    add_contact(company, "sent", date(2026, 2, 1), customer="C00001", email=ADDRESS)
    move(company, "new@example.com")
    leave(company)
    assert suppressed(company) == [("C00001", ADDRESS)]


def test_who_leaves_again_after_a_lift_is_suppressed_again(company: TenantStore) -> None:
    leave(company)
    with company.begin() as tx:
        tx.execute("UPDATE suppression SET lifted_at = :now WHERE tenant_id = :tenant", now=NOW)
    assert suppressed(company) == []
    leave(company)
    assert suppressed(company) == [(None, ADDRESS)]


def test_a_link_of_one_company_says_nothing_to_another(store: Store, company: TenantStore) -> None:
    other = store.tenant_store(create_tenant(store, f"o{uuid.uuid4().hex[:8]}", "Other"))
    fill_run(other, people(1))
    leave(company)
    assert (suppressed(other), count(other, "contact_history")) == ([], 0)


def test_the_link_of_a_company_that_is_gone_is_as_wrong_as_a_forged_one(store: Store) -> None:
    secret = token_secret(store.settings)
    sentences = set()
    for token in (make_token(secret, str(uuid.uuid4()), ADDRESS), "forged", ""):
        with pytest.raises(NotFound) as refused:
            read_link(store, token)
        sentences.add(refused.value.sentence())
    assert len(sentences) == 1


def test_a_link_works_on_beside_a_new_secret_and_no_link_is_made_with_the_old(
    company: TenantStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, (old, new) = company.store, (SecretStr("o" * 32), SecretStr("n" * 32))
    token = make_token(old.get_secret_value().encode(), company.tenant_id, ADDRESS)

    def rotate(secret: SecretStr, previous: SecretStr | None) -> None:
        given = {"token_secret": secret, "token_secret_previous": previous}
        monkeypatch.setattr(store, "settings", store.settings.model_copy(update=given))

    rotate(old, None)
    (erased, *_) = digests_of(company, EMAIL, ADDRESS)
    rotate(new, old)
    assert erased in digests_of(company, EMAIL, ADDRESS)[1:]
    assert read_link(store, token).email_norm == ADDRESS
    assert token_secret(store.settings, live=True) == new.get_secret_value().encode()
    unsubscribe(read_link(store, token))
    assert suppressed(company) == [(None, ADDRESS)]
    rotate(new, None)
    with pytest.raises(NotFound):
        read_link(store, token)
