"""The other company's rows about the very people whom cases ask for, under each parent of theirs.

Each is in force, in each state and on each day that a statement may want, with the address that
goes with the code and with another.
"""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.isolation.rows import Row
from tests.isolation.twins import MARK, NUMBERS

PEOPLE = (*range(1, 9), 50, 51, 98, 99)
NOW = "2026-03-02T09:30:00.000000+00:00"
# The as-of date of the newest run, and a day that no rule of retention has reached.
_DAYS = ("2026-03-01", "2027-06-01")
_DATED = {"sale_line": "sale_date", "contact_history": "contact_date"}
_IN_FORCE: Row = dict.fromkeys(
    ("to_seq", "until_review", "lifted_at", "lifted_by", "lifted_reason", "import_id")
)
_ALWAYS: Mapping[str, Row] = {
    "suppression": {"source": "unsubscribe_link"},
    "delivery": {"mode": "live", "claimed_at": NOW},
    "sale_line": {
        "quantity_milli": NUMBERS,
        "document_status": None,
        "from_seq": 1,
        "product_key": "P1",
    },
    "contact_history": {"from_seq": 1},
    "reco_output": {"product_key": "NEW"},
    "brevo_event": {"event": "unsubscribed", "message_id": f"!{MARK}"},
}
_STATES: Mapping[str, Sequence[Row]] = {
    "contact_history": [
        {"status": status}
        for status in ("sent", "click", "complaint", "unsubscribe", "hard_bounce", "call")
    ],
    "suppression": [
        {"reason": reason} for reason in ("opt_out", "hard_bounce", "unsubscribe", "complaint")
    ],
    "delivery": [
        {"state": state} for state in ("CLAIMED", "SENT", "UNCONFIRMED", "PLANNED", "REVIEW")
    ],
    "audit_output": [
        {"rule_code": "MISSING_EMAIL", "severity": "ERROR"},
        {"rule_code": "OPTOUT_OR_BOUNCE", "severity": "ERROR"},
        {"rule_code": "SILENCE_WINDOW", "severity": "ERROR"},
        {"rule_code": "CROSS_SELL_NOT_NEW", "severity": "WARN"},
    ],
    "next_action_output": [
        {"segment": segment} for segment in ("champion", "promising", "recent", "dormant")
    ],
}
_NAMESPACE = uuid.UUID("bbbbbbbb-0000-4000-8000-0000000000b3")


def rows_of_people(table: str, own: str, parents: Sequence[Row]) -> Iterator[Row]:
    """Yield rows of `table` about each person, made from a row under each parent.

    `own` is the column of the key by which rows under one parent differ.
    """
    place = 0
    for turn, row in enumerate(parents):
        for number in PEOPLE:
            for variant, person in enumerate(_named(table, row, number)):
                for more in _wanted(table, number + turn + variant):
                    place += 1
                    yield {**row, **_kept(table, row), **_own(row, own, place), **person, **more}


def _named(table: str, row: Row, number: int) -> list[Row]:
    """Return how a row may name a person: her code and address, those of two, another address."""
    address = f"person{number}@example.com"
    if table == "erasure_subject":
        return [{"kind": "customer", "value": f"C{number}"}, {"kind": "email", "value": address}]
    pairs = ((number, address), (number + 1, address), (number, f"{address}~{MARK}"))
    names = [{"customer": f"C{code}", "email": text, "email_norm": text} for code, text in pairs]
    found = [{name: cell for name, cell in named.items() if name in row} for named in names]
    if "delivery_no" in row and table == "brevo_event":
        found = [{**named, "delivery_no": number} for named in found]
    return [named for place, named in enumerate(found) if named and named not in found[:place]]


def _wanted(table: str, turn: int) -> Iterator[Row]:
    """Yield each state on each day, another first for each person: a key may allow one alone."""
    states = _STATES.get(table, [{}])
    for place in range(len(states)):
        for day in _DAYS if table in _DATED else ("",):
            dated = {_DATED[table]: day} if day else {}
            yield {**states[(turn + place) % len(states)], **dated}


def _kept(table: str, row: Row) -> Row:
    in_force = {name: cell for name, cell in _IN_FORCE.items() if name in row}
    return {**in_force, **_ALWAYS.get(table, {})}


def _own(row: Row, own: str, place: int) -> dict[str, Any]:
    """Return the key of one more row; records and outputs of a run are of earlier versions."""
    for version in ("since_review", "from_seq"):
        if version in row and own == "customer":
            return {version: -place}
    if isinstance(row[own], int):
        return {own: row[own] + 2 * NUMBERS + place}
    if own.endswith("_id") and own != "suppression_id":
        return {own: str(uuid.uuid5(_NAMESPACE, f"{row[own]} {place}"))}
    return {own: f"{row[own]}~{place}"}
