"""Every use case that acts for somebody asks for a role first: all roles times all actions."""

import inspect
import pkgutil
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import NoReturn

import pytest

import core.jobs
import core.services
from core.errors import NotAllowed
from core.services.accounts import Actor, Role

VIEWER, ANALYST, ADMIN = Role
LEAST_ROLE = {
    "accounts.choose_language": VIEWER,
    "alias_batch.decide_and_load": ANALYST,
    "alias_desk.create_customers": ANALYST,
    "alias_desk.create_for_label": ANALYST,
    "alias_desk.create_products": ANALYST,
    "alias_desk.decide": ANALYST,
    "alias_desk.ignore": ANALYST,
    "alias_desk.take_back": ANALYST,
    "api_tokens.create_token": ADMIN,
    "api_tokens.list_tokens": ADMIN,
    "api_tokens.revoke_token": ADMIN,
    "audit_trail.number_of_entries": ADMIN,
    "audit_trail.trail_csv": ADMIN,
    "audit_trail.trail_of": ADMIN,
    "audit_trail.verify_trail": ADMIN,
    "backtest.create_backtest": ANALYST,
    "campaign_batches.confirm_next_batch": ANALYST,
    "campaign_batches.live_campaign_of": ANALYST,
    "campaign_batches.work_next_batch": ANALYST,
    "campaign_control.cancel": ANALYST,
    "campaign_control.confirm_live": ANALYST,
    "campaign_control.note_restore": ADMIN,
    "campaign_control.pause": ANALYST,
    "campaign_control.resume": ANALYST,
    "campaign_offers.ask_live": ANALYST,
    "cause_questions.ask_causes": ANALYST,
    "cause_questions.question_of": VIEWER,
    "delivery_review.rule": ANALYST,
    "erasure.ask_erasure": ADMIN,
    "erasure.enter_request": ADMIN,
    "erasure.find_people": ANALYST,
    "erasure.number_of_requests": ANALYST,
    "erasure.requests_of": ANALYST,
    "execute_run.create_run": ANALYST,
    "hand_changes.change_customer": ANALYST,
    "hand_changes.change_products": ANALYST,
    "hand_changes.create_product": ANALYST,
    "idempotent_calls.once": VIEWER,
    "export_run.download": VIEWER,
    "export_run.write_exports": VIEWER,
    "factor_demand.demand_factor": ADMIN,
    "factor_demand.is_factor_demanded": ADMIN,
    "factor_demand.lift_factor_demand": ADMIN,
    "import_again.import_again": ANALYST,
    "import_again.leave_out": ANALYST,
    "import_again.leave_out_named": ANALYST,
    "import_again.reopen": ANALYST,
    "import_again.throw_away": ANALYST,
    "import_corrections.choose_correction": ANALYST,
    "import_downloads.download_issues": VIEWER,
    "import_downloads.download_rejects": VIEWER,
    "import_downloads.download_report": VIEWER,
    "import_files.choose": ANALYST,
    "import_files.confirm_opt_outs": ANALYST,
    "import_files.receive": ANALYST,
    "import_ledger.discard": ANALYST,
    "import_paths.import_paths": ANALYST,
    "import_preview.preview": ANALYST,
    "import_undo.undo": ANALYST,
    "queue.enqueue": ANALYST,
    "listing.active_jobs": VIEWER,
    "listing.find_job": VIEWER,
    "listing.past_jobs": VIEWER,
    "mappings.answer_questions": ANALYST,
    "mappings.go_back": ANALYST,
    "mappings.put_over": ANALYST,
    "own_account.accept_invitation": VIEWER,
    "own_account.change_password": VIEWER,
    "own_account.decline_invitation": VIEWER,
    "own_account.end_session": VIEWER,
    "own_account.own_invitations": VIEWER,
    "own_account.own_sessions": VIEWER,
    "own_account.own_tenants": VIEWER,
    "person_export.person_json": ANALYST,
    "person_export.person_of_link": ANALYST,
    "person_summary.person_summary": ANALYST,
    "policies.go_back": ANALYST,
    "policies.save_policy": ANALYST,
    "policy_preview.ask_preview": ANALYST,
    "prepare_campaign.ask_campaign": ANALYST,
    "prepare_campaign.prepare": ANALYST,
    "reapply.reapply": ADMIN,
    "reconcile_campaign.reconcile": ANALYST,
    "retention.ask_retention": ADMIN,
    "retention.due_people": ANALYST,
    "retention.erase_due": ADMIN,
    "retention.preview_retention": ANALYST,
    "retention.set_retention_rule": ADMIN,
    "review.decide_on": ANALYST,
    "review.withdraw": ANALYST,
    "second_factor.begin_second_factor": VIEWER,
    "second_factor.confirm_second_factor": VIEWER,
    "second_factor.factor_state": VIEWER,
    "second_factor.renew_recovery_codes": VIEWER,
    "second_factor.stop_second_factor": VIEWER,
    "sign_in.check_present": VIEWER,
    "schedules.ask_now": ANALYST,
    "schedules.list_schedules": VIEWER,
    "schedules.occurrences_of": VIEWER,
    "schedules.remove_schedule": ANALYST,
    "schedules.save_schedule": ANALYST,
    "schedules.switch_schedule": ANALYST,
    "stopping.stop_job": ANALYST,
    "suppressions.lift": ANALYST,
    "sync_contacts.ask_sync": ANALYST,
    "sync_contacts.plan_sync": ANALYST,
    "sync_contacts.sync_contacts": ANALYST,
    "test_message.send_test": ANALYST,
    "uploads.begin_upload": ANALYST,
    "uploads.find_upload": ANALYST,
    "uploads.list_uploads": ANALYST,
    "uploads.receive_uploads": ANALYST,
    "users.add_member": ADMIN,
    "users.change_role": ADMIN,
    "users.deactivate": ADMIN,
    "users.end_sessions": ADMIN,
    "users.invite": ADMIN,
    "users.list_invitations": ADMIN,
    "users.list_members": ADMIN,
    "users.reactivate": ADMIN,
    "users.remove_member": ADMIN,
    "users.reset_password": ADMIN,
    "users.reset_second_factor": ADMIN,
    "users.withdraw_invitation": ADMIN,
    "webhook_secrets.create_webhook": ADMIN,
    "webhook_secrets.list_webhooks": ADMIN,
    "webhook_secrets.revoke_webhooks": ADMIN,
    "webhook_secrets.rotate_webhook": ADMIN,
}


