"""The audit in plain Python, row by row, written from PRODUCT.md's table alone.

It reads the rows of a `World`, never the fact tables, and shares no code with `core.audit`.
"""

from collections import Counter
from datetime import timedelta
from fractions import Fraction

import email_validator

from tests.unit.audit.world import AS_OF, World, net_lines

ERRORS = {
    "MISSING_EMAIL",
    "OPTOUT_OR_BOUNCE",
    "SILENCE_WINDOW",
    "RECENT_DUPLICATE",
    "UPSELL_NOT_HIGHER",
}
ORDER = [
    "MISSING_EMAIL",
    "OPTOUT_OR_BOUNCE",
    "SILENCE_WINDOW",
    "RECENT_DUPLICATE",
    "UPSELL_NOT_HIGHER",
    "CROSS_SELL_NOT_NEW",
    "LOW_DIVERSITY",
    "SUGAR_MISMATCH",
]
ITEM_RULES = ["RECENT_DUPLICATE", "UPSELL_NOT_HIGHER", "CROSS_SELL_NOT_NEW", "SUGAR_MISMATCH"]


class Oracle:
    """Judges customers and items of one world, one at a time."""

    def __init__(self, world):
        self.world = world
        self.addresses = {row["customer"]: row["email_norm"] for row in world.customers}
        self.products = {row["product_key"]: row for row in world.products}
        self.purchases = net_lines(world)

    def issues(self, lists):
        """Return the set of (customer, rule, product or None) for `lists` by customer."""
        found = set()
        for row in self.world.customers:
            customer = row["customer"]
            found |= {(customer, rule, None) for rule in self.customer_rules(row)}
            items = lists.get(customer, [])
            sugar = []
            for index, (product, _) in enumerate(items):
                for rule in self.item_rules(customer, items, index):
                    if rule == "SUGAR_MISMATCH":
                        sugar.append((customer, rule, product))
                    else:
                        found.add((customer, rule, product))
            found |= set(sugar[:1])
            if self.low_diversity(items):
                found.add((customer, "LOW_DIVERSITY", None))
        return found

    def verdict(self, customer, issues, items):
        """Return (eligible, reason, scenario, score)."""
        rules = [rule for who, rule, _ in issues if who == customer]
        errors = [rule for rule in rules if rule in ERRORS]
        score = max(0, 100 - 40 * len(errors) - 10 * (len(rules) - len(errors)))
        if errors:
            reason = min(errors, key=ORDER.index)
        elif not items:
            reason = "NO_RECOMMENDATION"
        else:
            reason = "OK" if score >= 80 else "SCORE_BELOW_80"
        return reason == "OK", reason, items[0][1] if items else "", score

    def customer_rules(self, row):
        customer, address = row["customer"], row["email_norm"]
        if not address or not self.well_formed(address):
            yield "MISSING_EMAIL"
        if self.suppressed(row):
            yield "OPTOUT_OR_BOUNCE"
        for contact in self.world.contacts:
            day = contact["contact_date"]
            if (
                contact["status"] in ("sent", "delivered")
                and (contact.get("channel") or "email").strip().lower()
                in ("", "email", "e-mail", "mail")
                and AS_OF - timedelta(days=14) < day <= AS_OF
                and (contact["customer"] == customer or self.at(contact, address))
            ):
                yield "SILENCE_WINDOW"
                break

    def well_formed(self, address):
        try:
            email_validator.validate_email(address, check_deliverability=False)
        except email_validator.EmailNotValidError:
            return False
        return True

    def address_of(self, event):
        return event["email_norm"] or self.addresses.get(event["customer"])

    def at(self, event, address):
        return address is not None and self.address_of(event) == address

    def suppressed(self, row):
        customer, address = row["customer"], row["email_norm"]
        for other in self.world.customers:
            same = other is row or (address and other["email_norm"] == address)
            if same and other.get("email_opt_out"):
                return True
        for event in self.world.suppressions:
            bounce = event["reason"] == "hard_bounce" and self.address_of(event)
            if self.at(event, address) or (event["customer"] == customer and not bounce):
                return True
        for event in self.world.contacts:
            mine, here = event["customer"] == customer, self.at(event, address)
            if event["status"] in ("unsubscribe", "complaint") and (mine or here):
                return True
            if event["status"] == "hard_bounce" and (here or (mine and not self.address_of(event))):
                return True
        return self.three_soft_bounces(customer, address)

    def three_soft_bounces(self, customer, address):
        events = []
        for event in self.world.contacts:
            nowhere = event["customer"] == customer and not self.address_of(event)
            if (self.at(event, address) or nowhere) and event not in events:
                events.append(event)
        bounces = sorted(e["contact_date"] for e in events if e["status"] == "soft_bounce")
        good = [e["contact_date"] for e in events if e["status"] in ("delivered", "open", "click")]
        return any(
            not any(first < day < third for day in good)
            for first, third in zip(bounces, bounces[2:], strict=False)
        )

    def item_rules(self, customer, items, index):
        product, scenario = items[index]
        if self.recent_duplicate(customer, items, index):
            yield "RECENT_DUPLICATE"
        if scenario == "upsell" and not self.dearer(customer, product):
            yield "UPSELL_NOT_HIGHER"
        if scenario == "cross_sell" and any(
            self.chain(line["product_key"]) == self.chain(product) for line in self.of(customer)
        ):
            yield "CROSS_SELL_NOT_NEW"
        if self.sugar_mismatch(customer, product):
            yield "SUGAR_MISMATCH"

    def recent_duplicate(self, customer, items, index):
        chain = self.chain(items[index][0])
        recent = [(row["product_key"], row["sale_date"]) for row in self.of(customer)]
        recent += [
            (row["product_key"], row["sent_on"])
            for row in self.world.sent_items
            if row["customer"] == customer
        ]
        return any(self.chain(product) == chain for product, _ in items[:index]) or any(
            self.chain(product) == chain and AS_OF - timedelta(days=30) < day <= AS_OF
            for product, day in recent
        )

    def dearer(self, customer, product):
        row = self.products.get(product, {})
        family, price = row.get("family"), row.get("price_cents")
        lines = [
            line
            for line in self.of(customer)
            if family
            and self.products[line["product_key"]].get("family") == family
            and not line["is_gift"]
            and line["amount_cents"] > 0
        ]
        if price is None or not lines:
            return False
        paid = Fraction(sum(line["amount_cents"] for line in lines)) / sum(
            self.bottles(line) for line in lines
        )
        return self.cents(price / self.size(row)) > self.cents(paid)

    def sugar_mismatch(self, customer, product):
        row = self.products.get(product, {})
        family, sweetness = row.get("family"), row.get("sweetness")
        known = [
            line
            for line in self.of(customer)
            if family
            and self.products[line["product_key"]].get("family") == family
            and self.products[line["product_key"]].get("sweetness")
        ]
        if not sweetness or not known:
            return False
        alike = [ln for ln in known if self.products[ln["product_key"]]["sweetness"] == sweetness]
        share = Fraction(sum(map(self.bottles, alike))) / sum(map(self.bottles, known))
        return share < Fraction(20, 100)

    def low_diversity(self, items):
        families = [self.products.get(product, {}).get("family") for product, _ in items]
        most = max(Counter(filter(None, families)).values(), default=1)
        return len(items) >= 3 and Fraction(most, len(items)) > Fraction(70, 100)

    def repaired(self, customer, pool, top_n):
        """Return the list after repair: `pool` holds a (product, scenario) per candidate."""
        struck = self.failing(customer, pool, list(range(len(pool)))[:top_n])
        current = range(top_n)
        bad = {i for i in range(len(pool)) if any(self.item_rules(customer, [pool[i]], 0))}
        if struck:
            struck |= bad
            current = self.fill(customer, pool, struck, top_n, top_n)
        current = [pool[i] for i in current if i < len(pool)]
        if not self.low_diversity(current):
            return current
        swapped = self.fill(customer, pool, struck | bad, top_n, top_n * 70 // 100)
        swapped = [pool[i] for i in swapped]
        mended = len(swapped) == len(current) and not self.low_diversity(swapped)
        return swapped if mended else current

    def fill(self, customer, pool, struck, top_n, cap):
        while True:
            chosen, families = [], Counter()
            for index, (product, _) in enumerate(pool):
                family = self.products.get(product, {}).get("family")
                if index in struck or len(chosen) == top_n or (family and families[family] >= cap):
                    continue
                chosen.append(index)
                families[family] += 1
            failing = self.failing(customer, pool, chosen)
            if not failing:
                return chosen
            struck |= failing

    def failing(self, customer, pool, chosen):
        items = [pool[i] for i in chosen]
        return {i for n, i in enumerate(chosen) if any(self.item_rules(customer, items, n))}

    def of(self, customer):
        return [line for line in self.purchases if line["customer"] == customer]

    def chain(self, product):
        while self.products.get(product, {}).get("replaces"):
            product = self.products[product]["replaces"]
        return product

    def size(self, row):
        """Return the 75-cl equivalents of one pack."""
        return Fraction((row.get("volume_ml") or 750) * (row.get("units_per_pack") or 1), 750)

    def bottles(self, line):
        return Fraction(line["quantity_milli"], 1000) * self.size(
            self.products[line["product_key"]]
        )

    def cents(self, amount):
        return int(Fraction(amount) + Fraction(1, 2))


def lists_of(world: World):
    """Return `world.listed` as [(product, scenario), …] by customer, in order."""
    lists = {}
    for row in world.listed:
        lists.setdefault(row["customer"], []).append((row["product_key"], row["scenario"]))
    return lists
