"""Make at Brevo what a push needs: the tenant's attributes and its list."""

from collections.abc import Mapping, Sequence

from core.errors import Refused
from core.i18n import N_
from core.outreach.brevo import BrevoClient
from core.outreach.brevo_records import Attribute, ContactList
from core.outreach.contact_attributes import KINDS, Field, attribute_names
from core.store.contact_pushes import forget_account
from core.store.tenant import TenantStore

_NORMAL = "normal"
_FIRST_FOLDER = 1  # every account begins with it


def list_name(tenant_key: str) -> str:
    """Return the name of the list that holds a tenant's pushed contacts."""
    return f"ia-crm {tenant_key}"


def set_up_contacts(store: TenantStore, client: BrevoClient) -> int:
    """Make the attributes and the list that are missing; return the id of the list.

    Something missing means another account, or that somebody has deleted it with its values: what
    was pushed before says nothing then, and is forgotten first. Raises `Refused` for an attribute
    of another type, which is never changed, and `BrevoError`.
    """
    names = attribute_names(store.tenant.key)
    missing = _missing(names, client.attributes())
    lists = _all_lists(client)
    own = [found for found in lists if found.name == list_name(store.tenant.key)]
    if missing or not own:
        with store.begin() as tx:
            forget_account(tx)
    for field in missing:
        client.create_attribute(names[field], KINDS[field])
    if own:
        return own[0].list_id
    folder = lists[0].folder_id if lists else _FIRST_FOLDER
    return client.create_list(list_name(store.tenant.key), folder)


def _missing(names: Mapping[Field, str], attributes: Sequence[Attribute]) -> list[Field]:
    found = {attribute.name.upper(): attribute for attribute in attributes}
    for field, name in names.items():
        known = found.get(name)
        if known is not None and (known.category, known.kind) != (_NORMAL, KINDS[field].value):
            raise Refused(
                N_(
                    "The attribute %(name)s exists at Brevo with another type than %(kind)s."
                    " Delete it there, then push again."
                ),
                name=name,
                kind=KINDS[field].value,
            )
    return [field for field, name in names.items() if name not in found]


def _all_lists(client: BrevoClient) -> list[ContactList]:
    """Return all lists, the oldest first."""
    lists: list[ContactList] = []
    offset: int | None = 0
    while offset is not None:
        page = client.lists(offset=offset)
        lists += page.items
        offset = page.next_offset
    return lists
