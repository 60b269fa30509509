"""Seeded worlds in which every rule fails for some customers and passes narrowly for others."""

from datetime import timedelta
from random import Random

from tests.unit.audit.world import AS_OF, World, days_ago

FAMILIES = ["Rouge", "Rouge", "Rouge", "Blanc", "Rosé", None]
SWEETNESS = ["sec", "moelleux", None]
SCENARIOS = ["rebuy", "cross_sell", "upsell", "winback", "nurture"]
STATUSES = [
    *("sent", "delivered", "open", "click", "dry_run"),
    *("soft_bounce", "soft_bounce", "soft_bounce", "hard_bounce", "unsubscribe", "complaint"),
]
CHANNELS = [None, "email", "E-mail", "mail", "SMS", "téléphone", " "]
THREE_YEARS = (AS_OF - AS_OF.replace(year=AS_OF.year - 3)).days
LONG_AGO = [THREE_YEARS - 1, THREE_YEARS, THREE_YEARS + 1, 2000]
DAYS = [-3, -1, 0, 1, 13, 14, 15, 29, 30, 31, 200]
ODD_ADDRESSES = [None, "a b{}@c", "zoé{}@exemple.fr", "cave{}@cave.local"]
PRODUCTS = 24
NO_PRODUCTS = ("INCONNU", "FRAIS-PORT", "ANCIEN")  # ANCIEN is the vintage before one of the others


def generate(seed: int, customers: int, items: int) -> World:
    """Return a world of `customers` with lists (or pools) of up to `items` entries."""
    draw = Random(seed)
    world = World()
    for number in range(PRODUCTS):
        _add_product(world, draw, number)
    for number in range(customers):
        _add_customer(world, draw, number, items)
    for _ in range(customers // 10):
        world.bought(None, _any_product(draw), draw.choice(DAYS))  # an anonymous ticket
    return world


def _add_product(world: World, draw: Random, number: int) -> None:
    earlier = f"P{draw.randrange(number):02d}" if number and draw.random() < 0.25 else None
    world.product(
        f"P{number:02d}",
        family=draw.choice(FAMILIES),
        sweetness=draw.choice(SWEETNESS),
        price_cents=draw.choice([None, 800, 1000, 1000, 1200, 3000]),
        volume_ml=draw.choice([None, 750, 1500, 375]),
        units_per_pack=draw.choice([None, 1, 6]),
        replaces="ANCIEN" if number == PRODUCTS - 1 else earlier,
        stock_quantity=draw.choice([None, None, 0, -1, 1, 40]),
        is_active=draw.choice([None, True, True, True, False]),
        is_recommendable=draw.choice([None, True, True, True, False]),
    )


def _add_customer(world: World, draw: Random, number: int, items: int) -> None:
    code = f"C{number:05d}"
    household = f" Foyer{number // 8}@Exemple.fr"
    odd = draw.choice(ODD_ADDRESSES)
    address = draw.choice(["", "", "", household, household, odd and odd.format(number)])
    world.customer(
        code,
        address,
        email_opt_out=draw.choice([None, False] * 20 + [True]),
        created_at=_some_day(draw),
        **_consent(draw),
    )
    for _ in range(draw.choice([0, 0, 1, 3, 8])):
        _add_purchase(world, draw, code)
    for _ in range(draw.choice([0, 0, 0, 1, 2, 5, 9])):
        _add_contact(world, draw, code)
    if draw.random() < 0.3:
        _add_messages(world, draw, code)
    if draw.random() < 0.05:
        _add_suppression(world, draw, code)
    for _ in range(draw.choice([0, 0, 1])):
        product, day = _any_product(draw), days_ago(draw.choice(DAYS))
        world.sent_items.append({"customer": code, "product_key": product, "sent_on": day})
    for _ in range(draw.randrange(items + 1)):
        world.item(code, _any_product(draw), draw.choice(SCENARIOS))


def _some_day(draw: Random) -> object:
    days = draw.choice([None, *DAYS, *LONG_AGO, *LONG_AGO])
    return None if days is None else AS_OF - timedelta(days=days)


def _consent(draw: Random) -> dict[str, object]:
    day = _some_day(draw) if draw.random() < 0.5 else None
    return {"consent_date": day, "consent_source": draw.choice([None, "", " ", "caveau", "salon"])}


def _add_purchase(world: World, draw: Random, code: str) -> None:
    """Add a sale and often its return: of the same document or another, whole or in part."""
    product, days = _any_product(draw), draw.choice([*DAYS, *DAYS, 60, 90, *LONG_AGO])
    bottles = draw.choice([1, 2, 3, 6])
    cents = draw.choice([0, *(bottles * price for price in (900, 1000, 1000, 1100)), 1000])
    document = draw.choice(["", f"D-{code}"])
    status = draw.choice(["valid"] * 9 + ["cancelled"])
    gift = draw.random() < 0.1
    world.bought(
        code, product, days,
        bottles=bottles, cents=cents, document=document, gift=gift, status=status,
    )  # fmt: skip
    if draw.random() < 0.3:
        back, later = draw.choice([1, bottles, bottles + 1]), draw.choice([0, 0, 1, 20])
        other = draw.choice([document, document, f"R-{code}"])
        world.bought(code, product, days - later, bottles=-back, cents=-cents, document=other)


def _add_contact(world: World, draw: Random, code: str) -> None:
    own = world.customers[-1]["email_norm"]
    who, mail = draw.choice(
        [(code, None), (code, own), (None, own), (code, "ancien@exemple.fr"), ("PARTI", own)]
    )
    status, days = draw.choice(STATUSES), draw.choice([*DAYS, 50, 51, 52, *LONG_AGO])
    if status in ("hard_bounce", "unsubscribe", "complaint") and draw.random() < 0.8:
        status = "soft_bounce"
    fields = {
        "channel": draw.choice(CHANNELS),
        "campaign": draw.choice([None, None, "noël", "pâques"]),
    }
    for _ in range(draw.choice([1, 1, 1, 2])):
        world.contact(who, status, days, mail, **fields)


def _add_messages(world: World, draw: Random, code: str) -> None:
    """Add about as many messages as the cap allows, about as far back as it reaches."""
    for number in range(draw.choice([3, 4, 5])):
        days = draw.choice([20, 30, 40, 89, 89, 90])
        campaign = draw.choice([None, f"lettre {number}", f"lettre {number}"])
        for status in draw.choice([["sent"], ["sent", "delivered"], ["sent", "open"], ["dry_run"]]):
            world.contact(code, status, days, campaign=campaign, channel=draw.choice(CHANNELS[:4]))


def _add_suppression(world: World, draw: Random, code: str) -> None:
    mail = draw.choice([None, world.customers[-1]["email_norm"], "parti@exemple.fr"])
    reason = draw.choice(["opt_out", "hard_bounce", "soft_bounces", "de vive voix"])
    who = draw.choice([None, code]) if mail else code
    world.suppressions.append({"customer": who, "email_norm": mail, "reason": reason})


def _any_product(draw: Random) -> str:
    if draw.random() < 0.04:
        return draw.choice(NO_PRODUCTS)
    return f"P{draw.randrange(PRODUCTS):02d}"
