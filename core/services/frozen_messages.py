"""The messages of a campaign, rendered and stored batch by batch as they would be sent."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby

from duckdb import DuckDBPyConnection

from core.i18n import N_
from core.outreach.brevo_template import BrevoTemplate
from core.outreach.payload import (
    Place,
    Sender,
    build_payload,
    build_template_payload,
    payload_sha256,
)
from core.outreach.protocol import DeliveryState, Mode
from core.outreach.rendering import Letterhead, ListedItem, Recipient, render_message
from core.outreach.template_params import build_params
from core.outreach.unsubscribe import make_token, unsubscribe_url
from core.outreach.wording import MessageTemplate, is_alcohol, is_in_france, language_of
from core.services.progress import Progress, no_progress
from core.store.deliveries import DeliveryRow, store_deliveries
from core.store.tenant import TenantStore

_COMPOSING = N_("Messages are composed")
KEPT_DAYS = 7
"""Days after which what was prepared is too old to be sent."""

_RECIPIENTS_SQL = """
SELECT
    recipients.delivery_no,
    recipients.customer,
    recipients.email_norm,
    customers.first_name,
    customers.language,
    items.product_key,
    coalesce(items.name, items.product_key),
    items.scenario,
    items.sentence,
    items.price_cents
FROM recipients
JOIN customers ON customers.customer = recipients.customer
JOIN items ON items.customer = recipients.customer
ORDER BY recipients.delivery_no, items.rank
"""

_KINDS_SQL = """
SELECT DISTINCT family, grape, sweetness
FROM items
WHERE customer IN (SELECT customer FROM recipients)
ORDER BY ALL
"""


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What the analyst chose, and what follows from it for every message."""

    campaign_id: str
    template: MessageTemplate | BrevoTemplate
    batch_size: int
    mode: Mode
    holdout_share: float
    sender: Sender
    secret: bytes


def freeze_messages(
    store: TenantStore, con: DuckDBPyConnection, choices: Choices, progress: Progress = no_progress
) -> None:
    """Store one planned delivery per row of `recipients`, a transaction per batch.

    Reads `recipients`, `customers` and `items`. Nobody sees the deliveries before the campaign
    is published.
    """
    letterhead = _letterhead(store, con)
    (total,) = con.execute("SELECT count(*) FROM recipients").fetchone() or (0,)
    recipients = _read_recipients(con, store.tenant.language)
    for batch_no, batch in groupby(recipients, lambda r: (r[0] - 1) // choices.batch_size + 1):
        rows = [
            _freeze(
                store,
                choices,
                letterhead,
                recipient,
                Place(campaign_id=choices.campaign_id, batch_no=batch_no, delivery_no=number),
            )
            for number, recipient in batch
        ]
        with store.begin() as tx:
            store_deliveries(tx, choices.campaign_id, choices.mode, rows)
        progress(_COMPOSING, rows[-1].delivery_no, total)


def _freeze(
    store: TenantStore,
    choices: Choices,
    letterhead: Letterhead,
    recipient: Recipient,
    place: Place,
) -> DeliveryRow:
    token = make_token(choices.secret, store.tenant_id, recipient.email_norm)
    url = unsubscribe_url(store.store.settings.public_base_url, token)
    payload = _payload(choices, letterhead, recipient, url, place)
    return DeliveryRow(
        delivery_no=place.delivery_no,
        batch_no=place.batch_no,
        email_norm=recipient.email_norm,
        customer=recipient.customer,
        state=DeliveryState.PLANNED,
        payload=payload,
        payload_sha256=payload_sha256(payload),
        not_after=store.store.now() + timedelta(days=KEPT_DAYS),
    )


def _payload(
    choices: Choices, letterhead: Letterhead, recipient: Recipient, url: str, place: Place
) -> str:
    template, email = choices.template, recipient.email_norm
    if isinstance(template, BrevoTemplate):
        params = build_params(letterhead, recipient, url)
        return build_template_payload(
            choices.sender, email, template.template_id, params, url, place
        )
    message = render_message(template, letterhead, recipient, url)
    return build_payload(choices.sender, email, message, url, place)


def _letterhead(store: TenantStore, con: DuckDBPyConnection) -> Letterhead:
    kinds = con.execute(_KINDS_SQL).fetchall()
    sells_alcohol = any(is_alcohol(family=f, grape=g, sweetness=s) for f, g, s in kinds)
    return Letterhead(
        tenant_name=store.tenant.name,
        tenant_language=store.tenant.language,
        currency=store.tenant.currency,
        shows_evin_notice=sells_alcohol and is_in_france(store.tenant.time_zone),
    )


def _read_recipients(
    con: DuckDBPyConnection, tenant_language: str
) -> Iterator[tuple[int, Recipient]]:
    cursor = con.cursor().execute(_RECIPIENTS_SQL)
    rows = iter(cursor.fetchone, None)
    for (delivery_no, customer, email, first_name, language), listed in groupby(
        rows, lambda row: row[:5]
    ):
        items = tuple(
            ListedItem(
                product_key=key, name=name, scenario=scenario, sentence=sentence, price_cents=price
            )
            for *_, key, name, scenario, sentence, price in listed
        )
        yield (
            delivery_no,
            Recipient(
                customer=customer,
                email_norm=email,
                first_name=first_name,
                language=language_of(language, tenant_language),
                items=items,
            ),
        )
