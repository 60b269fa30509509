"""Secrets come from the environment or from files, and none that everybody knows is taken."""

from pathlib import Path

import pytest

from core.errors import SettingsError
from core.settings import Settings, check_secrets, read_settings

GOOD = "f3Zk9-Qw2_Lx8TnV7rYbJ5mHc4Pd6Ks1"


@pytest.mark.parametrize(
    "given",
    [
        {"token_secret": "short"},
        {"token_secret": "x" * 64},
        {"token_secret": "change-me"},
        {"token_secret_previous": "short"},
        {"database_url": "postgresql://iacrm:password@db/iacrm"},
        {"database_owner_url": "postgresql://iacrm_owner:Postgres@db/iacrm"},
        {"jobs_database_url": "postgresql://iacrm:changeme@db/iacrm"},
    ],
)
def test_a_secret_that_anybody_guesses_stops_the_start(given: dict[str, str]) -> None:
    settings = Settings(_env_file=None, **given)  # type: ignore[arg-type,call-arg]
    with pytest.raises(SettingsError) as refused:
        check_secrets(settings)
    (name, value), = given.items()  # fmt: skip
    assert name.upper() in str(refused.value)
    assert value not in str(refused.value)
    check_secrets(settings.model_copy(update={"enable_demo_data": True}))


def test_good_ones_and_none_at_all_are_taken() -> None:
    check_secrets(Settings(_env_file=None))  # type: ignore[call-arg]
    check_secrets(
        Settings(
            _env_file=None,  # type: ignore[call-arg]
            token_secret=GOOD,
            database_url="postgresql://iacrm:gR7-kLw92.Vx@db/iacrm",
        )
    )


@pytest.mark.parametrize("name", ["token_secret", "token_secret_previous"])
def test_a_secret_may_stand_in_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / "token").write_text(f"{GOOD}\n")
    monkeypatch.setenv(f"{name.upper()}_FILE", str(tmp_path / "token"))
    secret = getattr(read_settings(env_file=None), name)
    assert secret is not None
    assert secret.get_secret_value() == GOOD
    monkeypatch.setenv("BREVO_API_KEY_FILE", str(tmp_path / "missing"))
    with pytest.raises(SettingsError, match="BREVO_API_KEY_FILE"):
        read_settings(env_file=None)


def test_the_switch_of_sending_never_comes_from_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "switch").write_text("0")
    monkeypatch.delenv("BREVO_DRY_RUN", raising=False)
    monkeypatch.setenv("BREVO_DRY_RUN_FILE", str(tmp_path / "switch"))
    assert read_settings(env_file=None).is_dry_run
