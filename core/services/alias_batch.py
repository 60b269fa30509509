"""Decisions about labels from a script: entered and loaded in one call."""

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from core.errors import CrmError, Refused
from core.i18n import N_
from core.services.accounts import Actor, Role, require
from core.services.alias_desk import decide, ignore
from core.services.import_files import load
from core.services.import_ledger import discard, entry_of, report_of
from core.services.progress import Progress, no_progress
from core.services.waiting_rows import LABELS, count_waiting_rows, list_labels, sum_of
from core.store.import_states import LOADED
from core.store.tenant import TenantStore

_NO_DECISIONS = N_("%(name)s is no JSON object of labels and product keys.")


def describe_labels(store: TenantStore, *, limit: int) -> dict[str, Any]:
    """Return, JSON-ready, the unknown labels with the largest amounts and their suggestions."""
    return {
        "labels": [
            {
                "label": label.name,
                "rows": label.rows,
                "amount_cents": label.amount_cents,
                "suggestions": [
                    {"product_key": s.product_key, "name": s.name, "score": s.score}
                    for s in label.suggestions
                ],
            }
            for label in list_labels(store, limit=limit)
        ],
        "unknown_labels": sum_of(store, LABELS).subjects,
        "waiting_rows": count_waiting_rows(store),
    }


def read_decisions(path: Path) -> dict[str, str | None]:
    """Return the decisions of a JSON file: label to product key, or to null to ignore it.

    Raises `Refused` when the file is no such object.
    """
    try:
        decisions = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Refused(_NO_DECISIONS, name=path.name) from error
    if not isinstance(decisions, dict) or not all(
        key is None or isinstance(key, str) for key in decisions.values()
    ):
        raise Refused(_NO_DECISIONS, name=path.name)
    return decisions


def decide_and_load(
    store: TenantStore,
    actor: Actor,
    decisions: Mapping[str, str | None],
    progress: Progress = no_progress,
) -> dict[str, Any]:
    """Decide the product of each label (None: ignore it) and load the rows that waited for it.

    Returns `import_id` (None when no row was waiting), `decided`, `ignored` and `released`. When
    the rows cannot be loaded now, nothing is decided about them.
    """
    require(actor, Role.ANALYST)
    products = {label: key for label, key in decisions.items() if key is not None}
    ignored = [label for label, key in decisions.items() if key is None]
    import_id = decide(store, actor, products) if products else None
    released = _load_or_give_up(store, actor, import_id, progress) if import_id else 0
    if ignored:
        ignore(store, actor, ignored)
    return {
        "import_id": import_id,
        "decided": len(products),
        "ignored": len(ignored),
        "released": released,
    }


def _load_or_give_up(store: TenantStore, actor: Actor, import_id: str, progress: Progress) -> int:
    """Load a release and return how many rows it released; give it up when that is refused.

    While this one waited in vain the release may have been loaded from the page: then that counts.
    """
    try:
        report = load(store, import_id, progress)
    except CrmError as refused:
        with suppress(Refused):
            discard(store, actor, import_id)
        if entry_of(store, import_id).status != LOADED:
            raise refused
        report = report_of(store, import_id)
    return int(report["released"])
