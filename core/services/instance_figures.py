"""What is measured of the whole instance from its database: the same whoever asks for it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from core.outreach.protocol import DeliveryState, Mode
from core.services.accounts import list_tenants
from core.store.message_figures import count_messages, last_beats
from core.store.tenant import Store

_FORGOTTEN_AFTER = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class InstanceFigures:
    """`messages` by mode and state of all companies; `beats` in seconds since the last one.

    A worker that was not seen for an hour is not among them.
    """

    messages: Mapping[tuple[str, str], int]
    in_review: int
    beats: Mapping[str, float]


def measure_instance(store: Store) -> InstanceFigures:
    """Return the figures of now; raises `StoreUnavailable`."""
    messages: Counter[tuple[str, str]] = Counter()
    for tenant in list_tenants(store):
        with store.tenant_store(tenant).read() as tx:
            messages.update(count_messages(tx))
    now = store.now()
    seen = last_beats(store, now - _FORGOTTEN_AFTER)
    return InstanceFigures(
        messages=dict(messages),
        in_review=messages[Mode.LIVE, DeliveryState.REVIEW],
        beats={worker: (now - at).total_seconds() for worker, at in seen.items()},
    )
