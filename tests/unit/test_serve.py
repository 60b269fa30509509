"""What the supervisor of `make run` gives to its processes."""

import os

import pytest

from core.serve import child_environment
from core.settings import read_settings


@pytest.mark.parametrize(
    ("told", "expected"),
    [(None, "http://localhost:8701"), ("https://crm.example.com", "https://crm.example.com")],
)
def test_links_lead_to_the_port_unless_an_address_is_told(
    monkeypatch: pytest.MonkeyPatch, told: str | None, expected: str
) -> None:
    monkeypatch.delenv("PUBLIC_BASE_URL", raising=False)
    if told is not None:
        monkeypatch.setenv("PUBLIC_BASE_URL", told)
    environment = child_environment(8701, read_settings(env_file=None))
    assert environment["PUBLIC_BASE_URL"] == expected
    assert environment["IACRM_SUPERVISOR_PID"] == str(os.getpid())
