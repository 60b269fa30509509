"""What a Brevo account holds besides messages, for the double: to be filled by tests."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

Reply = tuple[int, Any]

NOT_FOUND: Reply = (404, {"code": "document_not_found", "message": "it does not exist"})


class BrevoAccount:
    """The state behind every operation but the sending; `clock` gives the time of the double."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.credits = 10_000.0
        self.relay_enabled = True
        self.senders: list[dict[str, Any]] = []
        self.templates: list[dict[str, Any]] = []
        self.contacts: dict[str, dict[str, Any]] = {}
        self.attributes: list[dict[str, Any]] = []
        self.lists: list[dict[str, Any]] = []
        self.blocked: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []
        self.webhooks: dict[int, dict[str, Any]] = {}
        self.imports: dict[int, dict[str, Any]] = {}
        self._last_id = 0

    # What tests fill in.

    def add_sender(self, email: str, name: str = "Cave", *, active: bool = True) -> int:
        """Add a sender; return its id."""
        sender = {"id": self._next_id(), "name": name, "email": email, "active": active}
        self.senders.append(sender)
        return self._last_id

    def add_template(self, name: str, html: str = "<p></p>", *, active: bool = True) -> int:
        """Add a template; return its id."""
        self.templates.append(
            {
                "id": self._next_id(),
                "name": name,
                "subject": f"Subject of {name}",
                "isActive": active,
                "testSent": False,
                "sender": {"name": "Cave", "email": "cave@example.com", "id": "1"},
                "replyTo": "cave@example.com",
                "toField": "",
                "tag": "",
                "htmlContent": html,
                "createdAt": self._now(),
                "modifiedAt": self._now(),
            }
        )
        return self._last_id

    def can_render(self, template_id: int | None) -> bool:
        """Return whether a message needs no template, or one that is there and active."""
        active = {template["id"] for template in self.templates if template["isActive"]}
        return template_id is None or template_id in active

    def add_contact(self, email: str, *, blacklisted: bool = False, **attributes: Any) -> int:
        """Add a contact, with values of attributes whether these exist or not; return its id."""
        self.contacts[email] = {
            "id": self._next_id(),
            "email": email,
            "emailBlacklisted": blacklisted,
            "smsBlacklisted": False,
            "createdAt": self._now(),
            "modifiedAt": self._now(),
            "listIds": [],
            "attributes": attributes,
        }
        return self._last_id

    def add_list(self, name: str, folder: int = 1) -> int:
        """Add a list of contacts; return its id."""
        self.lists.append({"id": self._next_id(), "name": name, "folderId": folder})
        return self._last_id

    def block(self, email: str, code: str, sender: str = "cave@example.com") -> None:
        """Add an address that gets no message any more; `code` says why."""
        reason = {"code": code, "message": f"why {email} is blocked"}
        entry = {"email": email, "senderEmail": sender, "reason": reason, "blockedAt": self._now()}
        self.blocked.append(entry)

    def add_event(
        self,
        email: str,
        event: str,
        *,
        message_id: str = "<0@relay.example>",
        tags: Sequence[str] = (),
        after: timedelta = timedelta(0),
        **fields: str,
    ) -> None:
        """Add an event of a message, which the list shows once `after` has passed."""
        at = self.clock() + after
        entry = {"email": email, "event": event, "messageId": message_id, **fields}
        self.events.append({"at": at, "tags": tuple(tags), "entry": entry})

    # What the operations answer.

    def get_account(self, *_: Any) -> Reply:
        plan = {"type": "payAsYouGo", "creditsType": "sendLimit", "credits": self.credits}
        relay = {"userName": "cave@example.com", "relay": "relay.example", "port": 587}
        address = {"street": "1 rue", "city": "Bordeaux", "zipCode": "33000", "country": "France"}
        return 200, {
            "email": "cave@example.com",
            "firstName": "Ada",
            "lastName": "Cave",
            "companyName": "Domaine Test",
            "address": address,
            "plan": [plan],
            "relay": {"enabled": self.relay_enabled, "data": relay},
        }

    def get_senders(self, *_: Any) -> Reply:
        return 200, {"senders": self.senders}

    def get_smtp_templates(self, _: Any, query: Mapping[str, str], __: Any) -> Reply:
        wanted = query.get("templateStatus")
        found = [t for t in self.templates if wanted in (None, str(t["isActive"]).lower())]
        return 200, {"count": len(found), "templates": _page(found, query, 50)}

    def get_smtp_template(self, params: Mapping[str, str], *_: Any) -> Reply:
        found = [t for t in self.templates if str(t["id"]) == params["templateId"]]
        return (200, found[0]) if found else NOT_FOUND

    def get_contacts(self, _: Any, query: Mapping[str, str], __: Any) -> Reply:
        since = datetime.fromisoformat(query.get("modifiedSince", "2000-01-01T00:00:00+00:00"))
        found = [
            contact
            for contact in self.contacts.values()
            if datetime.fromisoformat(contact["modifiedAt"]) >= since
        ]
        return 200, {"count": len(found), "contacts": _page(found, query, 50)}

    def get_contact_info(self, params: Mapping[str, str], *_: Any) -> Reply:
        contact = self.contacts.get(params["identifier"])
        return (200, {**contact, "statistics": {}}) if contact else NOT_FOUND

    def create_contact(self, _: Any, __: Any, content: Mapping[str, Any]) -> Reply:
        email = content["email"]
        if email not in self.contacts:
            contact_id = self.add_contact(email)
            self._change(email, content)
            return 201, {"id": contact_id}
        if not content.get("updateEnabled"):
            return 400, {"code": "duplicate_parameter", "message": f"{email} exists already"}
        self._change(email, content)
        return 204, None

    def update_contact(self, params: Mapping[str, str], _: Any, content: Any) -> Reply:
        if params["identifier"] not in self.contacts:
            return NOT_FOUND
        self._change(params["identifier"], content)
        return 204, None

    def delete_contact(self, params: Mapping[str, str], *_: Any) -> Reply:
        return (204, None) if self.contacts.pop(params["identifier"], None) else NOT_FOUND

    def update_batch_contacts(self, _: Any, __: Any, content: Mapping[str, Any]) -> Reply:
        """Contacts that are not known are passed over without a word."""
        for change in content["contacts"]:
            if change["email"] in self.contacts:
                self._change(change["email"], change)
        return 204, None

    def import_contacts(self, _: Any, __: Any, content: Mapping[str, Any]) -> Reply:
        self.imports[self._next_id()] = {"states": ["queued", "in_process"], "content": content}
        return 202, {"processId": self._last_id}

    def get_process(self, params: Mapping[str, str], *_: Any) -> Reply:
        """Go one state on at each look; the contacts are there when it is completed."""
        process_id = int(params["processId"])
        if process_id not in self.imports:
            return NOT_FOUND
        states = self.imports[process_id]["states"]
        status = states.pop(0) if states else "completed"
        if status == "completed":
            self._finish_import(self.imports[process_id]["content"])
        return 200, {"id": process_id, "name": "IMPORTUSER", "status": status}

    def get_attributes(self, *_: Any) -> Reply:
        return 200, {"attributes": self.attributes}

    def create_attribute(self, params: Mapping[str, str], _: Any, content: Any) -> Reply:
        name, category = params["attributeName"], params["attributeCategory"]
        if any(attribute["name"] == name for attribute in self.attributes):
            return 400, {"code": "invalid_parameter", "message": f"{name} exists already"}
        self.attributes.append({"name": name, "category": category, "type": content["type"]})
        return 201, None

    def get_lists(self, _: Any, query: Mapping[str, str], __: Any) -> Reply:
        page = [{**entry, **self._counts(entry["id"])} for entry in _page(self.lists, query, 10)]
        return 200, {"count": len(self.lists), "lists": page}

    def create_list(self, _: Any, __: Any, content: Mapping[str, Any]) -> Reply:
        return 201, {"id": self.add_list(content["name"], content["folderId"])}

    def add_contact_to_list(self, params: Mapping[str, str], _: Any, content: Any) -> Reply:
        list_id = int(params["listId"])
        if all(entry["id"] != list_id for entry in self.lists):
            return NOT_FOUND
        done: dict[str, list[str]] = {}
        for email in content["emails"]:
            done.setdefault("success" if email in self.contacts else "failure", []).append(email)
        for email in done.get("success", ()):
            self._change(email, {"listIds": [list_id]})
        return 201, {"contacts": done}

    def remove_contact_from_list(self, params: Mapping[str, str], _: Any, content: Any) -> Reply:
        list_id = int(params["listId"])
        done: dict[str, list[str]] = {}
        for email in content["emails"]:
            is_on_it = list_id in self.contacts.get(email, {"listIds": []})["listIds"]
            done.setdefault("success" if is_on_it else "failure", []).append(email)
        if "success" not in done:
            return 400, {"code": "invalid_parameter", "message": "already removed from the list"}
        for email in done["success"]:
            self.contacts[email]["listIds"].remove(list_id)
            self.contacts[email]["modifiedAt"] = self._now()
        return 201, {"contacts": done}

    def get_transac_blocked_contacts(self, _: Any, query: Mapping[str, str], __: Any) -> Reply:
        first, last = query.get("startDate", ""), query.get("endDate", "9999")
        found = [entry for entry in self.blocked if first <= entry["blockedAt"][:10] <= last]
        return 200, {"count": len(found), "contacts": _page(found, query, 50)}

    def get_email_event_report(self, _: Any, query: Mapping[str, str], __: Any) -> Reply:
        found = [event for event in self.events if self._is_asked_for(event, query)]
        asked = re.split(r", *", query.get("tags", ""))
        shown = [
            {
                **event["entry"],
                "date": _text_of(event["at"]),
                "tag": next(
                    (tag for tag in event["tags"] if tag in asked), *event["tags"][:1] or [""]
                ),
            }
            for event in found
        ]
        return 200, {"events": _page(shown, query, 2500)}

    def get_webhooks(self, *_: Any) -> Reply:
        return 200, {"webhooks": list(self.webhooks.values())}

    def create_webhook(self, _: Any, __: Any, content: Mapping[str, Any]) -> Reply:
        webhook_id, dates = self._next_id(), {"createdAt": self._now(), "modifiedAt": self._now()}
        self.webhooks[webhook_id] = {"id": webhook_id, **content, **dates}
        return 201, {"id": webhook_id}

    def update_webhook(self, params: Mapping[str, str], _: Any, content: Any) -> Reply:
        if int(params["webhookId"]) not in self.webhooks:
            return NOT_FOUND
        self.webhooks[int(params["webhookId"])].update(content)
        return 204, None

    def delete_webhook(self, params: Mapping[str, str], *_: Any) -> Reply:
        return (204, None) if self.webhooks.pop(int(params["webhookId"]), None) else NOT_FOUND

    def _next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def _now(self) -> str:
        return _text_of(self.clock())

    def _change(self, email: str, change: Mapping[str, Any]) -> None:
        """Attributes that the account does not have are passed over without a word."""
        contact, known = self.contacts[email], {entry["name"] for entry in self.attributes}
        given = change.get("attributes", {})
        contact["attributes"].update({n: value for n, value in given.items() if n in known})
        contact["emailBlacklisted"] = change.get("emailBlacklisted", contact["emailBlacklisted"])
        contact["listIds"] = sorted({*contact["listIds"], *change.get("listIds", ())})
        contact["modifiedAt"] = self._now()

    def _finish_import(self, content: Mapping[str, Any]) -> None:
        for change in content["jsonBody"]:
            if change["email"] not in self.contacts:
                self.add_contact(change["email"])
            self._change(change["email"], {**change, "listIds": content["listIds"]})

    def _counts(self, list_id: int) -> dict[str, int]:
        on_it = [c for c in self.contacts.values() if list_id in c["listIds"]]
        black = sum(contact["emailBlacklisted"] for contact in on_it)
        subscribers = len(on_it) - black
        return {
            "totalBlacklisted": black,
            "totalSubscribers": subscribers,
            "uniqueSubscribers": subscribers,
        }

    def _is_asked_for(self, event: Mapping[str, Any], query: Mapping[str, str]) -> bool:
        entry, day = event["entry"], event["at"].astimezone(UTC).date()
        tags = set(re.split(r", *", query["tags"])) if "tags" in query else None
        first = date.fromisoformat(query.get("startDate", "0001-01-01"))
        last = date.fromisoformat(query.get("endDate", "9999-12-31"))
        return bool(
            event["at"] <= self.clock()
            and first <= day <= last
            and (tags is None or tags & set(event["tags"]))
            and all(
                query.get(name) in (None, entry[name]) for name in ("email", "event", "messageId")
            )
        )


def _page(items: Sequence[Any], query: Mapping[str, str], default_limit: int) -> list[Any]:
    ordered = list(items) if query.get("sort") == "asc" else list(reversed(items))
    offset = int(query.get("offset", 0))
    return ordered[offset : offset + int(query.get("limit", default_limit))]


def _text_of(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
