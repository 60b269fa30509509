"""The audit in plain Python, row by row, written from PRODUCT.md and docs/audit.md alone.

It reads the rows of a `World`, never the fact tables, and shares no code with `core.audit`.
"""

from collections import Counter, defaultdict
from datetime import timedelta
from fractions import Fraction

import email_validator

from tests.unit.audit.world import World, net_lines

ERROR, WARN = "ERROR", "WARN"
SEVERITIES = {  # in the order of `reason`
    "MISSING_EMAIL": ERROR,
    "OPTOUT_OR_BOUNCE": ERROR,
    "SILENCE_WINDOW": ERROR,
    "RECENT_DUPLICATE": ERROR,
    "UPSELL_NOT_HIGHER": ERROR,
    "CROSS_SELL_NOT_NEW": WARN,
    "LOW_DIVERSITY": WARN,
    "SUGAR_MISMATCH": WARN,
}
EXTRA = {
    "OUT_OF_STOCK": ERROR,
    "NO_CONSENT": ERROR,
    "FREQUENCY_CAP": ERROR,
    "TOO_FEW_ITEMS": WARN,
    "STALE_PROSPECT": ERROR,
    "NOT_IN_CATALOGUE": ERROR,
}
ORDER = [*SEVERITIES, *EXTRA]
MAIL = ("", "email", "e-mail", "mail", "courriel")
ARRIVED = ("delivered", "open", "click")


