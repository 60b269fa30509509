"""What a customer puts in the basket: taste, favourites that come back, seasons, quantities."""

from dataclasses import dataclass
from datetime import date
from random import Random

from samples.isavigne.catalogue import BOTTLES_PER_CASE, CASE, Article
from samples.isavigne.people import Customer
from samples.isavigne.ranges import RANGES, Range

# How much each taste is drawn to a family and, among whites, to a sweetness.
_TASTES: dict[str, dict[str, float]] = {
    "dry_white": {"sec": 10, "demi-sec": 2, "moelleux": 0.4, "Bulles": 2, "Rouge": 1, "Rosé": 1},
    "sweet": {"sec": 1, "demi-sec": 5, "moelleux": 10, "doux": 8, "Bulles": 1.5, "Rosé": 0.5},
    "red": {"sec": 1.5, "demi-sec": 0.5, "Rouge": 12, "Bulles": 1, "Rosé": 1.5, "Spiritueux": 0.5},
    "bubbles": {"sec": 2, "demi-sec": 1, "Rouge": 1, "Bulles": 14, "Rosé": 1},
    "mixed": {
        "sec": 3,
        "demi-sec": 3,
        "moelleux": 2,
        "doux": 1,
        "Rouge": 4,
        "Bulles": 3,
        "Rosé": 3,
    },
}
_SELDOM = 0.15
_VISITS_BY_MONTH = (0.6, 0.7, 0.95, 1.05, 1.05, 1.05, 1.15, 1.0, 0.95, 1.05, 1.3, 1.9)
_FEASTS = (0.7, 0.8, 0.9, 1.4, 1.6, 1.4, 0.9, 0.8, 0.8, 0.8, 1.2, 3.2)
_SUMMER = (0.3, 0.3, 0.5, 1.0, 2.0, 3.5, 4.5, 4.0, 1.5, 0.5, 0.3, 0.3)
_WINTER = (1.3, 1.3, 1.1, 0.9, 0.8, 0.6, 0.5, 0.6, 1.0, 1.3, 1.4, 1.4)
_SEASONS = {"Bulles": _FEASTS, "Rosé": _SUMMER, "Rouge": _WINTER}
_GIFT_FAMILIES = ("Bulles", "Spiritueux", "Blanc", "Rouge")
_PRECIOUS = 250  # tenths of a euro: bought one or two at a time


@dataclass(frozen=True, kw_only=True)
class Pick:
    """One article put in the basket, in units of that article."""

    article: Article
    quantity: int
    gift: bool = False
    offered: bool = False


class Shop:
    """What can be bought on a day: the article in which a range is sold at that time."""

    def __init__(self, catalogue: tuple[Article, ...]) -> None:
        self._by_range: dict[tuple[str, str], list[Article]] = {}
        for article in catalogue:
            if article.range is not None:
                key = (article.range.code, article.format)
                self._by_range.setdefault(key, []).append(article)

    def article(self, wine: Range, day: date, form: str = "") -> Article | None:
        """Return the vintage of `wine` on sale in format `form` on `day`, or None."""
        sold = self._by_range.get((wine.code, form), [])
        return next((a for a in sold if a.sold_from <= day < a.sold_until), None)


@dataclass(frozen=True, kw_only=True)
class Habit:
    """A customer's favourites, each with the number of visits after which it comes back."""

    customer: Customer
    favourites: tuple[tuple[Range, int], ...]
    web: bool


def visits_factor(month: int) -> float:
    """Return how much busier than usual `month` (1 to 12) is."""
    return _VISITS_BY_MONTH[month - 1]


def form_habit(random: Random, customer: Customer) -> Habit:
    """Return the habit of `customer`: two to four favourites of the taste, and the channel."""
    weights = [wine.weight * _attraction(customer.taste, wine) ** 1.5 for wine in RANGES]
    favourites: dict[str, tuple[Range, int]] = {}
    wanted = random.randint(2, 4)
    while len(favourites) < wanted:
        wine = random.choices(RANGES, weights)[0]
        favourites.setdefault(wine.code, (wine, random.choice((1, 1, 2, 3))))
    return Habit(
        customer=customer,
        favourites=tuple(favourites.values()),
        web=random.random() < 0.25,
    )


