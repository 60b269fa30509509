"""Command line: the same use cases as the pages, for schedules and scripts.

With `--json` one JSON object goes to standard output; messages go to standard error. Exit code
0: done; 1: refused or failed, with a sentence; 2: wrong usage. What computes is imported by the
command that needs it, so that the others start at once.
"""

import logging
import uuid
from dataclasses import asdict

import typer

from core.cli import (
    backtests,
    backups,
    campaigns,
    contacts,
    imports,
    instance,
    jobs,
    labels,
    mappings,
    policy,
    privacy,
    runs,
    tokens,
    trail,
    users,
    webhooks,
)
from core.cli.terminal import fail, language_of_user
from core.errors import DATABASE_AWAY, CrmError, QuestionOpen, frames_of
from core.i18n import N_, translate

_LOG = logging.getLogger(__name__)

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    help="ia-crm: import, recommend, audit, export and send, for one tenant at a time.",
)
app.command("init")(instance.init)
app.command("backup")(backups.backup)
app.command("restore")(backups.restore)
app.command("check")(backups.check)
app.add_typer(instance.tenant_app, name="tenant")
app.add_typer(users.app, name="user")
app.command("import")(imports.import_files)
app.add_typer(mappings.app, name="mappings")
app.add_typer(labels.app, name="labels")
app.command("policy")(policy.policy)
app.command("run")(runs.run)
app.add_typer(runs.app, name="runs")
app.command("export")(runs.export)
app.command("backtest")(backtests.backtest)
app.add_typer(campaigns.app, name="campaign")
app.add_typer(contacts.app, name="contacts")
app.add_typer(webhooks.app, name="webhook")
app.add_typer(tokens.app, name="token")
app.add_typer(jobs.app, name="jobs")
app.add_typer(privacy.app, name="privacy")
app.add_typer(trail.app, name="trail")
app.command("worker")(instance.worker)
app.command("serve")(instance.serve)


def main() -> None:
    """Run the command line; an error ends it with a sentence and exit code 1."""
    language = language_of_user()
    try:
        app()
    except QuestionOpen as error:
        fail("\n".join([error.sentence(language), *_examples(error, language)]))
    except CrmError as error:
        fail(error.sentence(language))
    except Exception as error:  # noqa: BLE001 - the last place where a sentence can be said
        fail(_unforeseen(error, language))


def _unforeseen(error: Exception, language: str) -> str:
    from core.store.fence import is_away

    if is_away(error):  # asked past the transactions, which say so themselves
        return translate(language, DATABASE_AWAY)
    reference = uuid.uuid4().hex[:8]
    _LOG.error("command failed, reference %s: %s", reference, frames_of(error))
    return translate(
        language,
        N_("The command stopped on an unexpected error (reference %(reference)s)."),
        reference=reference,
    )


def _examples(asked: QuestionOpen, language: str) -> list[str]:
    from core.services.file_findings import example_lines

    examples = [asdict(example) for example in asked.examples]
    return example_lines(asked.question, asked.options, examples, language)
