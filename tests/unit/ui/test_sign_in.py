"""From where a browser comes, which decides whether the demo user may come in."""

from types import SimpleNamespace

import pytest

import ui.client


@pytest.mark.parametrize(
    ("remote", "bound", "headers", "expected"),
    [
        (None, "localhost", {"Host": "localhost:8501"}, ("127.0.0.1", True)),
        (None, "127.0.0.1", {"Host": "[::1]:8501"}, ("127.0.0.1", True)),
        (None, "localhost", {"Host": "127.0.0.1"}, ("127.0.0.1", True)),
        (None, "localhost", {"Host": "crm.example.com"}, ("127.0.0.1", False)),
        (None, "0.0.0.0", {"Host": "localhost:8501"}, ("127.0.0.1", False)),
        (None, None, {"Host": "localhost:8501"}, ("127.0.0.1", False)),
        ("10.0.0.7", "localhost", {"Host": "localhost"}, ("10.0.0.7", True)),
        *(
            (None, "localhost", {"Host": "localhost", name: "127.0.0.1"}, ("127.0.0.1", False))
            for name in ("X-Forwarded-For", "Forwarded", "X-Real-Ip", "Via")
        ),
    ],
)
def test_only_a_direct_client_of_a_local_server_is_direct(
    monkeypatch: pytest.MonkeyPatch,
    remote: str | None,
    bound: str | None,
    headers: dict[str, str],
    expected: tuple[str, bool],
) -> None:
    context = SimpleNamespace(ip_address=remote, headers=headers)
    fake = SimpleNamespace(context=context, get_option=lambda _name: bound)
    monkeypatch.setattr(ui.client, "st", fake)
    assert ui.client.read_client() == expected
