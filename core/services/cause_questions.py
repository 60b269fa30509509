"""The question why a customer changed, asked on a page and answered by a worker."""

import json

from core.errors import NotFound
from core.i18n import N_
from core.services.accounts import Actor, Role, require
from core.services.cause_trial import CauseTrials, trials_data, trials_from, try_causes
from core.services.progress import Progress, no_progress
from core.services.run_summary import canonical_json
from core.store.cause_trials import (
    StoredTrial,
    find_trial,
    find_trial_by,
    store_trial,
    store_trial_result,
)
from core.store.identity import new_id
from core.store.tenant import TenantStore

_NO_TRIAL = N_("There is no such question. Ask it again.")


def ask_causes(
    store: TenantStore, actor: Actor, older_id: str, newer_id: str, customer: str
) -> str:
    """Record the question; return its id, the same for the same question of the same person.

    Raises `NotAllowed` below analyst.
    """
    require(actor, Role.ANALYST)
    asked = StoredTrial(
        trial_id=new_id(),
        older_id=older_id,
        newer_id=newer_id,
        customer=customer,
        created_at=store.store.now(),
        created_by=actor.username,
    )
    with store.begin() as tx:
        earlier = find_trial_by(tx, actor.username)
        if earlier is not None and earlier.question == asked.question:
            return earlier.trial_id
        store_trial(tx, asked)
    return asked.trial_id


def question_of(
    store: TenantStore, actor: Actor, older_id: str, newer_id: str, customer: str
) -> str | None:
    """Return the id under which the actor asked this question last, or None."""
    require(actor, Role.VIEWER)
    with store.read() as tx:
        found = find_trial_by(tx, actor.username)
    if found is None or found.question != (older_id, newer_id, customer):
        return None
    return found.trial_id


def answer_of(store: TenantStore, trial_id: str) -> CauseTrials | None:
    """Return the answer to a question, None until it is there; raise `NotFound`."""
    with store.read() as tx:
        found = find_trial(tx, trial_id)
    if found is None:
        raise NotFound(_NO_TRIAL)
    return None if found.result_json is None else trials_from(json.loads(found.result_json))


def answer_causes(store: TenantStore, trial_id: str, progress: Progress = no_progress) -> None:
    """Work on a question and keep the answer; raise as `try_causes` does."""
    with store.read() as tx:
        found = find_trial(tx, trial_id)
    if found is None:
        raise NotFound(_NO_TRIAL)
    trials = try_causes(store, *found.question, progress)
    with store.begin() as tx:
        store_trial_result(tx, trial_id, canonical_json(trials_data(trials)))
