"""Seeded worlds in which every rule fails for some customers and passes narrowly for others."""

from random import Random

from tests.unit.audit.world import World, days_ago

FAMILIES = ["Rouge", "Rouge", "Rouge", "Blanc", "Rosé", None]
SWEETNESS = ["sec", "moelleux", None]
SCENARIOS = ["rebuy", "cross_sell", "upsell", "winback", "nurture"]
STATUSES = [
    *("sent", "delivered", "open", "click", "dry_run"),
    *("soft_bounce", "soft_bounce", "soft_bounce", "hard_bounce", "unsubscribe", "complaint"),
]
CHANNELS = [None, "email", "E-mail", "mail", "SMS", "téléphone", " "]
DAYS = [-3, -1, 0, 1, 13, 14, 15, 29, 30, 31, 200]


def generate(seed: int, customers: int, items: int) -> World:
    """Return a world of `customers` with lists (or pools) of up to `items` entries."""
    draw = Random(seed)
    world = World()
    for number in range(24):
        _add_product(world, draw, number)
    for number in range(customers):
        _add_customer(world, draw, f"C{number:04d}", items)
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
        replaces=earlier,
    )


def _add_customer(world: World, draw: Random, code: str, items: int) -> None:
    address = draw.choice(["", "", "", "", None, "couple@exemple.fr", "duo@exemple.fr", "a b@c"])
    if draw.random() < 0.6:
        address = ""
    world.customer(code, address, email_opt_out=draw.choice([None, False] * 20 + [True]))
    for _ in range(draw.choice([0, 0, 1, 3, 8])):
        _add_purchase(world, draw, code)
    for _ in range(draw.choice([0, 0, 0, 1, 2, 5])):
        _add_contact(world, draw, code)
    if draw.random() < 0.1:
        mail = draw.choice([None, world.customers[-1]["email_norm"], "parti@exemple.fr"])
        reason = draw.choice(["opt_out", "hard_bounce"])
        who = draw.choice([None, code]) if mail else code
        world.suppressions.append({"customer": who, "email_norm": mail, "reason": reason})
    for _ in range(draw.choice([0, 0, 1])):
        world.sent_items.append(
            {
                "customer": code,
                "product_key": _any_product(draw),
                "sent_on": days_ago(draw.choice(DAYS)),
            }
        )
    for _ in range(draw.randrange(items + 1)):
        product = _any_product(draw) if draw.random() < 0.97 else "INCONNU"
        world.item(code, product, draw.choice(SCENARIOS))


def _add_purchase(world: World, draw: Random, code: str) -> None:
    product, days = _any_product(draw), draw.choice([*DAYS, 60, 90, 400])
    bottles = draw.choice([1, 2, 6])
    cents = bottles * draw.choice([0, 900, 1000, 1000, 1100])
    world.bought(code, product, days, bottles=bottles, cents=cents, gift=draw.random() < 0.1)
    if draw.random() < 0.2:
        world.bought(code, product, days, bottles=-draw.choice([1, bottles]), cents=-cents)


def _add_contact(world: World, draw: Random, code: str) -> None:
    own = world.customers[-1]["email_norm"]
    who, mail = draw.choice([(code, None), (code, own), (None, own), (code, "ancien@exemple.fr")])
    status, days = draw.choice(STATUSES), draw.choice([*DAYS, 50, 51, 52])
    channel = draw.choice(CHANNELS)
    if status in ("hard_bounce", "unsubscribe", "complaint") and draw.random() < 0.7:
        status = "soft_bounce"
    for _ in range(draw.choice([1, 1, 1, 2])):
        world.contact(who, status, days, mail, channel=channel)


def _any_product(draw: Random) -> str:
    return f"P{draw.randrange(24):02d}"
