"""One message outside a campaign, to somebody who works here: a report, or a test.

Its link unsubscribes who clicks it, and its name is of no delivery: no event of it speaks of a
recipient.
"""

import json
import uuid
from collections.abc import Mapping
from typing import Any

from core.outreach.payload import (
    Place,
    compose_request,
    delivery_id,
    header_value,
    sender_of,
)
from core.outreach.unsubscribe import (
    make_token,
    token_secret,
    unsubscribe_headers,
    unsubscribe_url,
)
from core.store.tenant import TenantStore


def unsubscribe_link(store: TenantStore, address: str) -> str:
    """Return the link by which `address` unsubscribes from the company."""
    settings = store.store.settings
    token = make_token(token_secret(settings, live=True), store.tenant_id, address)
    return unsubscribe_url(settings.public_base_url, token)


def compose_single(
    store: TenantStore,
    address: str,
    content: Mapping[str, Any],
    *,
    tag: str,
    place_id: str,
    key: uuid.UUID,
) -> bytes:
    """Return the request that sends `content` to `address`; the same arguments give the same bytes.

    `place_id` stands where a delivery has its campaign, `key` is the idempotency key.
    """
    sender = sender_of(store.store.settings, store.tenant.name)
    place = Place(campaign_id=place_id, batch_no=1, delivery_no=1)
    headers = unsubscribe_headers(unsubscribe_link(store, address))
    payload = {
        "sender": {"email": sender.email, "name": sender.name},
        "to": [{"email": header_value(address)}],
        **content,
        "headers": {**headers, "X-Mailin-custom": delivery_id(place)},
        "tags": [tag],
    }
    return compose_request(json.dumps(payload), str(key)).body
