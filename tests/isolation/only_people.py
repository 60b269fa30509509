"""What only one function takes that has to do with users, or with the rights of a person."""

from collections.abc import Callable, Mapping
from typing import Any

import duckdb

from core.services.audit_trail import Action
from core.services.erasure import FoundPerson
from core.store.audit_trail import TrailEntry
from core.store.customer_search import Wanted
from core.store.erased import Erased
from core.store.product_reads import ProductFilter
from core.store.run_outputs import RunAt
from core.store.second_factors import FactorRow
from core.store.subjects import Subject
from core.store.tries import FailureRow
from tests.contract.campaign_data import NOW
from tests.isolation.given import ADDRESS, NEW, SHA
from tests.isolation.twins import MARK
from tests.isolation.users import GUEST, NEW_PASSWORD, PASSWORD
from tests.isolation.world import BETA

Given = Mapping[str, Any] | Callable[[Mapping[str, Any]], Mapping[str, Any]]


def _by(user: str, **more: Any) -> Given:
    """Let a user of `tests.isolation.users` ask."""
    return lambda values: {"actor": values[user], **more}


def _in_session(user: str, **more: Any) -> Given:
    return lambda values: {"actor": values[user], "token": values["session_token"], **more}


def _with_token(values: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"token": values["session_token"]}


def _about(user: str, **more: Any) -> Given:
    return lambda values: {"user_id": values[user].user_id, **more}


def _about_shared(**more: Any) -> Given:
    """Mean the account that both companies have."""
    return _about("shared_user", **more)


def _about_boss(**more: Any) -> Given:
    """Mean the account that has a second factor."""
    return _about("boss", **more)


_BY_ADDRESS = {"term": ADDRESS, "confirmation": ADDRESS}
_FOUND = Subject(frozenset({"C1"}), frozenset({ADDRESS}))

_FACTOR = FactorRow(secret_sealed="x", is_confirmed=True, last_step=0)
_FAILED = FailureRow(username_sha256=SHA, window_at=NOW, passwords=1, codes=0, refused=0)

OF_USERS: Mapping[str, Given] = {
    "services.accounts.choose_language": _by("own_user"),
    "services.factor_demand.demand_factor": _by("boss"),
    "services.operator_users.create_or_join": {"username": "newcomer"},
    "services.own_account.accept_invitation": _by("guest"),
    "services.own_account.change_password": _in_session(
        "own_user", present=PASSWORD, new=NEW_PASSWORD
    ),
    "services.own_account.decline_invitation": _by("guest"),
    "services.own_account.end_session": _by("own_user"),
    "services.own_account.own_invitations": _by("guest"),
    "services.own_account.own_sessions": _in_session("shared_user"),
    "services.own_account.own_tenants": _by("shared_user"),
    "services.second_factor.begin_second_factor": _by("own_user"),
    "services.second_factor.check_code": _about_boss(),
    "services.second_factor.confirm_second_factor": _by("own_user"),
    "services.second_factor.factor_state": _by("boss"),
    "services.second_factor.renew_recovery_codes": _by("boss"),
    "services.second_factor.stop_second_factor": _by("boss"),
    "services.sign_in.check_present": _by("own_user"),
    "services.sign_in.session_of": _with_token,
    "services.sign_in.sign_out": _with_token,
    "services.sign_in_steps.answer_code": lambda v: {"ticket": v["boss_ticket"]},
    "services.sign_in_steps.switch_tenant": _with_token,
    "services.users.add_member": {"name": "anna"},
    "services.users.change_role": _about_shared(),
    "services.users.deactivate": _about_shared(),
    "services.users.end_sessions": _about_shared(),
    "services.users.invite": {"username": GUEST},
    "services.users.reactivate": _about_shared(),
    "services.users.remove_member": _about_shared(),
    "services.users.withdraw_invitation": {"username": GUEST},
    "store.identity.load_usernames": lambda v: {"user_ids": [v["user_id"]]},
    "store.identity.store_password": {"password_hash": "x", "must_change": False},
    "store.members.belongs_elsewhere": _about_shared(),
    "store.members.delete_membership": _about_shared(),
    "store.members.find_member": _about_shared(),
    "store.members.find_role": _about_shared(),
    "store.members.has_another": _about_shared(role="admin"),
    "store.members.load_invitations_to": {"username": GUEST},
    "store.members.load_tenants_of": _about_shared(),
    "store.members.names_of": _about_shared(),
    "store.members.store_deactivated": _about_shared(moment=NOW),
    "store.members.store_invitation": {"username": GUEST, "role": "admin"},
    "store.members.store_membership": _about_shared(role="viewer"),
    "store.members.store_role": _about_shared(role="viewer"),
    "store.members.take_invitation": {"username": GUEST},
    "store.second_factors.confirm_factor": {"secret_sealed": "x"},
    "store.second_factors.store_demand": {"is_demanded": True},
    "store.second_factors.store_draft": {"secret_sealed": "x"},
    "store.second_factors.store_recovery_codes": _about_boss(hashes=[SHA]),
    "store.second_factors.count_recovery_codes": _about_boss(),
    "store.second_factors.delete_factor": _about_boss(),
    "store.second_factors.find_factor": _about_boss(),
    "store.second_factors.take_recovery_code": {"code_sha256": SHA},
    "store.second_factors.take_step": _about_boss(
        step=9_999_999_999, factor=_FACTOR, secret_sealed="x"
    ),
    "store.tries.add_failures": {"failures": _FAILED},
    "store.tries.delete_failure": {"failure": _FAILED},
    "store.tries.load_failures": {"before": NOW},
    "store.tries.purge_failures": {"before": NOW},
    "store.sessions.load_open_sessions": _about_shared(),
    "store.sessions.revoke_sessions_of": lambda v: {
        "user_id": v["shared_user"].user_id,
        "tenant_id": v["tenant_id"],
    },
    "store.sessions.store_session": {"token_sha256": SHA, "began_at": NOW},
    "store.tickets.store_ticket": {"ticket_sha256": SHA, "code_passed": True},
}


