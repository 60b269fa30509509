"""The report of a schedule by e-mail: to who it works for, figures and links, no customer's name.

It goes through Brevo where this instance may send, else into the folder `outbox` of the company
as a file that a mail program opens. The address is the user name of a member, if that is one; who
unsubscribes by its link gets no report any more.
"""

import html
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any, Protocol

from core.audit import is_deliverable
from core.contracts import normalise_address
from core.errors import Refused
from core.i18n import N_
from core.outreach.payload import header_value
from core.outreach.replies import EmailOutcome, EmailReply
from core.services.brevo_account import open_brevo
from core.services.live_switch import sends_live
from core.services.single_message import compose_single
from core.store.suppressions import is_suppressed_address
from core.store.tenant import TenantStore

TAG = "schedule"
OUTBOX = "outbox"
MAILED = N_("The report was mailed to %(name)s.")
WRITTEN = N_(
    "This instance sends no e-mail (BREVO_DRY_RUN is not 0, or something it needs is not set): the"
    " report for %(name)s lies in the folder %(folder)s of the company."
)
NO_ADDRESS = N_(
    "Nothing was mailed: the user name %(name)s is no e-mail address. A user whose name is one gets"
    " the report."
)
SUPPRESSED = N_("Nothing was mailed: the address of %(name)s is suppressed.")
_REFUSED = N_("The report could not be mailed (%(code)s). It stands on the page Schedules.")
_TAKEN = (EmailOutcome.ACCEPTED, EmailOutcome.DUPLICATE)


@dataclass(frozen=True, kw_only=True)
class Report:
    """What is told: a subject, lines of text, and the addresses of pages."""

    subject: str
    lines: Sequence[str]
    links: Sequence[str]

    @property
    def text(self) -> str:
        """The report as plain text."""
        return "\n".join((*self.lines, "", *self.links, ""))


class _Mailer(Protocol):
    def send_email(self, body: bytes) -> EmailReply: ...


OpenMailer = Callable[[TenantStore], AbstractContextManager[_Mailer]]


def can_be_mailed(username: str) -> bool:
    """Tell whether a user name is an address that a report may go to."""
    return is_deliverable(normalise_address(username))


def mail_report(
    store: TenantStore,
    key: str,
    username: str,
    report: Report,
    open_mailer: OpenMailer = open_brevo,
) -> Mapping[str, Any]:
    """Send a report to a member; return the sentence of what became of it, as `to_data()` has it.

    The same `key` is one message, however often it is tried. Raises `Refused` when Brevo did not
    take it.
    """
    if not can_be_mailed(username):
        return {"message": NO_ADDRESS, "values": {"name": username}}
    address = normalise_address(username)
    with store.read() as tx:
        if is_suppressed_address(tx, address):
            return {"message": SUPPRESSED, "values": {"name": username}}
    if not sends_live(store):
        _write(store, key, address, report)
        return {"message": WRITTEN, "values": {"name": username, "folder": OUTBOX}}
    with open_mailer(store) as mailer:
        reply = mailer.send_email(_body(store, key, address, report))
    if reply.outcome not in _TAKEN:
        raise Refused(_REFUSED, code=reply.code or reply.detail)
    return {"message": MAILED, "values": {"name": username}}


def _body(store: TenantStore, key: str, address: str, report: Report) -> bytes:
    content = {
        "subject": header_value(report.subject),
        "textContent": report.text,
        "htmlContent": _as_html(report),
    }
    idempotency = uuid.uuid5(uuid.UUID(key), TAG)
    return compose_single(store, address, content, tag=TAG, place_id=key, key=idempotency)


def _as_html(report: Report) -> str:
    paragraphs = "".join(f"<p>{html.escape(line)}</p>" for line in report.lines if line)
    links = "".join(
        f'<p><a href="{html.escape(link)}">{html.escape(link)}</a></p>' for link in report.links
    )
    return f"<!DOCTYPE html><html><body>{paragraphs}{links}</body></html>"


def _write(store: TenantStore, key: str, address: str, report: Report) -> None:
    """Write the message as a file, whole or not at all."""
    sender = store.store.settings.brevo_sender_email or "ia-crm@localhost"
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"] = sender, address
    message["Subject"] = header_value(report.subject)
    message["Date"] = store.store.now()
    message["Message-ID"] = f"<{key}@ia-crm>"
    message.set_content(report.text)
    message.add_alternative(_as_html(report), subtype="html")
    path: Path = store.folder / OUTBOX / f"{key}.eml"
    path.parent.mkdir(parents=True, exist_ok=True)
    passing = path.with_suffix(".part")
    passing.write_bytes(message.as_bytes())
    passing.replace(path)
