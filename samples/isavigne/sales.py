"""Three years of documents: visits at the customer's rhythm, gifts, returns, cancellations."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from samples.isavigne.catalogue import DEPOSIT, GIFT_CARD, SHIPPING, Article, money
from samples.isavigne.habits import (
    Habit,
    Pick,
    Shop,
    fill_basket,
    form_habit,
    gift_basket,
    passer_by_basket,
    visits_factor,
)
from samples.isavigne.people import FIRST_DAY, LAST_DAY, Customer

_CANCELLED_SHARE, _RETURNED_SHARE = 0.012, 0.014
_PASSERS_BY_PER_DAY = 0.9
_GIFT_GIVERS = 0.4
_TRADE_REBATE, _SIX_BOTTLES_REBATE = 15, 5  # percent
_FAIRS = ((3, 14, 16), (11, 8, 10))  # month, first day, last day
_SUNDAY = 6


@dataclass(frozen=True, kw_only=True)
class Line:
    """One sale line; `amount` is cents, tax included, always a multiple of ten."""

    product_key: str
    quantity: int
    amount: int
    gift: bool = False


@dataclass(frozen=True, kw_only=True)
class Document:
    """One invoice, ticket or credit note; `client_code` is blank for a passer-by."""

    document_id: str
    client_code: str
    day: date
    channel: str
    lines: tuple[Line, ...]
    cancelled: bool = False


def build_documents(
    random: Random, catalogue: tuple[Article, ...], customers: tuple[Customer, ...]
) -> tuple[Document, ...]:
    """Return all documents from FIRST_DAY to LAST_DAY, numbered by year in order of date."""
    shop = Shop(catalogue)
    drafts = [
        document
        for customer in customers
        if customer.buys
        for document in _history(random, shop, form_habit(random, customer))
    ]
    drafts += _passers_by(random, shop)
    drafts += [back for sold in drafts if (back := _return_of(random, sold)) is not None]
    return _numbered(drafts)


def _history(random: Random, shop: Shop, habit: Habit) -> list[Document]:
    baskets = [
        (day, fill_basket(random, shop, habit, day, visit))
        for visit, day in enumerate(_visits(random, habit.customer))
    ]
    baskets += [
        (day, gift_basket(random, shop, habit, day)) for day in _gift_days(random, habit.customer)
    ]
    return [_invoice(random, habit, day, picks) for day, picks in baskets if picks]


def _gift_days(random: Random, customer: Customer) -> list[date]:
    days = []
    for year in range(FIRST_DAY.year, LAST_DAY.year):
        day = date(year, 12, random.randint(4, 23))
        gives = not customer.trade and random.random() < _GIFT_GIVERS
        if gives and customer.since <= day <= customer.until:
            days.append(day)
    return days


def _visits(random: Random, customer: Customer) -> list[date]:
    day = customer.since
    if day < FIRST_DAY:
        day = FIRST_DAY + timedelta(days=random.randrange(customer.gap_days))
    days: list[date] = []
    while day <= customer.until:
        day = _working_day(day)
        days.append(day)
        usual = customer.gap_days * random.triangular(0.65, 1.45, 1.0)
        ahead = day + timedelta(days=round(usual / 2))
        day += timedelta(days=max(5, round(usual / visits_factor(ahead.month))))
    return days


def _working_day(day: date) -> date:
    return day - timedelta(days=1) if day.weekday() == _SUNDAY and day > FIRST_DAY else day


def _invoice(random: Random, habit: Habit, day: date, picks: list[Pick]) -> Document:
    customer = habit.customer
    channel = _channel(random, habit, day)
    lines = [_line(pick, trade=customer.trade) for pick in picks]
    lines += _extras(random, channel, trade=customer.trade)
    return Document(
        document_id="F",
        client_code=customer.client_code,
        day=day,
        channel=channel,
        lines=tuple(_with_offered_bottle(random, lines, picks, trade=customer.trade)),
        cancelled=random.random() < _CANCELLED_SHARE,
    )


def _channel(random: Random, habit: Habit, day: date) -> str:
    fair = any(day.month == month and a <= day.day <= b for month, a, b in _FAIRS)
    if fair and random.random() < 0.5:
        return "salon"
    return "web" if random.random() < (0.8 if habit.web else 0.05) else "caveau"


def _line(pick: Pick, *, trade: bool) -> Line:
    rebate = _TRADE_REBATE if trade else _SIX_BOTTLES_REBATE if pick.quantity >= 6 else 0
    tenths = pick.quantity * pick.article.price * (100 - rebate) // 100
    return Line(
        product_key=pick.article.product_key,
        quantity=pick.quantity,
        amount=tenths * 10,
        gift=pick.gift,
    )


def _extras(random: Random, channel: str, *, trade: bool) -> list[Line]:
    if channel == "web" and random.random() < 0.6:
        return [Line(product_key=SHIPPING, quantity=1, amount=990)]
    if trade and random.random() < 0.05:
        return [Line(product_key=DEPOSIT, quantity=2, amount=1000)]
    if random.random() < 0.006:
        return [Line(product_key=GIFT_CARD, quantity=1, amount=5000)]
    return []


def _with_offered_bottle(
    random: Random, lines: list[Line], picks: list[Pick], *, trade: bool
) -> list[Line]:
    """Add a bottle offered to a trade customer, of an article not yet on the document."""
    dear = sum(line.amount for line in lines) > 60_000
    if not (trade and dear) or random.random() > 0.2:
        return lines
    wine = picks[0].article.range
    key = f"{wine.code}-{picks[0].article.vintage}" if wine and picks[0].article.vintage else ""
    if not key or any(line.product_key == key for line in lines):
        return lines
    return [*lines, Line(product_key=key, quantity=1, amount=0, gift=True)]


def _passers_by(random: Random, shop: Shop) -> list[Document]:
    documents = []
    for offset in range((LAST_DAY - FIRST_DAY).days + 1):
        day = FIRST_DAY + timedelta(days=offset)
        chance = _PASSERS_BY_PER_DAY * visits_factor(day.month)
        count = 0 if day.weekday() == _SUNDAY else int(chance + random.random())
        for _ in range(count):
            lines = tuple(_line(p, trade=False) for p in passer_by_basket(random, shop, day))
            if lines:
                documents.append(
                    Document(
                        document_id="T", client_code="", day=day, channel="caveau", lines=lines
                    )
                )
    return documents


def _return_of(random: Random, sold: Document) -> Document | None:
    """Return the credit note for one line of `sold`, some days later, now and then."""
    day = sold.day + timedelta(days=random.randint(2, 25))
    draw = random.random()
    if sold.cancelled or not sold.client_code or draw > _RETURNED_SHARE or day > LAST_DAY:
        return None
    line = random.choice(sold.lines)
    whole = random.random() < 0.5
    quantity = line.quantity if whole else 1
    amount = line.amount if whole else line.amount // line.quantity // 10 * 10
    back = Line(product_key=line.product_key, quantity=-quantity, amount=-amount, gift=line.gift)
    return Document(
        document_id="A", client_code=sold.client_code, day=day, channel=sold.channel, lines=(back,)
    )


def _numbered(drafts: list[Document]) -> tuple[Document, ...]:
    """Return the documents by date, `F2024-00001` and so on for each kind and year."""
    counters: Counter[tuple[str, int]] = Counter()
    numbered = []
    for draft in sorted(drafts, key=lambda d: (d.day, d.client_code, d.document_id)):
        series = (draft.document_id, draft.day.year)
        counters[series] += 1
        numbered.append(
            Document(
                document_id=f"{draft.document_id}{draft.day.year}-{counters[series]:05d}",
                client_code=draft.client_code,
                day=draft.day,
                channel=draft.channel,
                lines=draft.lines,
                cancelled=draft.cancelled,
            )
        )
    return tuple(numbered)


def sale_records(document: Document) -> list[dict[str, str]]:
    """Return the lines of `document` as cells of sales.csv, by contract name."""
    return [
        {
            "document_id": document.document_id,
            "product_key": line.product_key,
            "client_code": document.client_code,
            "quantity": str(line.quantity),
            "amount": money(line.amount),
            "sale_date": document.day.isoformat(),
            "line_no": str(number),
            "document_status": "cancelled" if document.cancelled else "valid",
            "currency": "EUR",
            "channel": document.channel,
            "is_gift": "1" if line.gift else "0",
        }
        for number, line in enumerate(document.lines, start=1)
    ]
