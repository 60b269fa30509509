"""Customers found by anything: code, words of the name, address, postal code, telephone number.

Every search is a range of an index (`core.store.beginnings`), or two dozen of them. A name is found
by the beginning of its first, second, third and last word, without regard to case and accents: a
word between the third and the last of a longer name is found only beside another that is.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from core.store.beginnings import begins, end_of, looked_up, spellings
from core.store.dataset import VISIBLE, head_of, visible_in
from core.store.run_outputs import RunAt, bytewise, counts
from core.store.tenant import Transaction

_SMALL = "àâäáãçéèêëíîïñóôöùûüÿ"
_PLAIN = str.maketrans(
    {
        **dict(zip(_SMALL, "aaaaaceeeeiiinooouuuy", strict=True)),
        "œ": "oe",
        "æ": "ae",
        **dict.fromkeys("-'’", " "),
    }
)
# As SQL writes them: each letter in either case, and of two blanks one.
_REPLACED = [
    *(
        (sign.replace("'", "''"), str(plain))
        for letter, plain in _PLAIN.items()
        for sign in sorted({chr(letter), chr(letter).upper()})
    ),
    ("  ", " "),
]
_AT_ONCE = 16
_NAMES = ("name_folded", "name_second", "name_third", "name_last")
_DIGITS = re.compile(r"\D")
_TELEPHONE = re.compile(r"\+?[\d .()/-]+")
_TELEPHONE_END = 9  # digits; what comes before is a country or a zero
LEAST = 2
"""A search for less than so many letters finds nobody: it would find everybody."""

# One search for each range: of several in one statement SQLite takes none. Codes are put together
# first, or their own index would be walked in its order instead.
_FOUND = f"""
SELECT customer.customer FROM customer
{{of_run}}
WHERE customer.tenant_id = :tenant AND {visible_in("customer")}
    AND {{found}} AND {{code}} > :after {{groups}}
ORDER BY {{code}} LIMIT :limit
"""
_CODE = "(customer.customer || '')"
_OF_RUN = f"""
JOIN next_action_output
    ON next_action_output.customer = customer.customer
    AND next_action_output.tenant_id = :tenant
    AND next_action_output.run_id = :run_id
    AND {counts("next_action_output")}
"""
_OF_RUN_ALONE = f"""
SELECT next_action_output.customer FROM next_action_output
WHERE next_action_output.tenant_id = :tenant
    AND next_action_output.run_id = :run_id
    AND {counts("next_action_output")}
    AND next_action_output.customer > :after {{groups}}
ORDER BY next_action_output.customer LIMIT :limit
"""
_ALL = f"""
SELECT customer FROM customer WHERE {VISIBLE} AND customer > :after ORDER BY customer LIMIT :limit
"""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which customers: found by `term` where there is one; of a segment or state of `run`."""

    term: str = ""
    segment: str | None = None
    state: str | None = None
    run: RunAt | None = None

    @property
    def groups(self) -> Mapping[str, object]:
        """The columns of the verdicts that are asked for, with their values."""
        asked = {"segment": self.segment, "state": self.state}
        return {name: value for name, value in asked.items() if value and self.run is not None}


def find_codes(tx: Transaction, wanted: Wanted, *, limit: int, after: str = "") -> list[str]:
    """Return the first codes behind `after` of those `wanted`, in order.

    What a term finds is in the order of bytes, all others in that of the database.
    """
    values: dict[str, object] = {"limit": limit, "after": after, **wanted.groups}
    if wanted.groups and wanted.run is not None:
        values |= {"run_id": wanted.run.run_id, "review": wanted.run.review}
    if wanted.term:
        return _search(tx, wanted, values)[:limit]
    if wanted.groups:
        sql = _OF_RUN_ALONE.format(groups=_groups(wanted))
    else:
        sql, values["head"] = _ALL, head_of(tx)
    return [row["customer"] for row in tx.rows(sql, **values)]


