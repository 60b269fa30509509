"""Bare baskets in the public format of the next-basket literature.

    {"customer": [[-1], [12, 7], [7, 3], [-1]], ...}

The baskets of a customer, oldest first, between two markers `[-1]`; items are whole numbers or
texts (`12` and `"12"` are one item). The file of the future has one basket per customer; from
customers without a future is learned, and no ranking is asked for them. The text is read customer
by customer, so that only numbers are kept of it.
"""

import json
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from json import JSONDecodeError
from json.decoder import WHITESPACE  # type: ignore[attr-defined]

import numpy as np

from core.errors import FileRefused
from core.i18n import N_
from core.reco.backtest.trials import Asked, Trial, known_only
from core.reco.history import history_of_rows
from core.reco.learning import bare_catalogue
from core.reco.tables import IntArray, offsets_of

NEXT_DAY = 1  # the last known basket of everybody is day 0
_MARKER = [-1]
_ITEM_TYPES = frozenset((int, str))

_NOT_JSON = N_("%(file)s is not JSON: line %(line)s, column %(column)s cannot be read.")
_NOT_OBJECT = N_(
    "%(file)s does not have the expected shape: it must be one JSON object that gives each"
    ' customer\'s baskets, like {"anne":[[-1],[12,7],[-1]]}.'
)
_WRONG_CUSTOMER = N_(
    "%(file)s does not have the expected shape: the baskets of customer number %(number)s must be"
    " lists of whole numbers or texts between two markers [-1]."
)
_TWICE = N_("%(file)s names customer number %(number)s twice.")
_NO_CUSTOMER = N_("%(file)s holds no customer.")
_NO_BASKET = N_("%(file)s has no basket for customer number %(number)s.")
_ONE_BASKET = N_(
    "%(file)s must have exactly one basket, with items, for customer number %(number)s."
)
_MISSING = N_("%(count)s customers of %(file)s are missing in %(other)s.")


