"""Backup, restore and check of the whole instance."""

from pathlib import Path
from typing import Annotated

import typer

from core.cli.terminal import (
    AsJson,
    fail,
    language_of_user,
    open_store,
    print_result,
    say,
    tell_stage,
)
from core.errors import Refused
from core.i18n import N_, translate
from core.settings import current_settings

Folder = Annotated[Path, typer.Argument(help="Folder of the backup.")]


def backup(
    folder: Annotated[Path, typer.Argument(help="Folder to make.")], as_json: AsJson = False
) -> None:
    """Copy the databases and the data folder while the instance runs."""
    from core.jobs import jobs_url
    from core.services.backup import back_up

    store = open_store()
    manifest = back_up(store, jobs_url(store.settings), folder, tell_stage)
    told = {
        "folder": str(folder),
        "revision": manifest.revision,
        "tenants": len(manifest.tenants),
        "tables": len(manifest.tables),
        "rows": sum(table.rows for table in manifest.tables),
        "files": len(manifest.files),
    }
    print_result(told, as_json, [f"{name}: {value}" for name, value in told.items()])


def restore(
    folder: Annotated[Path | None, typer.Argument(help="Folder of the backup.")] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Throw away what this instance holds.")
    ] = False,
    undo: Annotated[
        bool, typer.Option("--undo", help="Have back what was there before a broken-off restore.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Bring a backup back: whole, or nothing is changed."""
    from core.jobs import forget_jobs, jobs_url, migrate_jobs
    from core.services import restore as service
    from core.store.backup.parts import parts_of

    settings = current_settings()
    if undo:
        service.put_back(settings, parts_of(settings, jobs_url(settings)))
        say(translate(language_of_user(), N_("What was there before is back.")))
        return
    if folder is None:
        raise Refused(N_("Name the folder of the backup."))
    done = service.restore(
        settings, jobs_url(settings), folder, migrate_jobs, forget_jobs, replace=replace
    )
    told = vars(done)
    print_result(told, as_json, [f"{name}: {value}" for name, value in told.items()])
    if done.unusable:
        say(translate(language_of_user(), N_("Set the TOKEN_SECRET of the backup's instance.")))


def check(
    folder: Annotated[
        Path | None, typer.Argument(help="Backup to check; default: the instance.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Look whether everything is there and whole; exit code 1 when something is wrong."""
    found = _check_instance() if folder is None else _check_backup(folder)
    told = [{"error": is_error, "sentence": sentence} for is_error, sentence in found]
    print_result({"found": told}, as_json, [sentence for _, sentence in found])
    language = language_of_user()
    if any(is_error for is_error, _ in found):
        fail(translate(language, N_("Something is wrong.")))
    say(translate(language, N_("Everything is there and whole.")))


def _check_instance() -> list[tuple[bool, str]]:
    from core.jobs import jobs_url
    from core.services.instance_check import check_instance

    store, language = open_store(is_checked=False), language_of_user()
    found = check_instance(store, jobs_url(store.settings))
    return [(one.is_error, translate(language, one.message, **one.values)) for one in found]


def _check_backup(folder: Path) -> list[tuple[bool, str]]:
    from core.services.backup import verify_backup

    _, damaged = verify_backup(folder)
    language = language_of_user()
    sentence = N_("%(path)s is missing or damaged.")
    return [(True, translate(language, sentence, path=path)) for path in damaged]
