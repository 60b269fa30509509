"""The kinds of work, the queue of each, and who may ask for it."""

PLAN, LOAD, TAKE, CLEAR, RUN, SEND = "plan", "load", "take", "clear", "run", "send"
BACKTEST, PREVIEW, CAUSES, REVIEW = "backtest", "preview", "causes", "review"
RECONCILE, SYNC, SHARD = "reconcile", "sync", "shard"
ERASE, RETAIN, FORGET = "erase", "retain", "forget"
# Of what is asked for while it runs, a running job of these may have looked for the last time, or
# have lost its worker.
ASKED_ANEW = (REVIEW, SHARD)
QUEUES = {
    **dict.fromkeys((PLAN, LOAD, TAKE, CLEAR), "imports"),
    **dict.fromkeys((RUN, BACKTEST, PREVIEW, CAUSES, REVIEW), "runs"),
    SHARD: "shards",
    SEND: "sends",
    RECONCILE: "readings",
    SYNC: "pushes",
    **dict.fromkeys((ERASE, RETAIN, FORGET), "erasures"),
}
# What only administrators may ask for; all else is an analyst's work.
FOR_ADMINS = (ERASE, RETAIN)
NAME_PREFIX = "iacrm_"


class Told(dict[str, object]):
    """What a job says of its work, JSON-ready and kept with it: nothing in it names a person."""


def workflow_name(kind: str) -> str:
    """Return the name under which work of `kind` is registered; the job tables keep it."""
    return f"{NAME_PREFIX}{kind}"
