"""Environment to typed settings, read once: a value that cannot be used stops the start."""

import os
import re
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from core.errors import SettingsError
from core.i18n import N_

DRY_RUN_OFF = "0"
MIN_SECRET_CHARS = 32
_ORIGIN = re.compile(r"https?://[a-z0-9-]+(\.[a-z0-9-]+)*(:[0-9]{1,5})?")
_MIN_DIFFERENT = 8  # of the characters of a secret
_SECRETS = (
    "database_url",
    "database_owner_url",
    "jobs_database_url",
    "brevo_api_key",
    "token_secret",
    "token_secret_previous",
    "metrics_token",
)
# Those of examples and images, which whoever scans the network tries first.
_KNOWN_PASSWORDS = frozenset(
    {"admin", "changeme", "change-me", "demo", "example", "iacrm", "ia-crm", "password"}
    | {"postgres", "root", "secret", "test"}
)
_GUESSED = N_(
    "%(name)s is easily guessed. Set it to at least %(count)s random characters, or leave it out,"
    " and start again."
)
_KNOWN = N_(
    "The password in %(name)s is one of the examples that everybody knows. Choose another and start"
    " again."
)


class Settings(BaseSettings):
    """Every environment variable the product reads; `.env.example` explains each."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    database_url: str = "sqlite:///./data/demo.db"
    database_owner_url: str | None = None
    jobs_database_url: str | None = None
    data_dir: Path = Path("data")
    etl_chunk_size: int = Field(default=50_000, ge=1_000, le=1_000_000)
    etl_memory_mb: int = Field(default=1_600, ge=200)
    max_upload_mb: int = Field(default=2_048, ge=1)
    max_workbook_mb: int = Field(default=512, ge=1)
    max_cell_chars: int = Field(default=1_000_000, ge=1_000)
    max_columns: int = Field(default=2_000, ge=10)
    import_wait_seconds: int = Field(default=600, ge=0, le=86_400)
    worker_jobs: int = Field(default=2, ge=1, le=16)
    raw_scan_seconds: int = Field(default=60, ge=0, le=86_400)
    brevo_api_key: SecretStr | None = None
    brevo_dry_run: str = "1"
    brevo_sender_email: str | None = None
    brevo_sender_name: str | None = None
    brevo_base_url: str = "https://api.brevo.com/v3"
    brevo_in_flight: int = Field(default=16, ge=1, le=64)
    public_base_url: str = "http://localhost:8501"
    allowed_origins: Annotated[tuple[str, ...], NoDecode] = ()
    enable_demo_data: bool = False
    secure_cookies: bool = False
    token_secret: SecretStr | None = None
    token_secret_previous: SecretStr | None = None
    metrics_token: SecretStr | None = None
    log_level: str = Field(default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")
    log_format: str = Field(default="text", pattern="^(text|json)$")

    @field_validator("allowed_origins", mode="before")
    @classmethod
    def _split_origins(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(origin.strip() for origin in value.split(",") if origin.strip())
        return value

    @field_validator("allowed_origins")
    @classmethod
    def _whole_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        """Take what a browser names as an origin and nothing else: it is compared as a whole."""
        if not all(_ORIGIN.fullmatch(origin) for origin in value):
            raise ValueError("an origin is https://name or https://name:port, without path or *")
        return value

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if not value.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg2://")):
            raise ValueError("it must start with sqlite:/// or postgresql+psycopg2://")
        return value

    @property
    def has_own_login(self) -> bool:
        """True when the application signs in to Postgres as another role than the owner."""
        owner = self.database_owner_url
        return owner is not None and self.database_url.startswith("postgresql")

    @property
    def is_dry_run(self) -> bool:
        """True unless BREVO_DRY_RUN is exactly `0`."""
        return self.brevo_dry_run != DRY_RUN_OFF


def read_settings(env_file: Path | None = Path(".env")) -> Settings:
    """Read the environment (and `env_file` below it); raise `SettingsError` naming a bad value."""
    try:
        given: dict[str, Any] = _from_files()
        settings = Settings(_env_file=env_file, **given)  # type: ignore[call-arg]  # known to pydantic-settings
        return settings.model_copy(update=_dry_unless_agreed())
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        name = "_".join(str(part) for part in first["loc"]).upper()
        raise SettingsError(
            N_("The setting %(name)s cannot be used: %(reason)s. Correct it and start again."),
            name=name,
            reason=first["msg"],
        ) from None


def _from_files() -> dict[str, str]:
    """Return the secrets that stand in files: `TOKEN_SECRET_FILE` names that of TOKEN_SECRET."""
    found: dict[str, str] = {}
    for name in _SECRETS:
        path = os.environ.get(f"{name.upper()}_FILE")
        if not path:
            continue
        try:
            found[name] = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            raise SettingsError(
                N_("The file that %(name)s names cannot be read. Correct it and start again."),
                name=f"{name.upper()}_FILE",
            ) from error
    return found


def check_secrets(settings: Settings) -> None:
    """Raise `SettingsError` for a secret that anybody can guess; demo data are free to have one.

    A TOKEN_SECRET that is not set is none: a random one is kept under `DATA_DIR` then.
    """
    if settings.enable_demo_data:
        return
    for name in ("token_secret", "token_secret_previous", "metrics_token"):
        given: SecretStr | None = getattr(settings, name)
        token = given.get_secret_value() if given else None
        if token is not None and _is_guessed(token):
            raise SettingsError(_GUESSED, name=name.upper(), count=MIN_SECRET_CHARS)
    for name in ("database_url", "database_owner_url", "jobs_database_url"):
        password = urlsplit(getattr(settings, name) or "").password
        if password is not None and password.lower() in _KNOWN_PASSWORDS:
            raise SettingsError(_KNOWN, name=name.upper())


def _is_guessed(secret: str) -> bool:
    return len(secret) < MIN_SECRET_CHARS or len(set(secret)) < _MIN_DIFFERENT


def _dry_unless_agreed() -> dict[str, str]:
    """Return a dry switch where the environment says anything but an exact `0`.

    pydantic-settings takes the file's value for an empty one, and the last of several spellings.
    """
    said = {value for name, value in os.environ.items() if name.lower() == "brevo_dry_run"}
    others = sorted(said - {DRY_RUN_OFF})
    return {"brevo_dry_run": others[0]} if others else {}


@lru_cache(maxsize=1)
def current_settings() -> Settings:
    """Return the settings of this process, read at the first call."""
    return read_settings()
