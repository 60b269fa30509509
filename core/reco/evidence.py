"""What stands behind each item of a list: her purchases of it, and those of hers that led to it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.compiled import njit
from core.reco.affinity import Knowledge
from core.reco.history import History
from core.reco.neighbours import Neighbours
from core.reco.shapes import People, Shelf
from core.reco.shards import joined, run_slices, slices_of_rows
from core.reco.tables import Int32Array
from core.reco.timing import chance_by_now, due_state, expected_log_gap

LED_BY = 3  # of her items, those that speak most for a new one
UNKNOWN = -1
NO_DAY = -(2**31)  # days before 1970 are below 0
NAMES = (
    "times", "purchase_days", "first_day", "last_day", "own_gap", "expected_gap", "stage",
    "bought_product", "neighbours", "together", "paid75",
)  # fmt: skip
ROWS_PER_SLICE = 100_000


def find_evidence(
    customer: Int32Array,
    item: Int32Array,
    ground: "NDArray[np.int8]",
    history: History,
    people: People,
    known: Knowledge,
    neighbours: list[Neighbours],
    shelf: Shelf,
    threads: int | None = None,
) -> dict[str, NDArray[Any]]:
    """Return the evidence of each row (customer, item, ground), rows in order of customer.

    `times` (baskets that hold it), `purchase_days`, `first_day`, `last_day`, `own_gap` (median days
    between purchase days) and `expected_gap` (days) of what she bought, `bought_product` the
    product she last bought of the chain; `neighbours` (rows, LED_BY) the products of hers that
    speak most for a new item, strongest first, and `together` the buyers of both of the strongest.
    `UNKNOWN` where there is none, `NO_DAY` of days.
    """
    together = np.stack([one.together for one in neighbours])

    def work(low: int, high: int) -> tuple[NDArray[Any], ...]:
        return _find_evidence(  # type: ignore[no-any-return]
            customer[low:high], item[low:high], ground[low:high],
            history.offsets, history.item, history.product, history.day,
            history.volume, people.population, people.last_day, people.paid75,
            people.paid_offsets, people.paid_family, people.paid_price, shelf.family,
            known, together, shelf.next_item, shelf.next_strength, shelf.next_together,
        )  # fmt: skip

    slices = slices_of_rows(len(customer), ROWS_PER_SLICE)
    found = joined(list(run_slices(work, slices, threads)))
    return dict(zip(NAMES, found, strict=True))


@njit(cache=True, nogil=True)
def _find_evidence(  # type: ignore[no-untyped-def]
    customers, items, grounds, offsets, item, product, day, volume, population,
    last_purchase, paid_overall, paid_offsets, paid_family, paid_price, family,
    known, together, next_item, next_strength, next_together,
):  # fmt: skip
    rows = len(customers)
    times, days = np.zeros(rows, np.int32), np.zeros(rows, np.int32)
    first_day, last_day = np.full(rows, NO_DAY, np.int32), np.full(rows, NO_DAY, np.int32)
    own_gap, expected_gap = np.full(rows, -1.0), np.full(rows, -1.0)
    bought = np.full(rows, UNKNOWN, np.int32)
    led_by = np.full((rows, LED_BY), UNKNOWN, np.int32)
    buyers = np.full(rows, UNKNOWN, np.int32)
    stage, paid = np.full(rows, UNKNOWN, np.int8), np.zeros(rows, np.int64)
    today = known.clock.shape[1] - 1
    neighbour, strength = known.neighbour, known.strength
    interest, clock, clock_of = known.interest, known.clock, known.clock_of
    mean_log_gap, mean_log_volume = known.mean_log_gap, known.mean_log_volume
    seen = np.empty(1, np.int64)
    for row in range(rows):
        low, high = offsets[customers[row]], offsets[customers[row] + 1]
        name, ground, group = items[row], grounds[row], population[customers[row]]
        paid[row] = paid_overall[customers[row]]
        for at in range(paid_offsets[customers[row]], paid_offsets[customers[row] + 1]):
            if paid_family[at] == family[name] and paid_price[at] > 0:
                paid[row] = paid_price[at]
        if ground <= 1:  # due, favourite: her purchases of the item
            if high - low > len(seen):
                seen = np.empty(2 * (high - low), np.int64)
            log_gaps = log_volumes = 0.0
            held, number = 0.0, 0
            ticks = clock_of[name]
            for line in range(low, high):
                if item[line] != name:
                    continue
                times[row] += 1
                bought[row] = product[line]
                if number and seen[number - 1] == day[line]:
                    held += volume[line]
                    continue
                if number:
                    since = seen[number - 1] - known.first_day
                    gap = clock[ticks, day[line] - known.first_day] - clock[ticks, since]
                    log_gaps += np.log(max(gap, 0.5))
                    log_volumes += np.log(max(held, 1.0))
                seen[number] = day[line]
                held = float(volume[line])
                number += 1
            days[row], first_day[row], last_day[row] = number, seen[0], seen[number - 1]
            if number > 1:
                own_gap[row] = np.median(np.diff(seen[:number]))
            last_volume = np.log(max(held, 1.0))
            expected = expected_log_gap(
                number - 1, log_gaps, log_volumes + last_volume, last_volume,
                mean_log_gap[name], mean_log_volume[name], known.shrinkage, known.elasticity,
            )  # fmt: skip
            expected_gap[row] = np.exp(expected)
            waited = clock[ticks, today] - clock[ticks, seen[number - 1] - known.first_day]
            stage[row] = due_state(
                chance_by_now(waited, expected, number - 1, known.deviation, known.shrinkage)
            )
            continue
        if low < high:
            last_day[row] = last_purchase[customers[row]]
        if ground == 3 or ground == 7 or low == high:  # popular, first purchase
            continue
        weights = np.zeros(LED_BY)
        for line in range(low, high):
            own = item[line]
            is_first = True
            for before in range(low, line):
                if item[before] == own:
                    is_first = False
                    break
            if not is_first or (ground == 6 and day[line] != day[low]):
                continue
            weight, both = 0.0, 0
            if ground == 6:
                for spot in range(next_item.shape[2]):
                    if next_item[group, own, spot] == name:
                        weight = next_strength[group, own, spot]
                        both = next_together[group, own, spot]
                        break
            else:
                for spot in range(neighbour.shape[2]):
                    if neighbour[group, own, spot] == name:
                        total = 0.0
                        for again in range(line, high):
                            if item[again] == own:
                                total += interest[max(today + known.first_day - day[again], 0)]
                        weight = np.sqrt(total) * strength[group, own, spot]
                        both = together[group, own, spot]
                        break
            if weight <= weights[LED_BY - 1]:
                continue
            latest = line
            for again in range(line, high):
                if item[again] == own:
                    latest = again
            place = LED_BY - 1
            while place > 0 and weight > weights[place - 1]:
                weights[place], led_by[row, place] = weights[place - 1], led_by[row, place - 1]
                place -= 1
            weights[place], led_by[row, place] = weight, product[latest]
            if place == 0:
                buyers[row] = both
    return (
        times, days, first_day, last_day, own_gap, expected_gap, stage, bought, led_by, buyers,
        paid,
    )  # fmt: skip
