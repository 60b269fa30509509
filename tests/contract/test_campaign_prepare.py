import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import jsonschema
import pytest

from core.errors import NotAllowed, NotFound, Refused
from core.outreach.audience import Step
from core.outreach.payload import compose_request
from core.outreach.wording import EVIN_NOTICE
from core.services import prepare_campaign
from core.services.campaign_control import cancel
from core.services.campaign_reports import (
    audience_of,
    list_campaigns,
    logs_of,
    losses_of,
    previews,
    status_of,
)
from core.services.message_templates import templates
from core.services.prepare_campaign import ask_campaign, is_prepared, prepare, prepare_asked
from core.services.run_audience import audience_of_run
from core.services.send_dry import send_dry
from core.store.tenant import Store, Tenant, TenantStore
from tests.contract.campaign_data import (
    ANALYST,
    AS_OF,
    NOW,
    VIEWER,
    Person,
    add_contact,
    count,
    deliveries_of,
    fill_run,
    people,
    suppress,
)
from tests.contract.conftest import new_tenant

BREVO = Path(__file__).parent / "brevo"

MIXED = [
    Person(code="A", email="shared@example.com", value=10),
    Person(code="B", email="shared@example.com", value=20),
    Person(code="C", email="c@example.com", opt_out=True),
    Person(code="D", email="d@example.com"),
    Person(code="E", email="e@example.com"),
    Person(code="F", email="f@example.com"),
    Person(code="G", email="g@example.com", language="en", first_name="Grace"),
    Person(code="H", email=None),
    Person(code="I", email="not an address"),
    Person(code="J", email="j@example.com", items=0, gate=False, reason="NO_RECOMMENDATION"),
    Person(code="K", email="k@example.com", gate=False, reason="SCORE_BELOW_80"),
    Person(code="L", email="l@example.com", known=False),
]


def schema(name: str) -> dict[str, object]:
    found: dict[str, object] = json.loads((BREVO / name).read_text(encoding="utf-8"))
    return found


@pytest.fixture
def mixed_run(tenant: TenantStore) -> str:
    """A run of which B, F and G can be written to."""
    run_id = fill_run(tenant, MIXED)
    suppress(tenant, email="d@example.com")
    add_contact(tenant, "hard_bounce", AS_OF, email="e@example.com")
    suppress(tenant, customer="F", lifted=True)
    return run_id


def test_the_audience_leaves_out_who_must_not_be_written_to(
    tenant: TenantStore, mixed_run: str
) -> None:
    campaign_id = prepare(tenant, ANALYST, mixed_run, "discovery", 250)
    assert sorted(deliveries_of(tenant, campaign_id)) == ["B", "F", "G"]
    audience = audience_of(tenant, campaign_id)
    assert audience == audience_of_run(tenant, mixed_run)
    assert [step.remaining for step in audience.steps] == [11, 10, 7, 4, 3]
    gone = losses_of(audience, Step.SUPPRESSION, "OPTOUT_OR_BOUNCE", limit=2, offset=1)
    assert (gone.customers, gone.total) == (("D", "E"), 3)
    status = status_of(tenant, campaign_id)
    assert (status.planned, status.pending, status.shared, status.difference) == (4, 3, 1, 0)


def test_the_frozen_audience_does_not_follow_later_changes(
    tenant: TenantStore, mixed_run: str
) -> None:
    campaign_id = prepare(tenant, ANALYST, mixed_run, "discovery", 250)
    before = audience_of(tenant, campaign_id)
    suppress(tenant, customer="B")
    assert audience_of(tenant, campaign_id) == before
    assert audience_of_run(tenant, mixed_run) != before


def test_batches_are_filled_in_the_order_of_the_customers(tenant: TenantStore) -> None:
    run_id = fill_run(tenant, people(450))
    campaign_id = prepare(tenant, ANALYST, run_id, "rebuy", 200)
    rows = sorted(deliveries_of(tenant, campaign_id).values(), key=lambda row: row["customer"])
    assert [row["delivery_no"] for row in rows] == list(range(1, 451))
    assert [row["batch_no"] for row in rows] == [1] * 200 + [2] * 200 + [3] * 50


