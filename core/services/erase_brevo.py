"""Erasure at Brevo: contacts are deleted there, now or as soon as this instance may and can."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid5

from core.errors import BrevoError, CrmError
from core.outreach.brevo import BrevoClient
from core.outreach.brevo_records import ContactChange
from core.outreach.contact_attributes import attribute_names
from core.services.accounts import list_tenants
from core.services.brevo_account import open_brevo
from core.services.contact_setup import list_name
from core.services.live_switch import may_ask_brevo
from core.services.person_keys import open_sealed, person_key
from core.store.brevo_erasures import (
    BrevoErasure,
    ask_deletion,
    count_pending,
    load_due,
    note_deleted,
    note_failed,
    others_know,
)
from core.store.subjects import Subject
from core.store.tenant import TenantStore

_AGAIN_AFTER = timedelta(minutes=10)
_AT_ONCE = 200
_UNREADABLE = "unreadable"  # sealed under another secret


@dataclass(frozen=True, kw_only=True)
class Forgotten:
    """What became of the contacts that Brevo was to delete."""

    deleted: int = 0
    failed: int = 0
    pending: int = 0


def queue_contacts(store: TenantStore, request_id: str, subject: Subject) -> int:
    """Enter the addresses of a request, sealed, to be deleted at Brevo; doing it twice is once."""
    key = person_key(store)
    sealed = {
        str(uuid5(UUID(request_id), address)): key.sealed(address)
        for address in sorted(subject.addresses)
    }
    with store.begin() as tx:
        return ask_deletion(tx, request_id, sealed, store.store.now())


def pending_contacts(store: TenantStore) -> int:
    """Return how many contacts Brevo has still to delete."""
    with store.read() as tx:
        return count_pending(tx)


def forget_contacts(store: TenantStore) -> Forgotten:
    """Delete at Brevo what waits for it; a dry instance, or one without a key, lets it wait.

    What Brevo does not do is tried again after ten minutes.
    """
    if not may_ask_brevo(store):
        return Forgotten(pending=pending_contacts(store))
    with store.read() as tx:
        due = load_due(tx, store.store.now() - _AGAIN_AFTER, _AT_ONCE)
    if not due:
        return Forgotten(pending=pending_contacts(store))
    with open_brevo(store) as brevo:
        told = [_delete(store, brevo.client, open_sealed(store, one.sealed), one) for one in due]
    return Forgotten(
        deleted=told.count(True), failed=told.count(False), pending=pending_contacts(store)
    )


def _delete(
    store: TenantStore, client: BrevoClient, address: str | None, one: BrevoErasure
) -> bool:
    code = _UNREADABLE
    if address is not None:
        try:
            _forget(store, client, address)
        except BrevoError as error:
            code = error.code or type(error).__name__
        else:
            with store.begin() as tx:
                note_deleted(tx, one.erasure_id, store.store.now())
            return True
    with store.begin() as tx:
        note_failed(tx, one.erasure_id, code, store.store.now())
    return False


def _forget(store: TenantStore, client: BrevoClient, address: str) -> None:
    """Delete a contact; where another company of the instance has it too, what is this one's."""
    others = [t for t in list_tenants(store.store) if t.tenant_id != store.tenant_id]
    if not others_know(store.store, others, address):
        client.delete_contact(address)
        return
    blank = dict.fromkeys(attribute_names(store.tenant.key).values(), "")
    if client.update_contact(ContactChange(email=address, attributes=blank)):
        for found in _own_lists(store, client):
            client.remove_from_list(found, [address])


def _own_lists(store: TenantStore, client: BrevoClient) -> list[int]:
    offset: int | None = 0
    own: list[int] = []
    while offset is not None:
        page = client.lists(offset=offset)
        own += [each.list_id for each in page.items if each.name == list_name(store.tenant.key)]
        offset = page.next_offset
    return own


def try_forget_contacts(store: TenantStore) -> Forgotten:
    """Do as `forget_contacts`; a setting that cannot be used lets them wait too."""
    try:
        return forget_contacts(store)
    except CrmError:
        return Forgotten(pending=pending_contacts(store))