class Oracle:
    """Judges customers and items of one world, one at a time; by all rules, or the eight."""

    def __init__(self, world, *, extra=False):
        self.world, self.as_of = world, world.as_of
        self.severities = SEVERITIES | (EXTRA if extra else {})
        self.people = {row["customer"]: row for row in world.customers}
        self.households = by(world.customers, lambda row: row["email_norm"])
        self.products = {row["product_key"]: row for row in world.products}
        self.chains = chains_of(world.products)
        self.purchases = by(net_lines(world), lambda line: line["customer"])
        self.lines = by(world.sale_lines, lambda line: line["customer"])
        self.sent = by(world.sent_items, lambda row: row["customer"])
        self.contacts = self.reaching(world.contacts)
        self.suppressions = self.reaching(world.suppressions)

    def reaching(self, events):
        """Return a function from a customer's row to the events of the person or the address."""
        by_person = by(enumerate(events), lambda pair: pair[1].get("customer"))
        by_address = by(enumerate(events), lambda pair: self.address_of(pair[1]))

        def reach(row):
            here = by_address[row["email_norm"]] if row["email_norm"] else []
            return list(dict(by_person[row["customer"]] + here).values())

        return reach

    def address_of(self, event):
        """Return the address an event names, else the present one of the person it names."""
        own = self.people.get(event.get("customer"), {})
        return event.get("email_norm") or own.get("email_norm")

    def issues(self, lists):
        """Return the set of (customer, severity, rule, product or None) for `lists` by customer."""
        return {
            (customer, self.severities[rule], rule, product)
            for customer, row in self.people.items()
            for rule, product in self.judged(row, lists.get(customer, []))
            if rule in self.severities
        }

    def judged(self, row, items):
        """Yield (rule, product or None) of one customer; SUGAR_MISMATCH of the first rank alone."""
        yield from ((rule, None) for rule in self.customer_rules(row))
        yield from ((rule, None) for rule in self.list_rules(items))
        is_said = False
        for index, (product, _) in enumerate(items):
            for rule in self.item_rules(row["customer"], items, index):
                if rule != "SUGAR_MISMATCH" or not is_said:
                    yield rule, product
                is_said |= rule == "SUGAR_MISMATCH"

    def verdict(self, issues, items):
        """Return (eligible, reason, scenario, score) of one customer's `issues` and list."""
        errors = [rule for _, severity, rule, _ in issues if severity == ERROR]
        warnings = sum(severity == WARN for _, severity, *_ in issues)
        score = max(0, 100 - 40 * len(errors) - 10 * warnings)
        if errors:
            reason = min(errors, key=ORDER.index)
        elif not items:
            reason = "NO_RECOMMENDATION"
        else:
            reason = "OK" if score >= 80 else "SCORE_BELOW_80"
        return reason == "OK", reason, items[0][1] if items else "", score

    # The customer

    def customer_rules(self, row):
        if not row["email_norm"] or not well_formed(row["email_norm"]):
            yield "MISSING_EMAIL"
        if self.suppressed(row):
            yield "OPTOUT_OR_BOUNCE"
        if self.messages(row, days=14):
            yield "SILENCE_WINDOW"
        if len(self.messages(row, days=90)) >= 4:
            yield "FREQUENCY_CAP"
        if not self.consented(row):
            yield "NO_CONSENT"
        if not self.acted_lately(row):
            yield "STALE_PROSPECT"

    def messages(self, row, days):
        """Return the e-mails of the last `days`: rows of one mailbox, day and campaign are one."""
        return {
            (
                self.address_of(event) or ("person", event["customer"]),
                event["contact_date"],
                event.get("campaign") or "",
            )
            for event in self.contacts(row)
            if event["status"] in ("sent", "delivered")
            and (event.get("channel") or "").strip().lower() in MAIL
            and self.as_of - timedelta(days=days) < event["contact_date"] <= self.as_of
        }

    def consented(self, row):
        day, source = row.get("consent_date"), row.get("consent_source")
        if day is None:
            return bool((source or "").strip())
        return day <= self.as_of

    def acted_lately(self, row):
        """Tell whether anything the person did lies within three years: no if nothing is known."""
        days = [row.get("created_at"), row.get("consent_date")]
        days += [
            line["sale_date"]
            for line in self.lines[row["customer"]]
            if line["document_status"] != "cancelled"
        ]
        days += [
            event["contact_date"]
            for event in self.contacts(row)
            if event["status"] == "click" and event["customer"] in (None, row["customer"])
        ]
        long_ago = self.as_of.replace(year=self.as_of.year - 3)
        return any(day and long_ago < day <= self.as_of for day in days)

    def suppressed(self, row):
        household = self.households[row["email_norm"]] if row["email_norm"] else [row]
        if any(other.get("email_opt_out") for other in household):
            return True
        for event in self.suppressions(row):
            is_bounce = event.get("reason") in ("hard_bounce", "soft_bounces")
            if not is_bounce or self.hits_mailbox(event, row):
                return True
        for event in self.contacts(row):
            if event["status"] in ("unsubscribe", "complaint"):
                return True
            if event["status"] == "hard_bounce" and self.hits_mailbox(event, row):
                return True
        return self.three_soft_bounces(row)

    def hits_mailbox(self, event, row):
        """Tell whether a bounce is of the present address, or of the person where none is known."""
        return self.address_of(event) in (None, row["email_norm"])

    def three_soft_bounces(self, row):
        events = []
        for event in self.contacts(row):
            if self.hits_mailbox(event, row) and event not in events:
                events.append(event)
        bounces = sorted(e["contact_date"] for e in events if e["status"] == "soft_bounce")
        good = [e["contact_date"] for e in events if e["status"] in ARRIVED]
        return any(
            not any(first < day < third for day in good)
            for first, third in zip(bounces, bounces[2:], strict=False)
        )

    # The list

    def list_rules(self, items):
        families = [self.products.get(product, {}).get("family") for product, _ in items]
        most = max(Counter(filter(None, families)).values(), default=1)
        if len(items) >= 3 and Fraction(most, len(items)) > Fraction(70, 100):
            yield "LOW_DIVERSITY"
        if 0 < len(items) < 3:
            yield "TOO_FEW_ITEMS"

    def item_rules(self, customer, items, index):
        product, scenario = items[index]
        if self.recent_duplicate(customer, items, index):
            yield "RECENT_DUPLICATE"
        if scenario == "upsell" and not self.dearer(customer, product):
            yield "UPSELL_NOT_HIGHER"
        if scenario == "cross_sell" and any(
            self.chain(line["product_key"]) == self.chain(product)
            for line in self.purchases[customer]
        ):
            yield "CROSS_SELL_NOT_NEW"
        if self.sugar_mismatch(customer, product):
            yield "SUGAR_MISMATCH"
        row = self.products.get(product)
        if row is None or row.get("is_recommendable") is False:
            yield "NOT_IN_CATALOGUE"
        stock = (row or {}).get("stock_quantity")
        if (row or {}).get("is_active") is False or (stock is not None and stock <= 0):
            yield "OUT_OF_STOCK"

    def recent_duplicate(self, customer, items, index):
        chain = self.chain(items[index][0])
        dated = [(row["product_key"], row["sale_date"]) for row in self.purchases[customer]]
        dated += [(row["product_key"], row["sent_on"]) for row in self.sent[customer]]
        return any(self.chain(product) == chain for product, _ in items[:index]) or any(
            self.chain(product) == chain and self.as_of - timedelta(days=30) < day <= self.as_of
            for product, day in dated
        )

    def dearer(self, customer, product):
        """Compare prices per 75 cl in whole cents."""
        row = self.products.get(product, {})
        family, price = row.get("family"), row.get("price_cents")
        paid = [
            line
            for line in self.in_family(customer, family)
            if not line["is_gift"] and line["amount_cents"] > 0
        ]
        if not price or not paid:
            return False
        usual = Fraction(sum(line["amount_cents"] for line in paid)) / sum(
            self.bottles(line) for line in paid
        )
        return half_up(price / self.size(row)) > half_up(usual)

    def sugar_mismatch(self, customer, product):
        row = self.products.get(product, {})
        sweetness = row.get("sweetness")
        known = [
            (self.products[line["product_key"]]["sweetness"], self.bottles(line))
            for line in self.in_family(customer, row.get("family"))
            if self.products[line["product_key"]].get("sweetness")
        ]
        if not sweetness or not known:
            return False
        alike = sum(bottles for taste, bottles in known if taste == sweetness)
        return Fraction(alike) / sum(bottles for _, bottles in known) < Fraction(20, 100)

    def in_family(self, customer, family):
        return [
            line
            for line in self.purchases[customer]
            if family and self.products.get(line["product_key"], {}).get("family") == family
        ]

    def chain(self, product):
        return self.chains.get(product, product)

    def size(self, row):
        """Return the 75-cl equivalents of one pack."""
        return Fraction((row.get("volume_ml") or 750) * (row.get("units_per_pack") or 1), 750)

    def bottles(self, line):
        size = self.size(self.products[line["product_key"]])
        return Fraction(line["quantity_milli"], 1000) * size

    # The repair

    def repaired(self, customer, pool, top_n):
        """Return the list after repair: `pool` holds a (product, scenario) per candidate."""
        struck = self.failing(customer, pool, list(range(len(pool)))[:top_n])
        current = range(top_n)
        bad = {i for i in range(len(pool)) if self.fails(customer, [pool[i]], 0)}
        if struck:
            struck |= bad
            current = self.fill(customer, pool, struck, top_n, top_n)
        current = [pool[i] for i in current if i < len(pool)]
        if "LOW_DIVERSITY" not in self.list_rules(current):
            return current
        swapped = self.fill(customer, pool, struck | bad, top_n, top_n * 70 // 100)
        swapped = [pool[i] for i in swapped]
        is_mended = "LOW_DIVERSITY" not in self.list_rules(swapped)
        return swapped if is_mended and len(swapped) == len(current) else current

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
        return {i for n, i in enumerate(chosen) if self.fails(customer, items, n)}

    def fails(self, customer, items, index):
        return any(rule in self.severities for rule in self.item_rules(customer, items, index))


def by(rows, key_of):
    """Return the rows by key, none for an unknown key."""
    found = defaultdict(list)
    for row in rows:
        found[key_of(row)].append(row)
    return found


def chains_of(products):
    """Return one name for all vintages that `replaces` ties together, by product key."""
    names = {}
    for row in products:
        key, earlier = row["product_key"], row.get("replaces")
        mine = names.setdefault(key, {key})
        if earlier:
            joined = mine | names.get(earlier, {earlier})
            names.update(dict.fromkeys(joined, joined))
    return {key: min(tied) for key, tied in names.items()}


def well_formed(address):
    try:
        email_validator.validate_email(address, check_deliverability=False)
    except email_validator.EmailNotValidError:
        return False
    return True


def half_up(amount):
    return int(Fraction(amount) + Fraction(1, 2))


def lists_of(world: World):
    """Return `world.listed` as [(product, scenario), …] by customer, in order."""
    lists = {}
    for row in world.listed:
        lists.setdefault(row["customer"], []).append((row["product_key"], row["scenario"]))
    return lists
