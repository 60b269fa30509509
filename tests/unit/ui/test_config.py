"""What `.streamlit/config.toml` must not lose: each line guards against a default."""

import tomllib

import pytest

from ui.navigation import FAVICON, LOGO, ROOT

CONFIG = (ROOT / ".streamlit" / "config.toml").read_text()


@pytest.mark.parametrize(
    ("section", "option", "value"),
    [
        ("server", "address", "localhost"),
        ("server", "enableXsrfProtection", True),
        ("server", "enableCORS", True),
        ("server", "enableAgentApi", False),
        ("server", "fileWatcherType", "none"),
        ("server", "maxUploadSize", 10),
        ("client", "showErrorDetails", "none"),
        ("client", "toolbarMode", "minimal"),
        ("client", "allowedOrigins", []),
        ("browser", "gatherUsageStats", False),
    ],
)
def test_a_safe_value_is_set(section: str, option: str, value: object) -> None:
    assert tomllib.loads(CONFIG)[section][option] == value


def test_nothing_is_fetched_from_outside() -> None:
    assert "://" not in CONFIG
    for picture in (LOGO, FAVICON):
        assert "href" not in picture.read_text()
