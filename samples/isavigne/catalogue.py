"""The catalogue: every vintage and format of every range, and the articles that are no wine."""

from dataclasses import dataclass, replace
from datetime import date

from core.contracts import AROMA_FIELDS
from samples.isavigne.ranges import RANGES, Range

HALF, MAGNUM, CASE = "H", "M", "C"
SHIPPING, GIFT_CARD, DEPOSIT = "PORT", "CARTE-CADEAU", "CONSIGNE"
BOTTLES_PER_CASE = 6
_FORMAT_NAMES = {
    "": "",
    HALF: " demi-bouteille",
    MAGNUM: " magnum",
    CASE: " carton de 6",
}
_VOLUMES_CL = {"": "75", HALF: "37.5", MAGNUM: "150", CASE: "75"}
_EXTRA_WEIGHT = {"": 1.0, HALF: 0.35, MAGNUM: 0.25, CASE: 0.5}
_ENDED = {"CHN", "JUR"}  # last vintage sold out, nothing follows
_KEPT_LONGER = {"Terroir", "Grand Cru"}
_STOCK_UNKNOWN = {"DIE", "FRA"}
_NOT_BEFORE = date(2000, 1, 1)
_NOT_AFTER = date(2100, 1, 1)
_PRICE_BANDS = (
    (100, "moins de 10 €"),
    (150, "10 à 15 €"),
    (250, "15 à 25 €"),
    (10_000, "25 € et plus"),
)
_PROSE = {
    "Blanc": "Vin blanc",
    "Rouge": "Vin rouge",
    "Rosé": "Vin rosé",
    "Bulles": "Vin effervescent",
    "Spiritueux": "Spiritueux",
}


@dataclass(frozen=True, kw_only=True)
class Article:
    """One article of the catalogue; `price` is tenths of a euro, tax included.

    It is sold from `sold_from` to the day before `sold_until`; `ending` marks a vintage that
    was sold out before the sample's end.
    """

    product_key: str
    name: str
    price: int
    margin: str
    stock: str
    range: Range | None = None
    format: str = ""
    vintage: int | None = None
    replaces: str = ""
    sold_from: date = _NOT_BEFORE
    sold_until: date = _NOT_AFTER
    recommendable: bool = True
    active: bool = True
    weight: float = 0.0


def build_catalogue() -> tuple[Article, ...]:
    """Return every article: wines by range, vintage and format, then services."""
    wines = [article for wine in RANGES for article in _articles_of(wine)]
    return (*wines, *_services())


def _articles_of(wine: Range) -> list[Article]:
    bottles = _bottles(wine)
    extras = [
        _in_format(article, form)
        for form in wine.formats
        for article in (bottles[-2:] if form == CASE else bottles[-1:])
    ]
    known = {article.product_key for article in extras}
    return bottles + [a if a.replaces in known else replace(a, replaces="") for a in extras]


def _bottles(wine: Range) -> list[Article]:
    count = len(wine.vintages)
    return [_bottle(wine, position, count) for position in range(count)]


def _bottle(wine: Range, position: int, count: int) -> Article:
    vintage = wine.vintages[position]
    age = count - 1 - position
    ended = age > 0 or wine.code in _ENDED
    return Article(
        product_key=_key(wine, vintage),
        name=wine.name if vintage is None else f"{wine.name} {vintage}",
        price=wine.price - 3 * age,
        margin=f"{0.30 + 0.01 * ((wine.price + position) % 21):.2f}",
        stock=_stock(wine, ended=ended),
        range=wine,
        vintage=vintage,
        replaces=_key(wine, wine.vintages[position - 1]) if position else "",
        sold_from=_change_of_vintage(wine, age + 1) if position else _first_day(vintage),
        sold_until=_change_of_vintage(wine, age) if ended else _NOT_AFTER,
        active=not (ended and age > 1),
        weight=wine.weight,
    )


def _change_of_vintage(wine: Range, age: int) -> date:
    """Return the day on which the vintage `age` places before the newest one was sold out."""
    turn = sum(wine.code.encode()) % 3
    if age == 0:
        return date(2026, 8, 1 + turn * 9)
    late = wine.vintages[-1] == 2025 or wine.sub_family in _KEPT_LONGER
    return date(2026 - age + late, 3 + turn, 1 + turn * 9)


