"""The kinds of work, the queue of each, who may ask for it, and what may be stopped."""

from collections.abc import Mapping

from core.i18n import N_

PLAN, LOAD, TAKE, CLEAR, RUN, SEND = "plan", "load", "take", "clear", "run", "send"
BACKTEST, PREVIEW, CAUSES, REVIEW = "backtest", "preview", "causes", "review"
PREPARE, RECONCILE, SYNC, SHARD = "prepare", "reconcile", "sync", "shard"
ERASE, RETAIN, FORGET = "erase", "retain", "forget"
SCHEDULE = "schedule"
# Of what is asked for while it runs, a running job of these may have looked for the last time, or
# have lost its worker.
ASKED_ANEW = (REVIEW, SHARD)
# The names say that the queues are partitioned: a job without a partition would wait for ever in
# them, so what an earlier release left in a queue of a plain name is still worked on there.
QUEUES = {
    **dict.fromkeys((PLAN, LOAD, TAKE, CLEAR), "imports-by-tenant"),
    **dict.fromkeys((RUN, BACKTEST, PREVIEW, CAUSES, REVIEW, SCHEDULE), "runs-by-tenant"),
    SHARD: "shards-by-tenant",
    PREPARE: "preparations-by-tenant",
    SEND: "sends-by-tenant",
    RECONCILE: "readings-by-tenant",
    SYNC: "pushes-by-tenant",
    **dict.fromkeys((ERASE, RETAIN, FORGET), "erasures-by-tenant"),
}
# Those that take memory and processors: the settings bound how many a worker does at once.
HEAVY_QUEUES = (
    "imports-by-tenant",
    "runs-by-tenant",
    "shards-by-tenant",
    "preparations-by-tenant",
)
# What only administrators may ask for; all else is an analyst's work.
FOR_ADMINS = (ERASE, RETAIN)
NAME_PREFIX = "iacrm_"
# What is not stopped once it was asked for, and why.
_ERASING = N_("An erasure is not stopped: a person asked for it, and half of one would be worse.")
UNSTOPPABLE: Mapping[str, str] = {
    ERASE: _ERASING,
    FORGET: _ERASING,
    RETAIN: N_("What was kept too long is erased by law: this is not stopped."),
    CLEAR: N_("This gives back the room of an import that was undone. It ends by itself soon."),
    RECONCILE: N_("This asks Brevo what became of messages. It ends by itself soon."),
    SHARD: N_("This is a part of a run. Stop the run instead."),
}
# A shard has none: it is shown as the progress of its run.
TITLES: Mapping[str, str] = {
    PLAN: N_("Look at files"),
    LOAD: N_("Load an import"),
    TAKE: N_("Load the inbox"),
    CLEAR: N_("Clear an undone import"),
    RUN: N_("Run"),
    PREPARE: N_("Prepare a campaign"),
    SEND: N_("Work through a campaign"),
    SYNC: N_("Push contacts to Brevo"),
    BACKTEST: N_("Look back"),
    PREVIEW: N_("Preview of settings"),
    CAUSES: N_("Why a list changed"),
    REVIEW: N_("Apply decisions"),
    RECONCILE: N_("Ask Brevo for events"),
    ERASE: N_("Erase a person"),
    RETAIN: N_("Erase what was kept too long"),
    FORGET: N_("Remove contacts at Brevo"),
    SCHEDULE: N_("Schedule"),
}


class Told(dict[str, object]):
    """What a job says of its work, JSON-ready and kept with it: nothing in it names a person."""


def workflow_name(kind: str) -> str:
    """Return the name under which work of `kind` is registered; the job tables keep it."""
    return f"{NAME_PREFIX}{kind}"
