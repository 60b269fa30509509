"""Campaigns with a template kept at Brevo: what it is given, and what stops the send."""

import json
import uuid
from collections.abc import Callable, Iterator

import pytest

from core.errors import NotFound, Refused
from core.outreach.outcomes import PauseReason
from core.outreach.payload import compose_request
from core.outreach.protocol import Mode
from core.services.brevo_account import open_brevo
from core.services.campaign_control import confirm_live, resume
from core.services.campaign_offers import ask_live
from core.services.campaign_reports import CampaignStatus, logs_of, previews, status_of
from core.services.prepare_campaign import prepare, prepare_asked
from core.services.send_campaign import send
from core.services.send_dry import send_dry
from core.services.test_message import send_test
from core.store.tenant import TenantStore
from tests.contract.brevo_contract import find_operation, violations_of_request
from tests.contract.brevo_double import BrevoDouble, serve_brevo
from tests.contract.brevo_messages import message
from tests.contract.campaign_data import ANALYST, NOW, Person, deliveries_of, fill_run, people
from tests.contract.live_data import Clock, go_live

HTML = (
    '<p title="{{ params.products.0.name }}">{{params.greeting}}</p>{{ params.no }}'
    "{{ params.notice }}{% for p in params.products %}{{ p.name }}{% endfor %}"
    '<a href="{{ params.unsubscribe_url }}">'
)
HOSTILE = "Clos \"><script>alert('x')</script> {{ contact.EMAIL }}{% if 1 %} &lt;b&gt; & Cie"


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def double(clock: Clock) -> Iterator[BrevoDouble]:
    with serve_brevo(clock) as running:
        yield running


@pytest.fixture
def live(
    tenant: TenantStore, double: BrevoDouble, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> TenantStore:
    """The tenant on an instance that sends, through the double."""
    go_live(tenant.store, monkeypatch, clock, brevo_base_url=double.base_url)
    return tenant


@pytest.fixture
def template(double: BrevoDouble) -> int:
    return double.account.add_template("Spring", HTML)


def confirmed(tenant: TenantStore, template: int, count: int = 2) -> str:
    """Prepare a campaign live with a template of Brevo, and type its number."""
    run_id = fill_run(tenant, people(count))
    campaign_id = prepare(tenant, ANALYST, run_id, f"brevo:{template}", mode=Mode.LIVE)
    confirm_live(tenant, ANALYST, campaign_id, count)
    return campaign_id


def violations(body: bytes) -> list[str]:
    found = find_operation("POST", "/smtp/email")
    assert found is not None
    return violations_of_request(found[0], {}, body)


def texts(value: object) -> Iterator[str]:
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from texts(part)
    else:
        yield str(value)


def test_a_dry_instance_asks_nobody_and_hands_over_nothing_that_needs_escaping(
    tenant: TenantStore,
) -> None:
    with tenant.begin() as tx:
        tx.execute(
            "INSERT INTO product (tenant_id, product_key, from_seq, file_id, name, price_cents)"
            " VALUES (:tenant, 'RIE', 0, 0, :name, 1250)",
            name=HOSTILE,
        )
    guest = Person(code="A", email="a@example.com", language="fr", first_name="Zoé {{ 7*7 }}\r\nX:")
    run_id = fill_run(tenant, [guest])
    with tenant.begin() as tx:
        tx.execute(
            "UPDATE reco_output SET explain_short = :text WHERE tenant_id = :tenant AND rank = 2",
            text=HOSTILE,
        )
    campaign_id = prepare(tenant, ANALYST, run_id, "brevo:41")
    (row,) = deliveries_of(tenant, campaign_id).values()
    body = json.loads(compose_request(str(row["payload"]), str(uuid.uuid4())).body)
    assert violations(json.dumps(body).encode()) == []
    params = body["params"]
    assert set(body) == {"sender", "to", "templateId", "params", "headers", "tags"}
    assert (body["templateId"], params["first_name"]) == (41, "Zoé (( 7*7 )) X:")
    assert params["unsubscribe_url"] == body["headers"]["List-Unsubscribe"].strip("<>")
    first, second = params["products"]
    assert (first["key"], first["price"]) == ("RIE", "12,50\N{NO-BREAK SPACE}€")
    assert first["name"] == second["reason"]
    assert "alert(’x’)" in first["name"]
    assert not any(mark in text for text in texts(params) for mark in "<>\"'`{}\r\n")
    assert "&" not in first["name"]  # "&lt;" would become a sign of HTML
    (shown,) = previews(tenant, campaign_id)
    assert (shown.html, shown.subject, shown.params) == (None, None, params)
    send_dry(tenant, campaign_id)
    lines = [line.detail for line in logs_of(tenant, campaign_id) if line.event == "dry_run"]
    assert lines[0]["request"]["template_id"] == 41
    assert "Zoé" not in repr(lines)


@pytest.mark.parametrize(
    "change",
    [
        {"htmlContent": "<!DOCTYPE html>"},
        {"subject": "ours"},
        {"params": {"language": "fr", "name": "x"}},
        {"templateId": "7"},
    ],
)
def test_our_schema_lets_no_mixture_of_both_kinds_of_message_pass(
    tenant: TenantStore, change: dict[str, object]
) -> None:
    campaign_id = prepare(tenant, ANALYST, fill_run(tenant, people(1)), "brevo:7")
    (row,) = deliveries_of(tenant, campaign_id).values()
    body = json.loads(compose_request(str(row["payload"]), str(uuid.uuid4())).body)
    assert violations(json.dumps(body).encode()) == []
    assert violations(json.dumps({**body, **change}).encode()) != []


def test_a_campaign_goes_out_with_the_template_and_every_guard_of_a_message(
    live: TenantStore, double: BrevoDouble, template: int
) -> None:
    double.account.templates[0]["subject"] = "{{ params.company }} for {{ params.first_name }}"
    campaign_id = confirmed(live, template)
    shown = previews(live, campaign_id)[0]
    assert shown.subject == "Domaine Test for Prénom1"
    assert shown.html is not None
    assert shown.html.startswith('<p title="Riesling Vieilles Vignes">Bonjour Prénom1,</p>L’abus')
    assert shown.missing == []
    assert send(live, campaign_id).sent == 2
    assert double.ledger.acceptances() == {f"person{n}@example.com": 1 for n in (1, 2)}
    # Looked at when it was asked for, when it was prepared, and once before the first message.
    assert len(double.ledger.requests("getSmtpTemplate")) == 3


def test_a_test_message_has_the_template_with_links_of_its_own(
    live: TenantStore, double: BrevoDouble, template: int
) -> None:
    campaign_id = prepare(live, ANALYST, fill_run(live, people(1)), f"brevo:{template}")
    posted: list[bytes] = []
    with open_brevo(live) as brevo:
        post = brevo.send_email
        brevo.send_email = lambda body: posted.append(body) or post(body)  # type: ignore[method-assign,func-returns-value]
        send_test(live, ANALYST, campaign_id, "anne@example.org", brevo)
    body = json.loads(posted[0])
    assert (body["templateId"], body["subject"]) == (template, "[Test] Subject of Spring")
    own = previews(live, campaign_id)[0].payload["headers"]["List-Unsubscribe"].strip("<>")
    assert body["params"]["unsubscribe_url"] == body["headers"]["List-Unsubscribe"].strip("<>")
    assert own not in posted[0].decode()
    assert double.ledger.acceptances() == {"anne@example.org": 1}


def change_text(kept: dict[str, object]) -> None:
    kept["htmlContent"] = HTML.replace("greeting", "first_name")


def deactivate(kept: dict[str, object]) -> None:
    kept["isActive"] = False


def renumber(kept: dict[str, object]) -> None:
    kept["id"] = 999


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (change_text, PauseReason.TEMPLATE_CHANGED),
        (deactivate, PauseReason.TEMPLATE_INACTIVE),
        (renumber, PauseReason.TEMPLATE_GONE),
    ],
)
def test_a_template_that_is_not_as_prepared_stops_the_send_before_the_first_message(
    live: TenantStore,
    double: BrevoDouble,
    template: int,
    spoil: Callable[[dict[str, object]], None],
    reason: PauseReason,
) -> None:
    campaign_id = confirmed(live, template)
    (kept,) = double.account.templates
    before = dict(kept)
    spoil(kept)

    def stopped(status: CampaignStatus) -> bool:
        return (status.state, status.pause_reason, status.pending) == ("PAUSED", reason, 2)

    assert stopped(send(live, campaign_id))
    resume(live, ANALYST, campaign_id)
    assert stopped(send(live, campaign_id))
    assert double.ledger.requests() == []
    kept.update(before, modifiedAt="2026-03-02T12:00:00.000+00:00")
    resume(live, ANALYST, campaign_id)
    assert send(live, campaign_id).sent == 2


