"""A recipient looks at the page of her unsubscribe link, and leaves by it.

The link is all that is asked for: no session, no cookie. Leaving writes a suppression and a
contact event, which every later check reads, whatever import is the newest.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from core.errors import NotFound
from core.i18n import N_
from core.outreach.unsubscribe import accepted_secrets, read_token
from core.outreach.wording import language_of
from core.services.accounts import tenant_by_id
from core.services.addressee_checks import local_day
from core.services.person_keys import digests_of
from core.store.erased import is_erased
from core.store.subjects import EMAIL
from core.store.tenant import Store, TenantStore, Transaction
from core.store.wishes import (
    ContactEvent,
    Suppression,
    count_lifted,
    load_addressees,
    store_contact_event,
    store_suppression,
)

SOURCE = "unsubscribe_link"
REASON = "unsubscribe"
_NO_LINK = N_("This unsubscribe link is not valid.")


@dataclass(frozen=True, kw_only=True)
class Invitation:
    """What a valid link opens; `language` is that of the customer's record, None if unknown."""

    store: TenantStore
    email_norm: str
    language: str | None

    @property
    def masked_email(self) -> str:
        """The address as its owner knows it and nobody else could write to it.

        The first letter of each part and the top-level domain.
        """
        name, _, domain = self.email_norm.rpartition("@")
        host, _, top = domain.rpartition(".")
        return f"{name[:1]}***@{host[:1]}***.{top}"


def read_link(store: Store, token: str) -> Invitation:
    """Return what `token` opens; raise `NotFound`, the same for every link that is not valid."""
    named = read_token(accepted_secrets(store.settings), token)
    try:
        company = store.tenant_store(tenant_by_id(store, named.tenant_id))
    except NotFound as error:
        raise NotFound(_NO_LINK) from error
    with company.read() as tx:
        stated = [known.language for known in load_addressees(tx, named.email_norm)]
    told = (language_of(language, "") for language in stated)
    return Invitation(
        store=company, email_norm=named.email_norm, language=next(filter(None, told), None)
    )


def unsubscribe(invitation: Invitation) -> None:
    """Suppress the address of a link and the customers it leads to, in one transaction.

    Who was erased is written to no more, and not entered again. The second time nothing changes,
    unless the suppression was lifted meanwhile: then it is a new wish.
    """
    email_norm, today = invitation.email_norm, local_day(invitation.store)
    erased = digests_of(invitation.store, EMAIL, email_norm)
    with invitation.store.begin() as tx:
        if is_erased(tx, erased):
            return
        time = count_lifted(tx, email_norm, SOURCE)
        customers = [known.customer for known in load_addressees(tx, email_norm)]
        suppressed: Sequence[str | None] = customers or (None,)
        for customer in suppressed:
            _suppress(tx, customer, email_norm, time, today)
        _note_contact(tx, customers, email_norm, time, today)


def _suppress(
    tx: Transaction, customer: str | None, email_norm: str, time: int, today: date
) -> None:
    suppression = Suppression(
        suppression_id=_key(time, email_norm, customer),
        customer=customer,
        email_norm=email_norm,
        reason=REASON,
        source=SOURCE,
        since=today,
    )
    store_suppression(tx, suppression)


def _note_contact(
    tx: Transaction, customers: Sequence[str], email_norm: str, time: int, today: date
) -> None:
    event = ContactEvent(
        event_key=_key(time, email_norm),
        customer=customers[0] if len(customers) == 1 else None,
        email_norm=email_norm,
        contact_date=today,
        status=REASON,
    )
    store_contact_event(tx, event)


def _key(*parts: object) -> str:
    digest = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
    return f"{SOURCE}:{digest}"
