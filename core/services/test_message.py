"""Send the first message of a campaign to oneself, to see it in a real mailbox.

It is no delivery: nobody is contacted by it in the sense of any rule, and nothing of it is ever
tried again. Its links and its name are its own, so that a click in it unsubscribes who clicks, and
no event of it speaks of a recipient.
"""

import uuid
from typing import Any, Protocol

from core.audit import is_deliverable
from core.contracts import normalise_address
from core.errors import Refused
from core.i18n import N_
from core.outreach.payload import PARAMS, TEMPLATE_ID, header_value
from core.outreach.protocol import Mode
from core.outreach.replies import EmailOutcome, EmailReply
from core.services.accounts import Actor, Role, require
from core.services.audit_trail import Action, record
from core.services.campaign_control import find_known
from core.services.campaign_reports import Preview, previews
from core.services.live_switch import check_live
from core.services.single_message import compose_single, unsubscribe_link
from core.store.campaign_log import append_logs
from core.store.suppressions import is_suppressed_address
from core.store.tenant import TenantStore

TAG = "test"
EVENT = "test"
SUBJECT_PREFIX = "[Test] "

_TAKEN = EmailOutcome.ACCEPTED
_SENTENCES = {
    EmailOutcome.AMBIGUOUS: N_(
        "Brevo gave no clear answer: the test message may arrive or not. Look into the mailbox"
        " before you send another."
    ),
    EmailOutcome.NOT_BEGUN: N_("Brevo cannot be reached: the test message was not sent."),
    EmailOutcome.LIMITED: N_("Brevo takes no more messages at the moment. Try again later."),
}
_REFUSED = N_("Brevo did not take the test message (%(code)s). The journal has the answer.")


class Poster(Protocol):
    """What a test message needs of Brevo."""

    def send_email(self, body: bytes) -> EmailReply:
        """Post one message; never raises for what the network or Brevo does."""


def send_test(
    store: TenantStore, actor: Actor, campaign_id: str, address: str, mailer: Poster
) -> EmailReply:
    """Send the first message of a campaign to `address`, once, and return the answer.

    Raises `NotAllowed` for a viewer, `NotFound`, and `Refused` where this instance sends nothing,
    for an address that cannot be written to or must not be, and when Brevo did not take it.
    """
    require(actor, Role.ANALYST)
    check_live(store)
    email = normalise_address(address)
    _check_address(store, email)
    body = _compose(store, campaign_id, email)
    reply = mailer.send_email(body)
    _note(store, actor, campaign_id, reply)
    if reply.outcome != _TAKEN:
        code = reply.code or reply.detail
        raise Refused(_SENTENCES.get(reply.outcome, _REFUSED), code=code)
    return reply


def _check_address(store: TenantStore, email: str) -> None:
    if not is_deliverable(email):
        raise Refused(N_("This is no address that can be written to. Correct it."))
    with store.read() as tx:
        if is_suppressed_address(tx, email):
            raise Refused(N_("This address is suppressed: no message goes there, a test neither."))


def _compose(store: TenantStore, campaign_id: str, email: str) -> bytes:
    """Return the request: the frozen message with sender, links and names of its own."""
    first = previews(store, campaign_id, 1)
    if not first:
        raise Refused(N_("This campaign has no message."))
    url = unsubscribe_link(store, email)
    content = _with_link(_content(first[0]), first[0].payload, url)
    place_id, key = str(uuid.uuid4()), uuid.uuid4()
    return compose_single(store, email, content, tag=TAG, place_id=place_id, key=key)


def _content(first: Preview) -> dict[str, Any]:
    """Return what a message says; its subject only where it is known what Brevo makes of it."""
    names = (TEMPLATE_ID, PARAMS, "htmlContent", "textContent")
    content = {name: first.payload[name] for name in names if name in first.payload}
    if first.subject is not None:
        content["subject"] = header_value(SUBJECT_PREFIX + first.subject)
    return content


def _with_link(content: dict[str, Any], payload: Any, url: str) -> dict[str, Any]:
    """Return a content with `url` in place of its recipient's own link.

    The token is replaced once more by itself: unlike the rest of a link it is never escaped.
    """
    own = str(payload["headers"]["List-Unsubscribe"]).strip("<>")
    own_token, token = (link.rpartition("/")[2] for link in (own, url))

    def linked(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: linked(part) for name, part in value.items()}
        if isinstance(value, str):
            return value.replace(own, url).replace(own_token, token)
        return value

    return {name: linked(value) for name, value in content.items()}


def _note(store: TenantStore, actor: Actor, campaign_id: str, reply: EmailReply) -> None:
    """Enter the test in the journal, without the address."""
    detail: dict[str, object] = {"by": actor.username, "answer": reply.detail}
    if reply.code:
        detail["code"] = reply.code
    with store.begin() as tx:
        find_known(tx, campaign_id)
        entry = {"event": EVENT, "detail": detail}
        append_logs(tx, campaign_id, Mode.LIVE, store.store.now(), [entry])
        record(store, tx, actor.user_id, Action.TEST_MESSAGE_SENT, campaign_id)
