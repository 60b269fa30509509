import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr

from core.errors import NotFound, SettingsError
from core.outreach.unsubscribe import (
    make_token,
    read_token,
    token_secret,
    unsubscribe_headers,
    unsubscribe_url,
)
from core.settings import Settings

TENANT = "0b4f3f9e-6a52-4c7e-9a57-5f4d3a1f2c11"
SECRET = b"s" * 32


@pytest.mark.parametrize("email", ["a@example.com", "rené@exämple.fr", "a+b@" + "x" * 200 + ".fr"])
def test_a_token_names_its_tenant_and_address(email: str) -> None:
    found = read_token([SECRET], make_token(SECRET, TENANT, email))
    assert (found.tenant_id, found.email_norm) == (TENANT, email)


def test_a_token_is_the_same_every_time_and_shows_nothing() -> None:
    token = make_token(SECRET, TENANT, "alice@example.com")
    assert token == make_token(SECRET, TENANT, "alice@example.com")
    assert token != make_token(SECRET, TENANT, "alicf@example.com")
    assert token.replace("-", "").replace("_", "").isalnum()
    assert "alice" not in token


@pytest.mark.parametrize("place", [0, 10, 30, -1])
def test_a_token_with_one_character_changed_is_refused(place: int) -> None:
    token = list(make_token(SECRET, TENANT, "alice@example.com"))
    token[place] = "A" if token[place] != "A" else "Q"
    with pytest.raises(NotFound):
        read_token([SECRET], "".join(token))


@pytest.mark.parametrize("token", ["", "x", "é", "A" * 30, "../../etc", "a" * 10_000])
def test_text_that_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(NotFound):
        read_token([SECRET], token)


def test_a_token_of_another_instance_is_refused() -> None:
    with pytest.raises(NotFound):
        read_token([b"t" * 32], make_token(SECRET, TENANT, "alice@example.com"))


def test_headers_are_those_of_one_click_unsubscription() -> None:
    assert unsubscribe_headers(unsubscribe_url("https://crm.example/", "T")) == {
        "List-Unsubscribe": "<https://crm.example/u/T>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def _settings(folder: Path, secret: str | None = None) -> Settings:
    return Settings(data_dir=folder, token_secret=SecretStr(secret) if secret else None)


def test_the_secret_of_the_settings_is_used_when_there_is_one(tmp_path: Path) -> None:
    assert token_secret(_settings(tmp_path, "x" * 32), live=True) == b"x" * 32
    assert list(tmp_path.iterdir()) == []


def test_starters_of_a_development_instance_share_one_private_secret(tmp_path: Path) -> None:
    settings = _settings(tmp_path / "data")
    with ThreadPoolExecutor(8) as pool:
        secrets = set(pool.map(lambda _: token_secret(settings), range(16)))
    assert len(secrets) == 1
    assert len(secrets.pop()) == 64
    (path,) = (tmp_path / "data").iterdir()
    assert path.name == ".secret"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("secret", [None, "short"])
def test_a_live_campaign_needs_a_real_secret(tmp_path: Path, secret: str | None) -> None:
    with pytest.raises(SettingsError, match="TOKEN_SECRET"):
        token_secret(_settings(tmp_path, secret), live=True)
