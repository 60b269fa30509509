"""What happened to the e-mailings: sent, delivered, opened, clicked, bounced, unsubscribed."""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from samples.isavigne.people import LAST_DAY, Customer

_CAMPAIGNS = (
    ("Printemps 2025", date(2025, 3, 27), 0.35),
    ("Crémants et rosés", date(2025, 6, 5), 0.35),
    ("Foire aux vins 2025", date(2025, 9, 11), 0.40),
    ("Noël 2025", date(2025, 11, 27), 0.50),
    ("Nouveaux millésimes", date(2026, 4, 16), 0.40),
    ("Été 2026", date(2026, 6, 18), 0.35),
    ("Foire aux vins 2026", date(2026, 9, 10), 0.40),
    ("Automne 2026", date(2026, 10, 21), 0.15),
)
_TEXT_MESSAGE = ("Rappel caveau", date(2026, 10, 26), 0.02)
_OPENED, _CLICKED = 0.42, 0.25
_HARD, _SOFT, _LEFT, _COMPLAINED = 0.004, 0.006, 0.012, 0.001
_FULL_BOXES = 15  # addresses whose box is full: they bounce softly every time
_FULL_BOX_CAMPAIGNS = ("Été 2026", "Foire aux vins 2026", "Nouveaux millésimes")


@dataclass(frozen=True, kw_only=True)
class Contact:
    """One contact event of one customer."""

    client_code: str
    email: str
    day: date
    status: str
    channel: str
    campaign: str


def build_contacts(random: Random, customers: tuple[Customer, ...]) -> tuple[Contact, ...]:
    """Return the events of all campaigns, by day, campaign, customer; each at most once."""
    reachable = [c for c in customers if _addressed(c) and not c.opted_out]
    full = {c.client_code for c in random.sample(reachable, _FULL_BOXES)}
    gone: set[str] = set()
    events: list[Contact] = []
    for name, day, share in _CAMPAIGNS:
        for customer in reachable:
            chosen = random.random() < share
            if customer.client_code in full:
                chosen = name in _FULL_BOX_CAMPAIGNS
            if not chosen or customer.since > day or customer.email.lower() in gone:
                continue
            told = _mailing(random, customer, name, day, full=customer.client_code in full)
            if any(event.status in _ENDS for event in told):
                gone.add(customer.email.lower())
            events += told
    events += _text_messages(random, customers)
    return tuple(sorted(events, key=lambda e: (e.day, e.campaign, e.client_code)))


_ENDS = frozenset({"hard_bounce", "unsubscribe", "complaint"})


def _addressed(customer: Customer) -> bool:
    local, _, domain = customer.email.partition("@")
    return bool(local) and " " not in local and domain.lower() in _DOMAINS


_DOMAINS = frozenset({"example.com", "example.org", "example.fr"})


def _mailing(
    random: Random, customer: Customer, campaign: str, day: date, *, full: bool
) -> list[Contact]:
    """Return the events of one message: sent, then how it ended."""
    steps = [("sent", day), *_fate(random, day, full=full)]
    return [
        Contact(
            client_code=customer.client_code,
            email=customer.email,
            day=on,
            status=status,
            channel="email",
            campaign=campaign,
        )
        for status, on in steps
        if on <= LAST_DAY
    ]


def _fate(random: Random, day: date, *, full: bool) -> list[tuple[str, date]]:
    draw = random.random()
    if full or draw < _SOFT:
        return [("soft_bounce", day)]
    if draw < _SOFT + _HARD:
        return [("hard_bounce", day)]
    steps = [("delivered", day)]
    if random.random() < _OPENED:
        opened = day + timedelta(days=random.choice((0, 0, 0, 1, 1, 2, 4)))
        steps.append(("open", opened))
        if random.random() < _CLICKED:
            steps.append(("click", opened))
        draw = random.random()
        if draw < _LEFT:
            steps.append(("unsubscribe", opened))
        elif draw < _LEFT + _COMPLAINED:
            steps.append(("complaint", opened))
    return steps


def _text_messages(random: Random, customers: tuple[Customer, ...]) -> list[Contact]:
    name, day, share = _TEXT_MESSAGE
    return [
        Contact(
            client_code=customer.client_code,
            email="",
            day=day,
            status="sent",
            channel="sms",
            campaign=name,
        )
        for customer in customers
        if customer.phone.startswith(("06", "+336")) and random.random() < share
    ]


def contact_record(contact: Contact) -> dict[str, str]:
    """Return `contact` as the cells of contacts.csv, by contract name."""
    return {
        "client_code": contact.client_code,
        "email": contact.email,
        "contact_date": contact.day.isoformat(),
        "status": contact.status,
        "channel": contact.channel,
        "campaign": contact.campaign,
    }
