"""Calls about contacts: single, in batches and as an import, their attributes and lists."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from core.errors import BrevoRejected
from core.outreach.brevo_calls import BrevoCalls, parsed, unless_unknown
from core.outreach.brevo_limits import Family
from core.outreach.brevo_parsing import (
    parse_addition,
    parse_attribute,
    parse_contact,
    parse_id,
    parse_items,
    parse_list,
    parse_process,
)
from core.outreach.brevo_records import (
    Attribute,
    AttributeKind,
    Contact,
    ContactChange,
    ContactList,
    ListAddition,
    Page,
    ProcessState,
)

CHANGES_AT_ONCE = 100
CONTACTS_PER_PAGE = 1_000
LISTS_PER_PAGE = 50
ADDED_AT_ONCE = 150
REMOVED_AT_ONCE = 150

_NONE_REMOVED = "invalid_parameter"  # what Brevo says when none of them was on the list
_BY_EMAIL = {"identifierType": "email_id"}


class ContactCalls(BrevoCalls):
    """Contacts are named by their address. Every call raises `BrevoError`."""

    def contacts(
        self,
        *,
        modified_since: datetime | None = None,
        offset: int = 0,
        limit: int = CONTACTS_PER_PAGE,
    ) -> Page[Contact]:
        """Return a part of the contacts, of those changed since a moment if it is given."""
        query = {"modifiedSince": _moment(modified_since)} if modified_since else {}
        return self._read_page(
            Family.CONTACTS,
            "/contacts",
            "contacts",
            parse_contact,
            offset=offset,
            limit=limit,
            query=query,
        )

    def contact(self, email: str) -> Contact | None:
        """Return one contact, None when there is none."""
        return unless_unknown(
            lambda: self._read(Family.CONTACTS, _path_of(email), parse_contact, _BY_EMAIL)
        )

    def create_contact(self, change: ContactChange, *, update: bool = False) -> int | None:
        """Make a contact and return its id; with `update` change one that exists: None.

        Without `update` one that exists raises `BrevoRejected`, code `duplicate_parameter`.
        """
        body = {**_change_of(change), "email": change.email, "updateEnabled": update}
        content = self._call(Family.CONTACTS, "POST", "/contacts", body=body)
        return parsed(parse_id, content) if content else None

    def update_contact(self, change: ContactChange) -> bool:
        """Change one contact; return whether there is one."""
        path = _path_of(change.email)
        return self._is_done(Family.CONTACTS, "PUT", path, body=_change_of(change), query=_BY_EMAIL)

    def delete_contact(self, email: str) -> bool:
        """Delete one contact; return whether there was one."""
        return self._is_done(Family.CONTACTS, "DELETE", _path_of(email), query=_BY_EMAIL)

    def update_contacts(self, changes: Sequence[ContactChange]) -> None:
        """Change up to `CHANGES_AT_ONCE` contacts, which must exist."""
        body = {"contacts": [{**_change_of(change), "email": change.email} for change in changes]}
        self._call(Family.CONTACTS, "POST", "/contacts/batch", body=body)

    def import_contacts(self, changes: Sequence[ContactChange], list_ids: Sequence[int]) -> int:
        """Begin to make or change contacts on lists; return the number of the process.

        Empty values erase nothing. Attributes only: an import can block nobody.
        """
        assert not any(change.block or change.list_ids for change in changes)
        body = {
            "jsonBody": [
                {"email": change.email, "attributes": dict(change.attributes)} for change in changes
            ],
            "listIds": list(list_ids),
            "updateExistingContacts": True,
            "emptyContactsAttributes": False,
            "disableNotification": True,
        }
        content = self._call(Family.CONTACTS, "POST", "/contacts/import", body=body)
        return parsed(lambda told: parse_id(told, "processId"), content)

    def process(self, process_id: int) -> ProcessState | None:
        """Return how far an import is, None when there is none."""
        path = f"/processes/{process_id}"
        return unless_unknown(lambda: self._read(Family.PROCESSES, path, parse_process))

    def attributes(self) -> tuple[Attribute, ...]:
        """Return all attributes that contacts can have."""
        return self._read(
            Family.CONTACTS,
            "/contacts/attributes",
            lambda content: parse_items(content, "attributes", parse_attribute),
        )

    def create_attribute(self, name: str, kind: AttributeKind) -> None:
        """Make an attribute; its name is in capitals. One that exists raises `BrevoRejected`."""
        path = f"/contacts/attributes/normal/{quote(name, safe='')}"
        self._call(Family.CONTACTS, "POST", path, body={"type": kind})

    def lists(self, *, offset: int = 0, limit: int = LISTS_PER_PAGE) -> Page[ContactList]:
        """Return a part of the lists of contacts."""
        return self._read_page(
            Family.CONTACTS, "/contacts/lists", "lists", parse_list, offset=offset, limit=limit
        )

    def create_list(self, name: str, folder_id: int) -> int:
        """Make a list in a folder; return its id."""
        body = {"name": name, "folderId": folder_id}
        return parsed(parse_id, self._call(Family.CONTACTS, "POST", "/contacts/lists", body=body))

    def add_to_list(self, list_id: int, emails: Sequence[str]) -> ListAddition:
        """Put up to `ADDED_AT_ONCE` contacts on a list; return who could be and who not."""
        path = f"/contacts/lists/{list_id}/contacts/add"
        content = self._call(Family.CONTACTS, "POST", path, body={"emails": list(emails)})
        return parsed(parse_addition, content)

    def remove_from_list(self, list_id: int, emails: Sequence[str]) -> None:
        """Take up to `REMOVED_AT_ONCE` contacts off a list; who is not on it stays off it."""
        path = f"/contacts/lists/{list_id}/contacts/remove"
        try:
            self._call(Family.CONTACTS, "POST", path, body={"emails": list(emails)})
        except BrevoRejected as error:
            if error.code != _NONE_REMOVED:
                raise


def _path_of(email: str) -> str:
    return f"/contacts/{quote(email, safe='')}"


def _moment(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")


def _change_of(change: ContactChange) -> dict[str, Any]:
    """Return the fields that are named: Brevo leaves the others as they are."""
    fields: dict[str, Any] = {}
    if change.attributes:
        fields["attributes"] = dict(change.attributes)
    if change.list_ids:
        fields["listIds"] = list(change.list_ids)
    if change.block:
        fields["emailBlacklisted"] = True
    return fields