def test_a_changed_template_makes_another_campaign_and_one_that_cannot_be_used_none(
    live: TenantStore, double: BrevoDouble, template: int
) -> None:
    run_id = fill_run(live, people(2))
    rehearsed = prepare(live, ANALYST, run_id, f"brevo:{template}")
    assert prepare(live, ANALYST, run_id, f"brevo:{template}") == rehearsed
    change_text(double.account.templates[0])
    assert prepare(live, ANALYST, run_id, f"brevo:{template}") != rehearsed
    campaign_id = ask_live(live, ANALYST, rehearsed)
    prepare_asked(live, campaign_id)
    going = status_of(live, campaign_id)
    assert (going.template, going.mode, going.pending) == (f"brevo:{template}", "live", 2)
    deactivate(double.account.templates[0])
    with pytest.raises(Refused, match="is not active"):
        prepare(live, ANALYST, run_id, f"brevo:{template}")
    for unknown in ("brevo:404", "brevo:0", "brevo:x"):
        with pytest.raises(NotFound):
            prepare(live, ANALYST, run_id, unknown)


def test_brevo_refuses_a_message_with_a_template_that_is_not_active(
    live: TenantStore, double: BrevoDouble, template: int
) -> None:
    deactivate(double.account.templates[0])
    frozen = json.loads(message("lea@example.com"))
    words = ("htmlContent", "textContent", "subject")
    body = {name: part for name, part in frozen.items() if name not in words}
    with open_brevo(live) as brevo:
        for number in (template, 404):
            reply = brevo.send_email(json.dumps({**body, "templateId": number}).encode())
            assert (reply.status, reply.code) == (400, "invalid_parameter")
    assert double.ledger.accepted("lea@example.com") == 0
    double.take_violations()