def test_every_request_meets_the_vendors_contract_and_ours(
    tenant: TenantStore, mixed_run: str
) -> None:
    campaign_id = prepare(tenant, ANALYST, mixed_run, "winback", 250)
    for row in deliveries_of(tenant, campaign_id).values():
        body = json.loads(compose_request(str(row["payload"]), str(uuid.uuid4())).body)
        jsonschema.Draft202012Validator(schema("send_smtp_email.vendor.json")).validate(body)
        strict = jsonschema.Draft202012Validator(
            schema("send_smtp_email.strict.json"), format_checker=jsonschema.FormatChecker()
        )
        strict.validate(body)
        assert body["to"] == [{"email": row["email_norm"]}]
        assert body["headers"]["X-Mailin-custom"] == f"{campaign_id}.{row['delivery_no']}"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda body: body.update(idempotencyKey=body["headers"].pop("idempotencyKey")),
        lambda body: body["headers"].update({"Idempotency-Key": "x"}),
        lambda body: body["headers"].update(idempotencyKey="abc-123"),
        lambda body: body["to"].append({"email": "second@example.com"}),
        lambda body: body.update(bcc=[{"email": "b@example.com"}]),
        lambda body: body.update(subject="a\r\nBcc: b@example.com"),
    ],
    ids=["key outside", "key misspelt", "key no UUID", "two recipients", "copy", "line break"],
)
def test_our_schema_refuses_what_the_vendors_lets_pass(
    tenant: TenantStore, mixed_run: str, spoil: object
) -> None:
    (preview, *_) = previews(tenant, prepare(tenant, ANALYST, mixed_run, "winback", 250))
    body = json.loads(compose_request(json.dumps(preview.payload), str(uuid.uuid4())).body)
    assert callable(spoil)
    spoil(body)
    jsonschema.Draft202012Validator(schema("send_smtp_email.vendor.json")).validate(body)
    strict = jsonschema.Draft202012Validator(schema("send_smtp_email.strict.json"))
    assert not strict.is_valid(body)


def test_previews_show_the_messages_as_frozen(tenant: TenantStore, mixed_run: str) -> None:
    shown = previews(tenant, prepare(tenant, ANALYST, mixed_run, "discovery", 250))
    assert (shown[0].customer, shown[0].email) == ("B", "shared@example.com")
    assert "Déjà acheté <deux> fois & apprécié" in shown[0].text
    assert "Pinot &lt;b&gt;Noir&lt;/b&gt; &amp; Cie" in shown[0].html
    assert EVIN_NOTICE in shown[0].html
    assert "Hello Grace," in shown[2].text
    assert "€12.50" in shown[2].text


def test_only_the_first_five_are_previewed(tenant: TenantStore) -> None:
    campaign_id = prepare(tenant, ANALYST, fill_run(tenant, people(7)), "rebuy", 250)
    assert [p.delivery_no for p in previews(tenant, campaign_id)] == [1, 2, 3, 4, 5]


def test_a_second_click_gives_the_same_campaign(tenant: TenantStore, mixed_run: str) -> None:
    first = prepare(tenant, ANALYST, mixed_run, "discovery", 250)
    frozen = deliveries_of(tenant, first)
    assert prepare(tenant, ANALYST, mixed_run, "discovery", 250) == first
    assert deliveries_of(tenant, first) == frozen
    assert len(logs_of(tenant, first)) == 1


