"""What is known of one customer, marked by item and family while she is worked on."""

from core.compiled import njit
from core.reco.shapes import BASIS_POINTS


@njit(cache=True, nogil=True)
def mark_customer(customer, low, high, item, day, amount, known, people, shelf, rules, p):  # type: ignore[no-untyped-def]
    """Mark what is known or recent, the tastes by amount and recency, and the prices paid."""
    p_known = p.known
    p_family_taste = p.family_taste
    p_sweet_taste = p.sweet_taste
    p_paid_in = p.paid_in
    p_step_from = p.step_from
    p_step_to = p.step_to
    p_is_usual = p.is_usual
    known_interest = known.interest
    people_known_offsets = people.known_offsets
    people_known_item = people.known_item
    people_is_recent = people.is_recent
    people_paid_offsets = people.paid_offsets
    people_paid_family = people.paid_family
    people_paid_price = people.paid_price
    shelf_family = shelf.family
    shelf_sweetness = shelf.sweetness
    rules_today = rules.today
    rules_least_step = rules.least_step
    rules_greatest_step = rules.greatest_step
    for row in range(people_known_offsets[customer], people_known_offsets[customer + 1]):
        name = people_known_item[row]
        p_known[name] = max(p_known[name], 2 if people_is_recent[row] else 1)
    for row in range(low, high):
        name = item[row]
        family, kind = shelf_family[name], shelf_sweetness[name]
        if family >= 0 and amount[row] > 0:
            age = min(max(rules_today - day[row], 0), len(known_interest) - 1)
            weight = amount[row] * known_interest[age]
            p_family_taste[family] += weight
            if kind >= 0:
                p_sweet_taste[family, kind] += weight
    for row in range(people_paid_offsets[customer], people_paid_offsets[customer + 1]):
        family, paid = people_paid_family[row], people_paid_price[row]
        p_paid_in[family] = paid
        if paid > 0:
            least, most = BASIS_POINTS + rules_least_step, BASIS_POINTS + rules_greatest_step
            step_from = (paid * least + BASIS_POINTS - 1) // BASIS_POINTS
            p_step_from[family] = max(step_from, paid + 1)
            p_step_to[family] = paid * most // BASIS_POINTS
        p_is_usual[family, :] = True
    _mark_sweetness(customer, people, rules, p)


@njit(cache=True, nogil=True)
def _mark_sweetness(customer, people, rules, p):  # type: ignore[no-untyped-def]
    """Mark which sweetness of a family is usual or odd; where none is known, any is usual."""
    p_is_odd = p.is_odd
    p_is_usual = p.is_usual
    people_sweet_offsets = people.sweet_offsets
    people_sweet_family = people.sweet_family
    people_sweet_volume = people.sweet_volume
    people_sweet_kind = people.sweet_kind
    rules_sweetness_share = rules.sweetness_share
    row, last = people_sweet_offsets[customer], people_sweet_offsets[customer + 1]
    while row < last:
        family, total, first = people_sweet_family[row], 0, row
        while row < last and people_sweet_family[row] == family:
            total += people_sweet_volume[row]
            row += 1
        if total == 0:
            continue
        unknown = p_is_odd.shape[1] - 1
        p_is_usual[family, :] = False
        p_is_odd[family, :unknown] = rules_sweetness_share > 0
        # total x share / BASIS_POINTS, rounded up; the product itself might not fit int64.
        full, rest = divmod(total, BASIS_POINTS)
        least = full * rules_sweetness_share
        least += (rest * rules_sweetness_share + BASIS_POINTS - 1) // BASIS_POINTS
        for one in range(first, row):
            usual = people_sweet_volume[one] >= least
            p_is_usual[family, people_sweet_kind[one]] = usual
            p_is_odd[family, people_sweet_kind[one]] = not usual


@njit(cache=True, nogil=True)
def clear_customer(n, customer, low, high, item, people, shelf, p):  # type: ignore[no-untyped-def]
    """Take the marks and those of the proposals away."""
    p_known = p.known
    p_family_taste = p.family_taste
    p_sweet_taste = p.sweet_taste
    p_paid_in = p.paid_in
    p_step_from = p.step_from
    p_step_to = p.step_to
    p_is_usual = p.is_usual
    p_is_odd = p.is_odd
    p_proposed = p.proposed
    p_item = p.item
    people_known_offsets = people.known_offsets
    people_known_item = people.known_item
    people_paid_offsets = people.paid_offsets
    people_paid_family = people.paid_family
    shelf_family = shelf.family
    shelf_sweetness = shelf.sweetness
    for row in range(people_known_offsets[customer], people_known_offsets[customer + 1]):
        p_known[people_known_item[row]] = 0
    for row in range(low, high):
        family, kind = shelf_family[item[row]], shelf_sweetness[item[row]]
        if family >= 0:
            p_family_taste[family] = 0.0
            if kind >= 0:
                p_sweet_taste[family, kind] = 0.0
    for row in range(people_paid_offsets[customer], people_paid_offsets[customer + 1]):
        family = people_paid_family[row]
        p_paid_in[family] = p_step_from[family] = p_step_to[family] = 0
        p_is_usual[family, :] = False
        p_is_odd[family, :] = False
    for at in range(n):
        p_proposed[p_item[at]] = 0