def _first_day(vintage: int | None) -> date:
    return _NOT_BEFORE if vintage is None else date(vintage + 1, 3, 1)


def _stock(wine: Range, *, ended: bool) -> str:
    if ended:
        return "0"
    return "" if wine.code in _STOCK_UNKNOWN else str(40 + (wine.price * 37) % 560)


def _key(wine: Range, vintage: int | None) -> str:
    return wine.code if vintage is None else f"{wine.code}-{vintage}"


def _in_format(bottle: Article, form: str) -> Article:
    """Return the half bottle, magnum or case of `bottle`, priced by the usual surcharge."""
    price = {
        HALF: bottle.price * 11 // 20,
        MAGNUM: bottle.price * 43 // 20,
        CASE: bottle.price * BOTTLES_PER_CASE * 19 // 20,
    }[form]
    return replace(
        bottle,
        product_key=f"{bottle.product_key}-{form}",
        name=f"{bottle.name}{_FORMAT_NAMES[form]}",
        price=price,
        format=form,
        replaces=f"{bottle.replaces}-{form}" if bottle.replaces else "",
        weight=bottle.weight * _EXTRA_WEIGHT[form],
    )


def _services() -> list[Article]:
    listed = (
        (SHIPPING, "Frais de port", 99),
        ("PORT-EXP", "Frais de port express", 149),
        (GIFT_CARD, "Carte cadeau", 500),
        (DEPOSIT, "Consigne fût et verres", 50),
        ("COFFRET", "Coffret bois vide", 60),
    )
    return [
        Article(product_key=key, name=name, price=price, margin="0", stock="", recommendable=False)
        for key, name, price in listed
    ]


def _yes(value: bool) -> str:
    return "1" if value else "0"


def _price_band(price: int) -> str:
    return next(band for limit, band in _PRICE_BANDS if price < limit)


def _tier(wine: Range) -> str:
    if wine.price < 100:
        return "entrée"
    if wine.price < 160:
        return "coeur"
    return "premium" if wine.price < 260 else "prestige"


def _describe(wine: Range) -> str:
    notes = dict(zip(("fruit", "fleurs", "épices", "minéral"), wine.aromas[:4], strict=True))
    leading = [note for note, strength in notes.items() if strength >= 3] or ["équilibre"]
    of = "d'" if wine.region == "Alsace" else "de "
    grape = f", cépage {wine.grape}" if wine.grape else ""
    return f"{_PROSE[wine.family]} {of}{wine.region}{grape} ; dominante : {', '.join(leading)}."


def product_record(article: Article) -> dict[str, str]:
    """Return `article` as the cells of products.csv, by contract name."""
    record = {
        "product_key": article.product_key,
        "name": article.name,
        "price_ttc": money(article.price * 10),
        "margin": article.margin,
        "vintage": str(article.vintage or ""),
        "replaces": article.replaces,
        "stock_quantity": article.stock,
        "is_active": _yes(article.active),
        "is_recommendable": _yes(article.recommendable),
    }
    return record | (_wine_cells(article, article.range) if article.range else {})


def _wine_cells(article: Article, wine: Range) -> dict[str, str]:
    return {
        "family_crm": wine.family,
        "sub_family": wine.sub_family,
        "cepage": wine.grape,
        "sucrosite_niveau": wine.sweetness,
        "premium_tier": _tier(wine),
        "price_band": _price_band(wine.price),
        "volume_cl": "70" if wine.family == "Spiritueux" else _VOLUMES_CL[article.format],
        "units_per_pack": str(BOTTLES_PER_CASE if article.format == CASE else 1),
        "season_tags": wine.seasons,
        "global_popularity_score": f"{article.weight * 10:.1f}",
        "description": _describe(wine),
        **{field: f"{note:.1f}" for field, note in zip(AROMA_FIELDS, wine.aromas, strict=True)},
    }


def money(cents: int) -> str:
    """Return integer cents as a decimal text with a point: 1250 -> '12.50'."""
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"