def test_clicks_at_the_same_time_give_one_campaign(tenant: TenantStore, mixed_run: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        ids = list(
            pool.map(lambda _: prepare(tenant, ANALYST, mixed_run, "discovery", 250), range(4))
        )
    assert len(set(ids)) == 1
    assert (count(tenant, "campaign"), count(tenant, "delivery")) == (1, 3)


def test_other_choices_and_a_finished_campaign_give_another_one(
    tenant: TenantStore, mixed_run: str
) -> None:
    first = prepare(tenant, ANALYST, mixed_run, "discovery", 250)
    other = prepare(tenant, ANALYST, mixed_run, "discovery", 251)
    send_dry(tenant, first)
    second = prepare(tenant, ANALYST, mixed_run, "discovery", 250)
    cancel(tenant, ANALYST, second)
    third = prepare(tenant, ANALYST, mixed_run, "discovery", 250)
    assert len({first, other, second, third}) == 4
    assert {card.status.campaign_id for card in list_campaigns(tenant)} == {
        *(first, other, second, third)
    }


def test_a_preparation_that_died_is_invisible_and_done_again(
    tenant: TenantStore, mixed_run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(prepare_campaign, "_publish", die)
        with pytest.raises(KeyboardInterrupt):
            prepare(tenant, ANALYST, mixed_run, "discovery", 250)
    assert count(tenant, "delivery") == 3
    assert list_campaigns(tenant) == []
    campaign_id = prepare(tenant, ANALYST, mixed_run, "discovery", 250)
    assert status_of(tenant, campaign_id).to_dict()["planned"] == 4
    assert count(tenant, "delivery") == 3


def test_what_was_asked_for_is_seen_once_it_is_prepared(
    tenant: TenantStore, mixed_run: str
) -> None:
    campaign_id = ask_campaign(tenant, ANALYST, mixed_run, "discovery")
    assert ask_campaign(tenant, ANALYST, mixed_run, "discovery") == campaign_id
    assert (list_campaigns(tenant), is_prepared(tenant, campaign_id)) == ([], False)
    prepare_asked(tenant, campaign_id)
    assert is_prepared(tenant, campaign_id)
    assert ask_campaign(tenant, ANALYST, mixed_run, "discovery") == campaign_id
    prepare_asked(tenant, campaign_id)
    assert len(logs_of(tenant, campaign_id)) == 1
    assert (count(tenant, "campaign"), count(tenant, "delivery")) == (1, 3)


@pytest.mark.parametrize("size", [0, 199, 301])
def test_a_batch_size_outside_its_range_is_refused(
    tenant: TenantStore, mixed_run: str, size: int
) -> None:
    with pytest.raises(Refused, match="200 to 300"):
        prepare(tenant, ANALYST, mixed_run, "discovery", size)


def test_what_cannot_be_prepared_is_refused_with_a_sentence(
    tenant: TenantStore, mixed_run: str
) -> None:
    with pytest.raises(NotFound, match="discovery, rebuy, winback"):
        prepare(tenant, ANALYST, mixed_run, "nothing", 250)
    with pytest.raises(Refused, match="BREVO_DRY_RUN is not 0"):
        prepare(tenant, ANALYST, mixed_run, "discovery", 250, mode="live")
    with pytest.raises(NotAllowed):
        prepare(tenant, VIEWER, mixed_run, "discovery", 250)
    for unknown in (str(uuid.uuid4()), "no id"):
        with pytest.raises(NotFound):
            prepare(tenant, ANALYST, unknown, "discovery", 250)
    assert count(tenant, "campaign") == 0


@pytest.mark.parametrize("status", ["queued", "running", "failed"])
def test_a_run_that_is_not_done_is_refused(tenant: TenantStore, status: str) -> None:
    run_id = fill_run(tenant, people(1), status=status)
    with pytest.raises(Refused, match="not done"):
        prepare(tenant, ANALYST, run_id, "discovery", 250)


def test_a_run_that_reaches_nobody_leaves_no_campaign(tenant: TenantStore) -> None:
    run_id = fill_run(tenant, [Person(code="A", email=None)])
    with pytest.raises(Refused, match="Nobody"):
        prepare(tenant, ANALYST, run_id, "discovery", 250)
    assert count(tenant, "campaign") == 0


def test_another_tenant_sees_nothing_of_it(
    store: Store, tenant: TenantStore, mixed_run: str
) -> None:
    campaign_id = prepare(tenant, ANALYST, mixed_run, "discovery", 250)
    stranger = new_tenant(store)
    assert list_campaigns(stranger) == []
    for read in (status_of, audience_of, previews, logs_of):
        with pytest.raises(NotFound):
            read(stranger, campaign_id)
    with pytest.raises(NotFound):
        prepare(stranger, ANALYST, mixed_run, "discovery", 250)


def test_what_is_prepared_may_wait_a_week(tenant: TenantStore, mixed_run: str) -> None:
    campaign_id = prepare(tenant, ANALYST, mixed_run, "discovery", 250)
    for row in deliveries_of(tenant, campaign_id).values():
        assert str(row["not_after"])[:16].replace("T", " ") == str(NOW + timedelta(days=7))[:16]


def test_every_database_freezes_the_same_bytes(every_store: dict[str, Store]) -> None:
    same = Tenant(tenant_id=str(uuid.UUID(int=1)), key="same", name="Domaine Test")
    frozen = {}
    for kind, store in every_store.items():
        (store.settings.data_dir).mkdir(parents=True, exist_ok=True)
        (store.settings.data_dir / ".secret").write_text("s" * 64)
        tenant = store.tenant_store(same)
        persons = [Person(code=code, email=f"{n}@example.com") for n, code in enumerate("éEaZ")]
        run_id = fill_run(tenant, persons, run_id=str(uuid.UUID(int=2)))
        rows = deliveries_of(tenant, prepare(tenant, ANALYST, run_id, "discovery", 250))
        frozen[kind] = [(code, rows[code]["delivery_no"], rows[code]["payload"]) for code in rows]
    expected = sorted(frozen["sqlite"])
    assert [code for code, *_ in sorted(expected, key=lambda row: row[1])] == ["E", "Z", "a", "é"]
    assert sorted(frozen["postgres"]) == sorted(frozen["french"]) == expected


def test_templates_are_described_in_the_readers_language() -> None:
    cards = templates("en")
    assert [card.name for card in cards] == ["discovery", "rebuy", "winback"]
    assert all(card.title and card.description for card in cards)
