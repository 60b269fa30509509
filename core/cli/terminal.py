"""What the commands share: options, the terminal, the store they work on."""

import json
import logging
import os
import sys
from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, NoReturn

import typer

from core.i18n import language_of, translate
from core.logs import formatter_of
from core.services import accounts
from core.services.import_turn import patience_of_command
from core.settings import current_settings
from core.store.patience import AT_ONCE, Patience
from core.store.restoring import refuse_half_restored
from core.store.tenant import Store, TenantStore, utc_now

TenantKey = Annotated[str, typer.Option("--tenant", help="Key of the tenant.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
AsOf = Annotated[
    datetime | None,
    typer.Option("--as-of", formats=["%Y-%m-%d"], help="Day to compute for, as YYYY-MM-DD."),
]


def language_of_user() -> str:
    """Return the language of messages, as the environment says."""
    return language_of(os.environ)


def fail(sentence: str) -> NoReturn:
    """Say why the command ends, and end it with exit code 1."""
    say(sentence)
    sys.exit(1)


def say(sentence: str) -> None:
    """Write a message to standard error."""
    typer.echo(sentence, err=True)


def tell_stage(stage: str, done: int, _total: int, /) -> None:
    """Say which stage of long work begins."""
    if done == 0:
        say(f"{translate(language_of_user(), stage)} …")


def print_result(result: Mapping[str, Any], as_json: bool, lines: list[str]) -> None:
    """Print `result` as one JSON object, or `lines`."""
    if as_json:
        typer.echo(json.dumps(result, ensure_ascii=False, sort_keys=True))
    else:
        for line in lines:
            typer.echo(line)


def open_store(patience: Patience = AT_ONCE, *, is_checked: bool = True) -> Store:
    """Return the store that the environment names.

    Raises `Refused` while a restore is not done, unless it is to be looked at as it is.
    """
    settings = current_settings()
    if is_checked:
        refuse_half_restored(settings)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter_of(settings.log_format))
    logging.basicConfig(level=settings.log_level, handlers=[handler])
    return Store(settings, utc_now, patience)


def open_tenant(key: str) -> TenantStore:
    """Return the store of the tenant with this key; raise `NotFound` when there is none.

    Who works with it waits for another import of this tenant as long as the settings say.
    """
    patience = patience_of_command(current_settings(), language_of_user(), say)
    store = open_store(patience)
    return store.tenant_store(accounts.tenant_by_key(store, key))


def day_of(moment: datetime | None) -> date | None:
    """Return the day of a moment given as an option."""
    return moment.date() if moment else None
