"""The customers: private people, trade, prospects, each with a taste and a rhythm."""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from samples.isavigne.names import (
    FIRST_NAMES,
    FOREIGN_NAMES,
    HOUSES,
    LAST_NAMES,
    MAIL_DOMAINS,
    PLACES,
    spelled_for_mail,
)

FIRST_DAY = date(2023, 11, 1)
LAST_DAY = date(2026, 10, 31)
CUSTOMER_COUNT = 2000
_TASTES = (("dry_white", 30), ("sweet", 16), ("red", 20), ("bubbles", 14), ("mixed", 20))
_TRADE_SHARE, _PROSPECT_SHARE, _NEW_SHARE, _GONE_SHARE = 0.07, 0.08, 0.05, 0.24
_COUPLES = 30
_MALFORMED = (
    "{0}@",
    "{0} {0}@example.com",
    "{0}.example.org",
    "{0}@@example.com",
    "{0}@example,fr",
)


@dataclass(frozen=True, kw_only=True)
class Customer:
    """One customer as the cells of clients.csv need it, with the hidden habits behind the sales.

    `gap_days` is the usual time between two visits, `until` the day of the last possible visit;
    a prospect has `until` before `since` and never buys.
    """

    client_code: str
    email: str
    first_name: str
    last_name: str
    company: str
    phone: str
    phone_consent: str
    opted_out: bool
    language: str
    country: str
    postal_code: str
    trade: bool
    since: date
    until: date
    taste: str
    gap_days: int
    budget: str

    @property
    def buys(self) -> bool:
        """Tell whether this customer ever buys."""
        return self.until >= self.since


def build_customers(random: Random) -> tuple[Customer, ...]:
    """Return the 2,000 customers in the order of their codes."""
    customers: list[Customer] = []
    for number in range(1, CUSTOMER_COUNT + 1):
        mate = customers[-1] if number % (CUSTOMER_COUNT // _COUPLES) == 0 else None
        customers.append(_customer(random, number, mate))
    return tuple(customers)


def _customer(random: Random, number: int, mate: Customer | None) -> Customer:
    trade = mate is None and random.random() < _TRADE_SHARE
    language, country, postal_code = _origin(random)
    first_name, last_name = _person(random, language)
    if mate is not None and mate.email and not mate.trade:
        last_name, email = mate.last_name, mate.email
        language, country, postal_code = mate.language, mate.country, mate.postal_code
    else:
        email = _email(random, first_name, last_name, number)
    since, until = _lifetime(random)
    return Customer(
        client_code=f"C{number:05d}",
        email=email,
        first_name=first_name,
        last_name=last_name,
        company=_company(random, last_name) if trade else "",
        phone=_phone(random),
        phone_consent=random.choice(("1", "0", "")),
        opted_out=random.random() < 0.045,
        language=language,
        country=country,
        postal_code=postal_code,
        trade=trade,
        since=since,
        until=until,
        taste=_weighted(random, _TASTES),
        gap_days=random.randint(21, 60) if trade else _private_gap(random),
        budget=random.choice(("éco", "moyen", "moyen", "élevé", "")),
    )


def _weighted(random: Random, shares: tuple[tuple[str, int], ...]) -> str:
    return random.choices([name for name, _ in shares], [share for _, share in shares])[0]


def _private_gap(random: Random) -> int:
    return round(random.triangular(32, 330, 130))


def _origin(random: Random) -> tuple[str, str, str]:
    draw = random.random()
    if draw < 0.05:
        return "de", "DE", f"{random.randint(76000, 79999)}"
    if draw < 0.08:
        return "en", "GB", ""
    return "fr", "FR", f"{random.choice(PLACES)}{random.randrange(0, 100) * 10:03d}"


def _person(random: Random, language: str) -> tuple[str, str]:
    first, last = FOREIGN_NAMES.get(language, (FIRST_NAMES, LAST_NAMES))
    return random.choice(first), random.choice(last)


def _company(random: Random, last_name: str) -> str:
    return f"{random.choice(HOUSES)} {last_name}"


def _email(random: Random, first_name: str, last_name: str, number: int) -> str:
    local = f"{spelled_for_mail(first_name)}.{spelled_for_mail(last_name)}{number}"
    draw = random.random()
    if draw < 0.055:
        return ""
    if draw < 0.07:
        return random.choice(_MALFORMED).format(local)
    address = f"{local}@{random.choice(MAIL_DOMAINS)}"
    return address.title() if draw < 0.08 else address


def _phone(random: Random) -> str:
    """Return an invented number from the ranges kept for fiction in France, or nothing."""
    draw, tail = random.random(), f"{random.randrange(10_000):04d}"
    if draw < 0.2:
        return ""
    if draw < 0.5:
        return f"01 99 00 {tail[:2]} {tail[2:]}"
    return f"06 39 98 {tail[:2]} {tail[2:]}" if draw < 0.85 else f"+3363998{tail}"


def _lifetime(random: Random) -> tuple[date, date]:
    draw, days = random.random(), (LAST_DAY - FIRST_DAY).days
    if draw < _PROSPECT_SHARE:
        since = LAST_DAY - timedelta(days=random.randrange(1, 700))
        return since, since - timedelta(days=1)
    draw -= _PROSPECT_SHARE
    if draw < _NEW_SHARE:
        return LAST_DAY - timedelta(days=random.randrange(2, 88)), LAST_DAY
    since = FIRST_DAY + timedelta(days=random.randrange(-900, days - 120))
    if draw - _NEW_SHARE < _GONE_SHARE:
        start = max(since, FIRST_DAY)
        return since, start + timedelta(days=random.randrange(0, (LAST_DAY - start).days - 90))
    return since, LAST_DAY


def client_record(customer: Customer) -> dict[str, str]:
    """Return `customer` as the cells of clients.csv, by contract name."""
    return {
        "client_code": customer.client_code,
        "email": customer.email,
        "name": customer.company or f"{customer.first_name} {customer.last_name}",
        "first_name": customer.first_name,
        "last_name": customer.last_name,
        "phone": customer.phone,
        "phone_consent": customer.phone_consent,
        "email_opt_out": "1" if customer.opted_out else "0",
        "consent_source": "caveau" if customer.phone_consent else "",
        "consent_date": customer.since.isoformat() if customer.phone_consent else "",
        "budget_band": customer.budget,
        "language": customer.language,
        "country": customer.country,
        "postal_code": customer.postal_code,
        "customer_type": "trade" if customer.trade else "private",
        "created_at": customer.since.isoformat(),
    }
