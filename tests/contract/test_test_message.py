"""A message to oneself: one post, no delivery, no contact, no word of the recipient."""

import json
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from core.errors import NotAllowed, Refused
from core.outreach.brevo import BrevoClient
from core.outreach.unsubscribe import read_token, token_secret
from core.services.campaign_reports import logs_of, previews, status_of
from core.services.prepare_campaign import prepare
from core.services.test_message import send_test
from core.store.tenant import TenantStore
from tests.contract.brevo_double import ERROR, NO_ID, BrevoDouble, serve_brevo
from tests.contract.campaign_data import ANALYST, VIEWER, count, fill_run, people, suppress
from tests.contract.live_data import go_live

OWN = "anne@example.org"


@pytest.fixture
def brevo() -> Iterator[BrevoDouble]:
    with serve_brevo() as double:
        yield double


@pytest.fixture
def client(brevo: BrevoDouble) -> Iterator[BrevoClient]:
    opened = BrevoClient(SecretStr(brevo.key), brevo.base_url)
    yield opened
    opened.close()


@pytest.fixture
def campaign(tenant: TenantStore, monkeypatch: pytest.MonkeyPatch) -> str:
    """A dry campaign, prepared before this instance was told to send."""
    campaign_id = prepare(tenant, ANALYST, fill_run(tenant, people(2)), "discovery", 200)
    go_live(tenant.store, monkeypatch)
    return campaign_id


def test_it_is_the_first_message_with_links_of_its_own_and_leaves_no_contact(
    tenant: TenantStore, campaign: str, brevo: BrevoDouble, client: BrevoClient
) -> None:
    posted: list[bytes] = []
    post = client.send_email
    client.send_email = lambda body: posted.append(body) or post(body)  # type: ignore[method-assign,func-returns-value]
    for _ in range(2):
        send_test(tenant, ANALYST, campaign, f" {OWN.upper()} ", client)
    assert brevo.ledger.acceptances() == {OWN: 2}
    first, second = (json.loads(body) for body in posted)
    frozen = previews(tenant, campaign, 1)[0]
    assert first["subject"] == f"[Test] {frozen.subject}"
    assert (first["tags"], first["sender"]["email"]) == (["test"], "cave@example.com")
    url = first["headers"]["List-Unsubscribe"].strip("<>")
    secret = token_secret(tenant.store.settings, live=True)
    assert read_token([secret], url.rpartition("/")[2]).email_norm == OWN
    assert url in first["textContent"]
    assert url in first["htmlContent"]
    token = frozen.payload["headers"]["List-Unsubscribe"].strip("<>").rpartition("/")[2]
    assert not any(word in posted[0].decode() for word in (token, campaign, frozen.email))
    assert first["headers"]["idempotencyKey"] != second["headers"]["idempotencyKey"]
    assert (status_of(tenant, campaign).pending, count(tenant, "contact_history")) == (2, 0)
    lines = [line for line in logs_of(tenant, campaign) if line.event == "test"]
    assert [dict(line.detail) for line in lines] == [{"by": "system", "answer": "http_201"}] * 2
    assert OWN not in repr(lines)


@pytest.mark.parametrize("behaviour", [ERROR, NO_ID])
def test_an_unclear_answer_is_told_and_nothing_is_tried_again(
    tenant: TenantStore,
    campaign: str,
    brevo: BrevoDouble,
    client: BrevoClient,
    behaviour: object,
) -> None:
    brevo.behave(behaviour)  # type: ignore[arg-type]
    with pytest.raises(Refused, match="no clear answer"):
        send_test(tenant, ANALYST, campaign, OWN, client)
    assert len(brevo.ledger.requests()) == 1
    brevo.take_violations()


def test_nothing_is_posted_without_the_switch_the_role_or_an_address_that_may_be_written_to(
    tenant: TenantStore,
    campaign: str,
    brevo: BrevoDouble,
    client: BrevoClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    suppress(tenant, email="left@example.org")
    for address in ("anne", "left@example.org"):
        with pytest.raises(Refused):
            send_test(tenant, ANALYST, campaign, address, client)
    with pytest.raises(NotAllowed):
        send_test(tenant, VIEWER, campaign, OWN, client)
    dry = tenant.store.settings.model_copy(update={"brevo_dry_run": "0 "})
    monkeypatch.setattr(tenant.store, "settings", dry)
    with pytest.raises(Refused, match="BREVO_DRY_RUN"):
        send_test(tenant, ANALYST, campaign, OWN, client)
    assert brevo.connections == 0