def _attraction(taste: str, wine: Range) -> float:
    drawn = _TASTES[taste]
    return drawn.get(wine.sweetness if wine.family == "Blanc" else wine.family, _SELDOM)


def _season(wine: Range, month: int) -> float:
    return _SEASONS[wine.family][month - 1] if wine.family in _SEASONS else 1.0


def fill_basket(random: Random, shop: Shop, habit: Habit, day: date, visit: int) -> list[Pick]:
    """Return what the customer buys on the visit number `visit`, each article once."""
    wines = [
        wine
        for wine, every in habit.favourites
        if visit % every == 0 and random.random() < 0.8 * min(1.0, 0.4 + _season(wine, day.month))
    ]
    wines += _explore(random, habit.customer.taste, day.month, random.choice((0, 0, 1, 1, 2)))
    picks: dict[str, Pick] = {}
    for wine in wines or [habit.favourites[0][0]]:
        pick = _pick(random, shop, wine, day, trade=habit.customer.trade)
        if pick is not None:
            picks.setdefault(pick.article.product_key, pick)
    return list(picks.values())


def _explore(random: Random, taste: str, month: int, count: int) -> list[Range]:
    weights = [w.weight * _attraction(taste, w) * _season(w, month) for w in RANGES]
    return random.choices(RANGES, weights, k=count) if count else []


def passer_by_basket(random: Random, shop: Shop, day: date) -> list[Pick]:
    """Return the basket of somebody whose name the till does not know."""
    picks: dict[str, Pick] = {}
    for wine in _explore(random, "mixed", day.month, random.choice((1, 1, 1, 2, 3))):
        pick = _pick(random, shop, wine, day, trade=False)
        if pick is not None:
            picks.setdefault(pick.article.product_key, pick)
    return list(picks.values())


def gift_basket(random: Random, shop: Shop, habit: Habit, day: date) -> list[Pick]:
    """Return Christmas gifts: one to three wines of families the customer does not favour."""
    own = {wine.family for wine, _ in habit.favourites}
    others = [family for family in _GIFT_FAMILIES if family not in own] or ["Spiritueux"]
    wines = [wine for wine in RANGES if wine.family in others and wine.price > 100]
    chosen = random.choices(wines, [wine.weight for wine in wines], k=random.randint(1, 3))
    articles = {wine.code: shop.article(wine, day) for wine in chosen}
    return [
        Pick(article=article, quantity=random.choice((1, 1, 2, 3)), gift=True)
        for article in articles.values()
        if article is not None
    ]


def _pick(random: Random, shop: Shop, wine: Range, day: date, *, trade: bool) -> Pick | None:
    bottle = shop.article(wine, day)
    if bottle is None:
        return None
    bottles = _bottles(random, bottle, trade=trade)
    case = shop.article(wine, day, CASE)
    if case is not None and bottles >= BOTTLES_PER_CASE and (trade or random.random() < 0.4):
        return Pick(article=case, quantity=bottles // BOTTLES_PER_CASE)
    rare = [form for form in wine.formats if form != CASE]
    if rare and random.random() < 0.1:
        other = shop.article(wine, day, random.choice(rare))
        if other is not None:
            return Pick(article=other, quantity=random.choice((1, 1, 2)))
    return Pick(article=bottle, quantity=bottles)


def _bottles(random: Random, article: Article, *, trade: bool) -> int:
    if trade:
        return random.choice(
            (6, 12, 12, 12, 18, 18, 24, 24, 36, 120) if article.price < _PRECIOUS else (3, 6)
        )
    if article.price >= _PRECIOUS:
        return random.choice((1, 1, 1, 2))
    return random.choices((1, 2, 3, 6, 12), (26, 26, 16, 26, 6))[0]