def _search(tx: Transaction, wanted: Wanted, values: dict[str, object]) -> list[str]:
    values["head"] = head_of(tx)
    codes = set[str]()
    for condition, bound in _searches(tx, wanted.term):
        sql = _FOUND.format(
            of_run=_OF_RUN if wanted.groups else "",
            found=condition,
            code=bytewise(tx, _CODE),
            groups=_groups(wanted),
        )
        codes.update(row["customer"] for row in tx.rows(sql, **values, **bound))
    return sorted(codes, key=str.encode)


def _groups(wanted: Wanted) -> str:
    return "".join(f" AND next_action_output.{name} = :{name}" for name in wanted.groups)


def _searches(tx: Transaction, term: str) -> Iterator[tuple[str, dict[str, object]]]:
    """Yield the conditions under which a customer is found, each one a range of an index."""
    folded = fold_name(term)
    if len(folded.replace(" ", "")) >= LEAST:
        yield from _by_name(tx, folded)
    if len(term) < LEAST:
        return
    yield from _by_code(tx, term)
    if " " not in term:
        yield _range(tx, "email_norm", "address", term.lower())
    if any(sign.isdigit() for sign in term):
        yield _range(tx, "postal_code", "postal", term)
    digits = _DIGITS.sub("", term)
    if _TELEPHONE.fullmatch(term) and len(digits) >= _TELEPHONE_END:
        yield "phone_end = :phone_end", {"phone_end": digits[-_TELEPHONE_END:]}


def _by_name(tx: Transaction, folded: str) -> Iterator[tuple[str, dict[str, object]]]:
    """Look the longest word up; every other one must begin a word of the name."""
    words = sorted(folded.split(), key=len, reverse=True)
    others = {f"word_{place}": f" {word}" for place, word in enumerate(words[1:])}
    also = "".join(
        f" AND replace(' ' || name_folded, CAST(:{name} AS TEXT), '') <> ' ' || name_folded"
        for name in others
    )
    for column in _NAMES:
        condition, values = _range(tx, column, "word", words[0])
        yield condition + also, {**values, **others}


def _by_code(tx: Transaction, term: str) -> Iterator[tuple[str, dict[str, object]]]:
    beginning = looked_up(term)
    rest = term[len(beginning) :]
    values: dict[str, object] = {"rest": rest, "at": len(beginning) + 1, "length": len(rest)}
    also = " AND lower(substr(customer.customer, :at, :length)) = lower(:rest)"
    for spelling in spellings(beginning):
        condition, bound = _range(tx, "customer.customer", "code", spelling)
        yield condition + also, {**bound, **values}


def _range(
    tx: Transaction, column: str, name: str, beginning: str
) -> tuple[str, dict[str, object]]:
    condition = begins(tx, column, name, f"{name}_end")
    return condition, {name: beginning, f"{name}_end": end_of(beginning)}


def fold_name(text: str) -> str:
    """Return `text` as the database folds names: small letters, no accents, single blanks.

    >>> fold_name("Élodie  L’Hôte-Œuvrard")
    'elodie l hote oeuvrard'
    """
    return " ".join(text.lower().translate(_PLAIN).split())


def with_folded(rows: str, column: str) -> str:
    """Return the SQL of `rows`, a query, with `column` folded as `fold_name` does in `folded`.

    SQLite's `lower` knows the capitals of ASCII alone, so each letter is replaced in either case;
    step by step, for it parses no more than some two dozen calls within one another.
    """
    sql = f"SELECT found.*, lower({column}) AS folded_0 FROM ({rows}) AS found"
    steps = range(0, len(_REPLACED), _AT_ONCE)
    for number, start in enumerate(steps):
        text = f"folded_{number}"
        for sign, plain in _REPLACED[start : start + _AT_ONCE]:
            text = f"replace({text}, '{sign}', '{plain}')"
        sql = f"SELECT found.*, {text} AS folded_{number + 1} FROM ({sql}) AS found"
    return f"SELECT found.*, trim(folded_{len(steps)}) AS folded FROM ({sql}) AS found"
