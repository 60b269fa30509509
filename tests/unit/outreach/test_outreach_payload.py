import json
import uuid

import pytest

from core.errors import Refused
from core.outreach.payload import (
    PLACEHOLDER_SENDER,
    Place,
    Sender,
    build_payload,
    compose_request,
    header_value,
    sender_of,
)
from core.outreach.rendering import Message
from core.settings import Settings

KEY = "6f1c9a52-1d8e-4a7b-9f3e-2b5d8c7a1e00"
PLACE = Place(campaign_id=str(uuid.UUID(int=7)), batch_no=2, delivery_no=251)
SENDER = Sender(email="cave@example.com", name="Domaine Test")
MESSAGE = Message(subject="Bonjour", html="<!DOCTYPE html>Anne", text="Anne")
URL = "https://crm.example/u/TOKEN"


def payload(**changes: object) -> str:
    message = Message(**{**vars(MESSAGE), **changes})
    return build_payload(SENDER, "anne@example.com", message, URL, PLACE)


def test_the_body_is_the_frozen_payload_and_the_key_in_its_headers() -> None:
    frozen = json.loads(payload())
    body = json.loads(compose_request(payload(), KEY).body)
    assert body["headers"].pop("idempotencyKey") == KEY
    assert body == frozen


def test_a_replay_is_byte_identical() -> None:
    assert compose_request(payload(), KEY).body == compose_request(payload(), KEY).body


@pytest.mark.parametrize("key", ["", "abc-123", "not a uuid at all"])
def test_a_key_that_is_no_uuid_is_refused(key: str) -> None:
    with pytest.raises(ValueError):
        compose_request(payload(), key)


@pytest.mark.parametrize("character", ["\r", "\n", "\0", "\x1f", "\x7f"])
def test_a_header_is_never_ended_by_a_value(character: str) -> None:
    with pytest.raises(Refused, match="line break"):
        header_value(f"a{character}Bcc: b@example.com")
    with pytest.raises(Refused):
        payload(subject=f"a{character}b")


def test_what_a_log_keeps_names_nobody() -> None:
    kept = json.dumps(compose_request(payload(), KEY).redacted)
    for secret in ("anne", "Anne", "example.com", "TOKEN", "Bonjour"):
        assert secret not in kept
    assert KEY in kept


def test_the_sender_is_the_one_that_is_set() -> None:
    found = sender_of(
        Settings(brevo_sender_email="a@example.com", brevo_sender_name="Cave"), "Domaine"
    )
    assert found == Sender(email="a@example.com", name="Cave")
    placeholder = sender_of(Settings(), "D" * 100)
    assert placeholder == Sender(email=PLACEHOLDER_SENDER, name="D" * 70)