class _Numbers(dict[object, int]):
    """Numbers items as they come; a whole number and its text are one item."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self._by_name: dict[str, int] = {}

    def __missing__(self, item: object) -> int:
        name = str(item)
        number = self._by_name.setdefault(name, len(self.names))
        if number == len(self.names):
            self.names.append(name)
        self[item] = number
        return number


@dataclass(kw_only=True)
class _Baskets:
    """The baskets of one file, flat: per customer how many, per basket how many items."""

    customers: list[str] = field(default_factory=list)
    sizes: "array[int]" = field(default_factory=lambda: array("q"))
    lengths: "array[int]" = field(default_factory=lambda: array("q"))
    items: "array[int]" = field(default_factory=lambda: array("q"))


def read_bare_trial(history: tuple[str, str], future: tuple[str, str]) -> Trial:
    """Return the trial of two files, each given as its name and its text.

    Customers and items are numbered in the bytewise order of their names. Raises `FileRefused`
    with what is wrong with a file.
    """
    numbers = _Numbers()
    past, then = _read(*history, numbers), _read(*future, numbers)
    _check(past, history[0], then, future[0])
    number_of = _ranks(numbers.names)
    items = len(numbers.names)
    order = _order(past.customers)
    known = history_of_rows(*_ordered(past, order, number_of), items)
    customers = {past.customers[at]: number for number, at in enumerate(order)}
    return Trial(
        history=known,
        tickets=None,
        population=np.zeros(len(customers), np.int8),
        catalogue=known_only(bare_catalogue(items), known, None),
        as_of=NEXT_DAY,
        has_dates=False,
        asked=_asked(then, customers, number_of),
    )


def _asked(then: _Baskets, customers: Mapping[str, int], number_of: IntArray) -> Asked:
    """Return whom the baskets of `then` are asked of, by the numbers of customers and items."""
    order, items = _order(then.customers), len(number_of)
    _, lengths, item = _ordered(then, order, number_of)
    pairs = np.unique(np.repeat(np.arange(len(lengths)), lengths) * items + item)
    return Asked(
        customer=np.array([customers[then.customers[at]] for at in order], np.int64),
        today=np.full(len(order), NEXT_DAY, np.int64),
        offsets=offsets_of(pairs // items, len(order)),
        item=(pairs % items).astype(np.int32),
    )


def _read(name: str, text: str, numbers: _Numbers) -> _Baskets:
    found, seen = _Baskets(), set[str]()
    for number, (customer, baskets) in enumerate(_customers(name, text), start=1):
        if customer in seen:
            raise FileRefused(_TWICE, file=name, number=number)
        seen.add(customer)
        inner = _without_markers(baskets)
        if inner is None or _MARKER in inner:
            raise FileRefused(_WRONG_CUSTOMER, file=name, number=number)
        flat = list(chain.from_iterable(inner))
        if not _ITEM_TYPES.issuperset(map(type, flat)):
            raise FileRefused(_WRONG_CUSTOMER, file=name, number=number)
        found.customers.append(customer)
        found.sizes.append(len(inner))
        found.lengths.extend(map(len, inner))
        found.items.extend(map(numbers.__getitem__, flat))
    if not found.customers:
        raise FileRefused(_NO_CUSTOMER, file=name)
    return found


def _without_markers(baskets: object) -> list[list[object]] | None:
    if (
        not isinstance(baskets, list)
        or len(baskets) < 2
        or not {list}.issuperset(map(type, baskets))
    ):
        return None
    if baskets[0] != _MARKER or baskets[-1] != _MARKER:
        return None
    return baskets[1:-1]


def _customers(name: str, text: str) -> Iterator[tuple[str, object]]:
    """Yield the members of the one object that `text` must be."""
    decoder, skip = json.JSONDecoder(), WHITESPACE.match
    try:
        at = skip(text, 0).end()
        if text[at : at + 1] != "{":
            json.loads(text)
            raise FileRefused(_NOT_OBJECT, file=name)
        at = skip(text, at + 1).end()
        while text[at : at + 1] != "}":
            _behind('"', text, at)
            customer, at = decoder.raw_decode(text, at)
            at = _behind(":", text, skip(text, at).end())
            value, at = decoder.raw_decode(text, skip(text, at).end())
            yield customer, value
            at = skip(text, at).end()
            if text[at : at + 1] != "}":
                at = skip(text, _behind(",", text, at)).end()
                _behind('"', text, at)
        if skip(text, at + 1).end() != len(text):
            raise JSONDecodeError("more than one value", text, at + 1)
    except (JSONDecodeError, RecursionError, ValueError) as error:
        place = error if isinstance(error, JSONDecodeError) else JSONDecodeError("", text, 0)
        raise FileRefused(_NOT_JSON, file=name, line=place.lineno, column=place.colno) from error


def _behind(sign: str, text: str, at: int) -> int:
    if text[at : at + 1] != sign:
        raise JSONDecodeError(f"{sign} was expected", text, at)
    return at + 1


def _check(past: _Baskets, past_name: str, then: _Baskets, then_name: str) -> None:
    behind = 0
    for number, size in enumerate(past.sizes, start=1):
        if not any(past.lengths[behind : behind + size]):
            raise FileRefused(_NO_BASKET, file=past_name, number=number)
        behind += size
    for number, size in enumerate(then.sizes, start=1):
        if size != 1 or then.lengths[number - 1] == 0:
            raise FileRefused(_ONE_BASKET, file=then_name, number=number)
    missing = len(set(then.customers).difference(past.customers))
    if missing:
        raise FileRefused(_MISSING, count=missing, file=then_name, other=past_name)


def _order(names: list[str]) -> IntArray:
    """Return the places of `names` in their bytewise order."""
    return np.array(
        sorted(range(len(names)), key=lambda at: names[at].encode("utf-8", "surrogatepass")),
        np.int64,
    )


def _ranks(names: list[str]) -> IntArray:
    ranks = np.empty(len(names), np.int64)
    ranks[_order(names)] = np.arange(len(names))
    return ranks


def _ordered(
    baskets: _Baskets, order: IntArray, number_of: IntArray
) -> tuple[IntArray, IntArray, IntArray]:
    """Return sizes, lengths and items with the customers in `order` and items renumbered."""
    sizes, lengths, items = (
        np.frombuffer(column, np.int64) if len(column) else np.zeros(0, np.int64)
        for column in (baskets.sizes, baskets.lengths, baskets.items)
    )
    of_basket = _moved(sizes, order)
    of_item = _moved(lengths, of_basket)
    return sizes[order], lengths[of_basket], number_of[items[of_item]]


def _moved(sizes: IntArray, order: IntArray) -> IntArray:
    """Return where the parts of groups of `sizes` stand when the groups come in `order`."""
    starts = np.cumsum(sizes) - sizes
    wanted = sizes[order]
    within = np.arange(int(wanted.sum())) - np.repeat(np.cumsum(wanted) - wanted, wanted)
    return np.repeat(starts[order], wanted) + within
