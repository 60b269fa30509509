"""Bodies of messages as the client posts them, for tests that need no campaign."""

import json
import uuid

CAMPAIGN = "6f1d7d3e-1c2b-4a5f-9e8d-7c6b5a493827"


def message(email: str, key: str | None = None, **changes: object) -> bytes:
    """Return a body to one address; another key every time unless it is given."""
    content: dict[str, object] = {
        "sender": {"email": "cave@example.com", "name": "Cave"},
        "to": [{"email": email}],
        "subject": "Une sélection",
        "htmlContent": "<!DOCTYPE html><p>Bonjour</p>",
        "textContent": "Bonjour",
        "headers": {
            "List-Unsubscribe": "<https://crm.example.com/u/abc>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "X-Mailin-custom": f"{CAMPAIGN}.1",
            "idempotencyKey": key or str(uuid.uuid4()),
        },
        "tags": [f"campaign-{CAMPAIGN}", f"campaign-{CAMPAIGN}-batch-1"],
    }
    return json.dumps({**content, **changes}, ensure_ascii=False).encode()
