"""Worlds in which one order of arrival once led elsewhere than another."""

from collections.abc import Mapping

from tests.property.import_worlds import PRODUCTS, WorldFile, world_file

JAN, FEB, MAR = "20260101", "20260201", "20260301"


def _client(code: str, email: str | None = None, opt_out: bool | None = None) -> dict[str, object]:
    return {"customer": code, "email": email, "name": None, "phone": None, "opt_out": opt_out}


def _line(
    document: str,
    product: str | None,
    customer: str,
    quantity: int,
    *,
    number: str | None = None,
    label: str | None = None,
    status: str = "valid",
) -> dict[str, object]:
    return {
        "document": document,
        "line_no": number,
        "product": product,
        "label": label,
        "customer": customer,
        "quantity": quantity,
        "amount": 700,
        "day": "2025-12-05",
        "status": status,
        "channel": None,
    }


def _creating(document: str, designation: str | None, origin: str | None) -> dict[str, object]:
    line = _line(document, "P1", "C1", 2)
    return {**line, "designation": designation, "origin": origin}


def _left(day: str) -> dict[str, object]:
    return {"customer": "C1", "email": "a@example.com", "day": day, "status": "unsubscribe"}


def _product(code: str) -> dict[str, object]:
    return {"product": code, "name": PRODUCTS[code], "price_cents": 700}


_CATALOGUE = world_file(1, "products", JAN, [_product(code) for code in PRODUCTS])
_CLIENTS = world_file(2, "clients", JAN, [_client(code) for code in ("C1", "C2", "C3")])
_SALE = world_file(3, "sales", FEB, [_line("D1", "P1", "C1", 2, number="1")])
_CANCELLED = _line("D1", "P1", "C1", 2, number="1", status="cancelled")
_RETURN = world_file(5, "sales", FEB, [_line("D2", "P1", "C1", -1)])

CREATED = "what sales create and files say"

# The files that came before, and those whose order must not matter.
KNOWN: Mapping[str, tuple[tuple[WorldFile, ...], tuple[WorldFile, ...]]] = {
    "the address changes after the opt-out": (
        (),
        (
            world_file(3, "clients", FEB, [_client("C1", "a@example.com", opt_out=True)]),
            world_file(4, "clients", MAR, [_client("C1", "b@example.com")]),
        ),
    ),
    "an opt-out without address": (
        (),
        (
            world_file(3, "clients", FEB, [_client("C1", "a@example.com")]),
            world_file(4, "clients", MAR, [_client("C1", "b@example.com")]),
            world_file(5, "clients", FEB, [_client("C1", opt_out=True)]),
        ),
    ),
    "an unsubscription without address": (
        (),
        (
            world_file(3, "clients", FEB, [_client("C1", "a@example.com")]),
            world_file(4, "clients", MAR, [_client("C1", "b@example.com")]),
            world_file(5, "contacts", FEB, [{**_left("2025-12-09"), "email": None}]),
        ),
    ),
    "an opt-out of a person with two addresses in one file": (
        (),
        (
            world_file(
                3, "clients", FEB, [_client("C1", "a@example.com"), _client("C1", "b@example.com")]
            ),
            world_file(4, "clients", MAR, [_client("C1", opt_out=True)]),
        ),
    ),
    "two messages that unsubscribe": (
        (),
        (
            world_file(3, "contacts", FEB, [_left("2025-12-09")]),
            world_file(4, "contacts", MAR, [_left("2025-12-01")]),
        ),
    ),
    "the sale of a return is cancelled": (
        (_CATALOGUE, _CLIENTS),
        (
            _SALE,
            world_file(
                4, "sales", MAR, [_line("D1", "P1", "C1", 2, number="1", status="cancelled")]
            ),
            _RETURN,
        ),
    ),
    "the sale of a return moves to another customer": (
        (_CATALOGUE, _CLIENTS),
        (_SALE, world_file(4, "sales", MAR, [_line("D1", "P1", "C2", 2, number="1")]), _RETURN),
    ),
    "a return in an older file than its sale": (
        (_CLIENTS,),
        (_CATALOGUE, _RETURN, world_file(4, "sales", MAR, [_line("D1", "P1", "C1", 2)])),
    ),
    "rows released by an import without sales": (
        (_CLIENTS,),
        (
            _CATALOGUE,
            world_file(3, "sales", FEB, [_line("D1", None, "C1", 2, label="Riesling")]),
            world_file(4, "sales", MAR, [_line("D1", "P1", "C1", 3)]),
        ),
    ),
    CREATED: (
        (),
        (
            _CATALOGUE,
            world_file(2, "clients", JAN, [_client("C2")]),
            world_file(3, "clients", MAR, [_client("C1", "a@example.com")]),
            world_file(4, "sales", FEB, [_creating("D1", "Of February", "FR")]),
            world_file(5, "sales", MAR, [_creating("D2", "Of March", "BE")]),
        ),
    ),
    "what sales alone create": (
        (),
        (
            world_file(3, "sales", JAN, [_creating("D1", "Of January", "FR")]),
            world_file(4, "sales", FEB, [_creating("D2", "Of February", None)]),
            world_file(5, "sales", MAR, [_creating("D3", None, None)]),
        ),
    ),
    "a correction that waits for its product": (
        (_CLIENTS,),
        (
            world_file(1, "products", JAN, [_product("P1")]),
            world_file(3, "sales", JAN, [_line("D1", "P1", "C1", 2, number="1")]),
            world_file(4, "sales", FEB, [_line("D1", "P2", "C1", 3, number="1")]),
            world_file(5, "products", MAR, [_product("P2")]),
        ),
    ),
}