def _entry_of(user_id: str) -> TrailEntry:
    return TrailEntry(
        number=1,
        at=NOW,
        actor_id=user_id,
        action=Action.RUN_LAUNCHED,
        subject=None,
        details_json="{}",
        sha256=SHA,
    )


OF_PRIVACY: Mapping[str, Given] = {
    "services.audit_trail.record": {
        "actor_id": "system",
        "action": Action.RUN_LAUNCHED,
        "details": 1,
    },
    "services.audit_trail.record_each": {
        "actor_id": "system",
        "action": Action.RUN_LAUNCHED,
        "told": [("1", {"count": 1}), (None, {})],
    },
    "services.audit_trail.record_of_person": {"action": Action.PASSWORD_CHANGED},
    "services.audit_trail.with_names": lambda v: {"entries": [_entry_of(v["user_id"])]},
    "services.erase_brevo.queue_contacts": {"subject": _FOUND},
    "services.erasure.ask_erasure": _BY_ADDRESS,
    "services.erasure.enter_request": {"subject": _FOUND},
    "services.person_summary.person_summary": {"found": FoundPerson(term="C1", subject=_FOUND)},
    "services.retention.ask_retention": {"people": 0},
    "store.audit_trail.append_entries": {
        "actor_id": "system",
        "action": Action.RUN_LAUNCHED.value,
        "told": [("1", {"count": 1}), (None, {})],
    },
    "store.audit_trail.count_entries": {"action": None},
    "store.audit_trail.load_newest": {"action": None},
    "store.brevo_erasures.load_due": lambda v: {"tried_before": v["missed_before"]},
    "store.brevo_erasures.note_failed": {"code": "refused"},
    "store.brevo_erasures.others_know": {"tenants": [BETA]},
    "store.erased.count_foreign": {"key_ids": ["other"]},
    "store.erased.fetch_erased": lambda _v: {"con": duckdb.connect(), "table": "erased"},
    "store.erased.is_erased": lambda v: {"digests": [f"{v['erased_digest']}~{MARK}"]},
    "store.erased.store_erased": {"erased": [Erased(kind="email", digest=NEW, key_id="k")]},
    "store.erasures.move_request": {"state": "running", "step": "tables", "counts": {"rows": 1}},
    "store.erase_texts.erase_texts": {"subject": _FOUND},
    "store.person_rows.count_rows_of": {"subject": _FOUND, "table": "customer"},
    "store.person_rows.load_consent": {"subject": _FOUND},
    "store.person_rows.names_subject": {"subject": _FOUND, "table": "held_row"},
    "store.person_rows.stream_section": {"subject": _FOUND, "table": "customer"},
    "store.person_rows.is_known": {
        "subject": Subject(frozenset({"C98"}), frozenset({"person98@example.com"}))
    },
    "store.subjects.subject_of": {"codes": ["C1", "C2"]},
}

_CODES = {"codes": ["C1", "C2"]}
OF_CUSTOMERS: Mapping[str, Given] = {
    "store.customer_reads.load_last_sales": _CODES,
    "store.customer_reads.load_people": _CODES,
    "store.customer_reads.load_verdicts": lambda v: {
        **_CODES,
        "run": RunAt(run_id=v["run_id"], review=0),
    },
    "store.customer_search.find_codes": {"wanted": Wanted(term="person"), "after": ""},
    "services.products.list_products": {"wanted": ProductFilter()},
    "services.products.product_view": {"product_key": "P1"},
    "store.product_reads.count_products": {"wanted": ProductFilter()},
    "store.product_reads.find_product": {"product_key": "P1"},
    "store.product_reads.load_due": {"product_key": "P1"},
    "store.product_reads.load_products": {"wanted": ProductFilter()},
    "services.customers.find_customers": {"term": "person", "after": ""},
}
