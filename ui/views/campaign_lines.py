"""The lines of a campaign's journal in words: what happened, and what is kept of it."""

from collections.abc import Mapping
from typing import Any

from core.i18n import N_
from core.outreach.outcomes import PAUSE_SENTENCES, PauseReason
from core.outreach.protocol import Mode
from core.services.delivery_review import Ruling
from core.store.campaign_log import LogEntry
from ui.i18n import _, format_number, ngettext_
from ui.views.words import loss_title

_EVENTS: Mapping[str, str] = {
    "prepared": N_("Campaign prepared"),
    "confirmed": N_("Confirmed with the number of recipients"),
    "started": N_("Dry run started"),
    "finished": N_("Dry run finished"),
    "released": N_("Taken up again after an interruption"),
    "claimed": N_("Checked and taken in hand"),
    "dry_run": N_("Composed, not sent"),
    "sent": N_("Sent, with a proof"),
    "unclear": N_("No clear answer"),
    "taken_late": N_("Taken after all, as a late answer says"),
    "unconfirmed": N_("Not confirmed"),
    "planned": N_("Not taken, planned again"),
    "review": N_("Handed to a person"),
    "ruled": N_("Decided by a person"),
    "suppressed": N_("Held back"),
    "failed": N_("Failed"),
    "cancelled": N_("Cancelled"),
    "paused": N_("Paused"),
    "resumed": N_("Resumed"),
    "events_read": N_("Brevo's events read"),
    "reconciled": N_("Reconciled after a restored backup"),
    "test": N_("Test message"),
}
_LIVE_EVENTS: Mapping[str, str] = {
    "started": N_("Begun at the moment that was set"),
    "finished": N_("Everything worked through"),
}
_ANSWERS: Mapping[str, str] = {
    "http_201": N_("Brevo took it"),
    "http_202": N_("Brevo took it"),
    "timeout": N_("no answer in time"),
    "connect_timeout": N_("no connection in time"),
    "connection_refused": N_("the connection was refused"),
    "no_connection": N_("no connection"),
    "name_resolution": N_("the name of the server was not found"),
    "tls": N_("no safe connection"),
    "reset": N_("the connection broke off"),
    "half_body": N_("half an answer"),
    "bad_answer": N_("an answer that nobody can read"),
    "not_json": N_("an answer that nobody can read"),
    "too_long": N_("an answer that nobody can read"),
    "html": N_("a page of somebody between us and Brevo"),
    "no_message_id": N_("an answer without the number of a message"),
    "restarted": N_("the sender stopped before it had an answer"),
    "too_late": N_("too old to be tried again"),
    "duplicate_parameter": N_("Brevo knows this try already, which does not prove that it took it"),
    "duplicate_request": N_("Brevo knows this try already, which does not prove that it took it"),
    "not_asked": N_("Brevo could not be asked: live sending is switched off"),
    "not_found": N_("two readings of Brevo's events did not find it"),
}
_PROOFS: Mapping[str, str] = {
    "http_201": N_("proof: Brevo's answer"),
    "event": N_("proof: an event at Brevo"),
    "webhook": N_("proof: a message of Brevo's"),
}
_RULINGS: Mapping[str, str] = {
    Ruling.ARRIVED: N_("It arrived"),
    Ruling.SEND_AGAIN: N_("Send it again"),
    Ruling.GIVE_UP: N_("Give it up"),
}


def log_title(event: str, mode: str) -> str:
    """Return the title of an event of a campaign's journal."""
    if mode == Mode.LIVE and event in _LIVE_EVENTS:
        return _(_LIVE_EVENTS[event])
    return _(_EVENTS.get(event, event))


def ruling_title(ruling: str) -> str:
    """Return what a person decides about a message, as on the button."""
    return _(_RULINGS[ruling])


def line_detail(line: LogEntry) -> str:
    """Return what is kept of a line, in words; blank when there is nothing to say."""
    said = _WORDS.get(line.event, _of_message)
    return said(line.detail)


def _of_reading(detail: Mapping[str, Any]) -> str:
    return _(
        "found: %(found)s, not found: %(missed)s, to a person: %(review)s, batches left:"
        " %(unread)s",
        found=format_number(detail["found"]),
        missed=format_number(detail["missed"]),
        review=format_number(detail["to_review"]),
        unread=format_number(detail["unread"]),
    )


def _of_pause(detail: Mapping[str, Any]) -> str:
    return _(PAUSE_SENTENCES[PauseReason(detail["reason"])])


def _of_ruling(detail: Mapping[str, Any]) -> str:
    return _(
        "%(ruling)s, says %(name)s: %(note)s",
        ruling=ruling_title(str(detail["ruling"])),
        name=detail["by"],
        note=detail["note"],
    )


def _of_message(detail: Mapping[str, Any]) -> str:
    counted = detail.get("recipients") or detail.get("deliveries")
    if counted is not None:
        return _counted(int(counted), detail.get("by"))
    if detail.get("reason"):
        return loss_title(str(detail["reason"]))
    known = [_answer(token) for token in _tokens(detail)]
    proof = str(detail.get("proof"))
    known += [_(_PROOFS[proof])] if proof in _PROOFS else []
    known += [_("by %(name)s", name=detail["by"])] if detail.get("by") else []
    if known:
        return ", ".join(dict.fromkeys(known))
    sha256 = detail.get("payload_sha256")
    return _("sha256 %(start)s…", start=str(sha256)[:12]) if sha256 else ""


def _tokens(detail: Mapping[str, Any]) -> list[str]:
    """Return what an answer is known by; of an error at Brevo its code says no more."""
    found = [str(detail[name]) for name in ("answer", "code") if detail.get(name)]
    return found[:1] if found and found[0].startswith("http_5") else found


def _counted(count: int, by: object) -> str:
    messages = ngettext_("%(count)s message", "%(count)s messages", count)
    return messages if by is None else _("%(messages)s, by %(name)s", messages=messages, name=by)


def _answer(token: str) -> str:
    """Return an answer in words; a code of Brevo's own stays itself."""
    if token in _ANSWERS:
        return _(_ANSWERS[token])
    if token.startswith("http_5"):
        return _("an error at Brevo (%(status)s)", status=token.removeprefix("http_"))
    if token.startswith("http_"):
        return _("answer %(status)s", status=token.removeprefix("http_"))
    return loss_title(token)


_WORDS = {"events_read": _of_reading, "paused": _of_pause, "ruled": _of_ruling}
