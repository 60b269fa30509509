"""Brevo's events in every spelling, and values of any kind in their place."""

import pytest

from core.contracts import CONTACT_STATUSES
from core.outreach.webhook_events import VendorEvent, parse_event

CAMPAIGN = "6f0f2c1e-53d0-4c8e-9a53-3a8d2f1b7c01"
CLICK = {
    "event": "click",
    "email": " Ann@Example.com ",
    "message-id": "<1@smtp>",
    "ts_event": 1_604_933_654,
    "X-Mailin-custom": f"{CAMPAIGN}.12",
}


def parsed(**other: object) -> VendorEvent:
    found = parse_event({**CLICK, **other})
    assert found is not None
    return found


def test_an_event_is_read() -> None:
    event = parsed()
    assert (event.email_norm, event.message_id) == ("ann@example.com", "<1@smtp>")
    assert (event.campaign_id, event.delivery_no) == (CAMPAIGN, 12)
    assert event.at is not None
    assert event.at.isoformat() == "2020-11-09T14:54:14+00:00"


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("request", None), ("sent", None), ("delivered", "delivered"), ("opened", "open"),
        ("uniqueOpened", "open"), ("proxy_open", "open"), ("click", "click"),
        ("softBounce", "soft_bounce"), ("hard_bounce", "hard_bounce"), ("spam", "complaint"),
        ("complaint", "complaint"), ("unsubscribe", "unsubscribe"),
        ("unsubscribed", "unsubscribe"), ("deferred", None), ("blocked", None),
        ("invalid_email", None), ("error", None),
    ],
)  # fmt: skip
def test_each_name_of_an_event_has_its_contact_status(name: str, status: str | None) -> None:
    assert parsed(event=name).status == status
    assert status is None or status in CONTACT_STATUSES


def test_repetitions_have_one_key_and_other_events_another() -> None:
    other = {
        "event": "opened", "email": "bob@example.com", "message-id": "<2@smtp>", "ts_event": 1_000,
    }  # fmt: skip
    keys = {parsed(id=1).event_key, parsed(id=2, tags=["x"]).event_key}
    assert len(keys) == 1
    keys |= {parsed(**{name: value}).event_key for name, value in other.items()}
    assert len(keys) == 1 + len(other)
    twice = (parsed(event="opened"), parsed(event="unique_opened"))
    assert twice[0].event_key != twice[1].event_key
    assert twice[0].contact_key == twice[1].contact_key


ODD = [
    "\ud800@x", "a\x00@x", "a" * 600 + "@x", -7, None, {}, [], "x", "", 10**30, True, 1.5,
    "99999999999999", f"{CAMPAIGN}.0", f"{'-' * 36}.1",
]  # fmt: skip


@pytest.mark.parametrize("name", list(CLICK))
@pytest.mark.parametrize("value", ODD, ids=lambda value: repr(value)[:20])
def test_a_value_of_any_kind_is_no_error_and_is_not_kept(name: str, value: object) -> None:
    found = parse_event({**CLICK, name: value})
    if name in ("event", "email"):
        assert found is None
        return
    assert found is not None
    assert name != "ts_event" or found.at is None
    assert name != "X-Mailin-custom" or (found.campaign_id, found.delivery_no) == (None, None)
    assert name != "message-id" or found.message_id in (None, value)


def test_the_time_may_be_text_or_stand_in_the_other_field() -> None:
    assert parsed(ts_event=None, ts="1604933654").at == parsed().at