class Touched(Exception):
    """The use case went on to its work."""


class Untouchable:
    """Stands for every argument but the actor: whatever is done with it is work."""

    def _touch(self, *_: object) -> NoReturn:
        raise Touched

    __getattr__ = __iter__ = __len__ = __bool__ = __getitem__ = __call__ = _touch
    __add__ = __lt__ = __gt__ = __contains__ = __fspath__ = __str__ = __format__ = _touch  # type: ignore[assignment]
    __hash__ = __eq__ = _touch  # type: ignore[assignment]


def _acting() -> Iterator[tuple[str, Callable[..., object]]]:
    """Yield each public function of the services, and of the jobs, that takes an actor."""
    names = [
        f"{package.__name__}.{module.name}"
        for package in (core.services, core.jobs)
        for module in pkgutil.iter_modules(package.__path__)
    ]
    for module in map(import_module, names):
        for name, found in vars(module).items():
            is_own = inspect.isfunction(found) and found.__module__ == module.__name__
            if (
                is_own
                and not name.startswith("_")
                and "actor" in inspect.signature(found).parameters
            ):
                yield f"{module.__name__.rpartition('.')[2]}.{name}", found


ACTING = dict(_acting())
del ACTING["accounts.require"]  # the question itself


def test_every_use_case_that_takes_an_actor_stands_in_the_matrix() -> None:
    assert set(ACTING) == set(LEAST_ROLE)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("action", sorted(LEAST_ROLE))
def test_a_role_below_the_least_is_refused_before_anything_is_done(action: str, role: Role) -> None:
    parameters = inspect.signature(ACTING[action]).parameters.values()
    needed = [p for p in parameters if p.default is p.empty and p.kind is not p.VAR_POSITIONAL]
    given = {p.name: Untouchable() for p in needed}
    given["actor"] = Actor(user_id="u", username="u", role=role, language="en")  # type: ignore[assignment]
    by_place = [given.pop(p.name) for p in needed if p.kind is not p.KEYWORD_ONLY]
    may = list(Role).index(role) >= list(Role).index(LEAST_ROLE[action])
    inspect.signature(ACTING[action]).bind(*by_place, **given)
    with pytest.raises((Touched, TypeError) if may else NotAllowed):
        ACTING[action](*by_place, **given)


@pytest.mark.parametrize("kind", [core.jobs.ERASE, core.jobs.RETAIN])
def test_an_erasure_is_asked_for_by_an_administrator_alone(kind: str) -> None:
    analyst = Actor(user_id="u", username="u", role=ANALYST, language="en")
    with pytest.raises(NotAllowed):
        core.jobs.enqueue(Untouchable(), analyst, kind, "all")  # type: ignore[arg-type]
