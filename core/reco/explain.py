"""Why a product is proposed: one true sentence, and the evidence to compute its score again."""

import re
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

import pyarrow as pa
from duckdb import DuckDBPyConnection
from numpy.typing import NDArray

from core.contracts import Scenario
from core.policy import Policy
from core.reco import phrases
from core.reco.evidence import LED_BY
from core.reco.scoring import COMPONENTS, weights_of
from core.reco.shapes import MICRO, Ground
from core.reco.tables import create_table, create_table_from_arrays, create_table_from_rows
from core.reco.timing import DueState

# Text that is the same for all rows of a product, quoted for JSON once.
PRODUCT_WORDS = """
SELECT
    product_no,
    product_key,
    to_json(product_key)::VARCHAR AS key_json,
    coalesce(products.name, product_key) AS name,
    facts.family,
    to_json(facts.family)::VARCHAR AS family_json,
    facts.price75_cents
FROM product_numbers
LEFT JOIN products USING (product_key)
LEFT JOIN product_facts AS facts USING (product_no)
"""

FAVOURITE_FROM = MICRO // 2  # affinity: a quarter of the chance of her likeliest item

# `words`: which sentence is said; `counted`: the number in it.
LISTED_WORDS = f"""
SELECT
    rows.*,
    CASE
        WHEN ground IN ({Ground.DUE}, {Ground.FAVOURITE}) AND bought_product <> product_no
            THEN CASE WHEN times > 1 THEN 'vintage' ELSE 'vintage_once' END
        WHEN ground IN ({Ground.DUE}, {Ground.FAVOURITE}) AND times = 1 THEN 'once'
        WHEN ground = {Ground.DUE} AND purchase_days >= 3 THEN 'habit'
        WHEN ground = {Ground.FAVOURITE} AND times >= 2 AND c0 >= {FAVOURITE_FROM}
            THEN 'favourite'
        WHEN ground IN ({Ground.DUE}, {Ground.FAVOURITE}) THEN 'bought'
        WHEN ground = {Ground.NEIGHBOURS} THEN 'neighbours'
        WHEN ground = {Ground.STEP} THEN 'step'
        WHEN ground = {Ground.TAKEN_UP} THEN 'taken_up'
        WHEN ground = {Ground.NEXT_STEP} THEN 'next_step'
        WHEN ground = {Ground.TASTE} THEN 'taste'
        WHEN evidence = 0 THEN 'new'
        WHEN ground = {Ground.FIRST_PURCHASE} THEN 'first_purchase'
        ELSE 'popular'
    END AS words,
    CASE
        WHEN ground IN ({Ground.NEIGHBOURS}, {Ground.NEXT_STEP}) THEN together
        WHEN ground IN ({Ground.DUE}, {Ground.FAVOURITE}) THEN times
        ELSE evidence
    END AS counted,
    CASE WHEN last_day >= 0 THEN $today - last_day END AS elapsed_days
FROM listed_rows AS rows
"""

# What the marks of a sentence are filled with.
MARKS = {
    "times": "times_said.text",
    "gap": "gap_said.text",
    "elapsed": "elapsed_said.text",
    "former": "formers.name",
    "percent": "evidence::VARCHAR",
    "family": "p.family",
    "neighbour": "near.name",
}
_MARK = re.compile(r"\{(\w+)\}")


def explain_lists(
    con: DuckDBPyConnection,
    rows: dict[str, NDArray[Any]],
    components: NDArray[Any],
    evidence: dict[str, NDArray[Any]],
    as_of: date,
    policy: Policy,
    language: str,
) -> None:
    """Create `final_list`: the sentence in `language` and the reasons as JSON, for each row.

    `rows` holds customer_no, rank, product_no, scenario (a number), ground, evidence and score (in
    millionths), in the order of customer and rank; `components` and `evidence` the same rows.
    `final_list(customer_no, customer, rank, product_no, product_key, scenario, score,
    explain_short, reasons_json)`. `reasons_json` holds as_of, scenario, ground, evidence (dates,
    gaps in days, prices in cents per 75 cl, product keys of neighbours), the components, their
    weights and the score, which is the sum of weight x component over the sum of the weights.
    """
    listed = {**rows, **{f"c{n}": components[:, n] for n in range(len(COMPONENTS))}, **evidence}
    led_by = listed.pop("neighbours")
    listed |= {f"near{n}": led_by[:, n] for n in range(LED_BY)}
    create_table_from_arrays(con, "listed_rows", listed)
    today = (as_of - date(1970, 1, 1)).days
    create_table(con, "listed_words", LISTED_WORDS, today=today)
    create_table(con, "product_words", PRODUCT_WORDS)
    _say(con, language)
    create_table(con, "final_list", _final_list(as_of, policy, language))
    for table in ("listed_rows", "listed_words"):
        con.execute(f"DROP TABLE {table}")


def _say(con: DuckDBPyConnection, language: str) -> None:
    """Create the tables of sayings: one call of the catalogue per distinct value, not per row."""
    _say_values(con, "times_said", "times", lambda n: phrases.times(language, n))
    _say_values(con, "gap_said", "own_gap", lambda d: phrases.gap(language, d))
    _say_values(con, "elapsed_said", "elapsed_days", lambda n: phrases.elapsed(language, n))
    counted = con.execute(
        "SELECT DISTINCT words, counted FROM listed_words WHERE list_contains($words, words)",
        {"words": list(phrases.COUNTED_SENTENCES)},
    ).fetchall()
    said = [(w, n, *_around_mark(phrases.counted_sentence(language, w, n))) for w, n in counted]
    schema = pa.schema(
        {"words": pa.string(), "counted": pa.int64(), "before": pa.string(), "after": pa.string()}
    )
    create_table_from_rows(con, "counted_said", schema, said)


def _say_values(
    con: DuckDBPyConnection, table: str, column: str, say: Callable[[Any], str]
) -> None:
    """Create `table`(value, text) for the distinct values, 0 and more, of a column."""
    values = con.execute(f"SELECT DISTINCT {column} FROM listed_words WHERE {column} >= 0")
    rows = [(value, say(value)) for (value,) in values.fetchall()]
    schema = pa.schema({"value": pa.float64(), "text": pa.string()})
    create_table_from_rows(con, table, schema, rows)


def _around_mark(sentence: str) -> tuple[str, str]:
    """Return what stands before and after the one mark of a sentence, if it has one."""
    before, *rest = _MARK.split(sentence)
    return before, rest[-1] if rest else ""


def _final_list(as_of: date, policy: Policy, language: str) -> str:
    near = "\n".join(
        f"LEFT JOIN product_words AS near{n} ON near{n}.product_no = e.near{n}"
        for n in range(1, LED_BY)
    )
    scenarios = ", ".join(f"'{scenario}'" for scenario in Scenario)
    return f"""
SELECT
    e.customer_no,
    customer,
    e.rank,
    e.product_no,
    p.product_key,
    [{scenarios}][e.scenario + 1] AS scenario,
    e.score / 1000000 AS score,
    {_sentence(language)} AS explain_short,
    {_reasons(as_of, policy)} AS reasons_json
FROM listed_words AS e
JOIN customer_numbers USING (customer_no)
JOIN product_words AS p ON p.product_no = e.product_no
LEFT JOIN product_words AS formers ON formers.product_no = e.bought_product
LEFT JOIN product_words AS near ON near.product_no = e.near0
{near}
LEFT JOIN counted_said ON counted_said.words = e.words AND counted_said.counted = e.counted
LEFT JOIN times_said ON times_said.value = e.times
LEFT JOIN gap_said ON gap_said.value = e.own_gap
LEFT JOIN elapsed_said ON elapsed_said.value = e.elapsed_days
ORDER BY e.customer_no, e.rank
"""


def _sentence(language: str) -> str:
    """Return the SQL that says why: a literal per piece of a sentence, a column per mark."""
    cases = [
        f"WHEN '{words}' THEN {_filled(phrases.sentence(language, words))}"
        for words in phrases.SENTENCES
    ]
    for words in phrases.COUNTED_SENTENCES:
        marks = _MARK.findall(phrases.counted_sentence(language, words, 2))
        middle = [f"coalesce({MARKS[mark]}, '')" for mark in marks]
        pieces = ["counted_said.before", *middle, "counted_said.after"]
        cases.append(f"WHEN '{words}' THEN concat({', '.join(pieces)})")
    return f"CASE e.words {' '.join(cases)} END"


def _filled(template: str) -> str:
    pieces = _MARK.split(template)
    said = [
        f"coalesce({MARKS[piece]}, '')" if at % 2 else _quoted(piece)
        for at, piece in enumerate(pieces)
        if at % 2 or piece
    ]
    return f"concat({', '.join(said)})"


def _reasons(as_of: date, policy: Policy) -> str:
    """Return the SQL of `reasons_json`: keys in bytewise order, what is not known left out."""
    pieces = []
    for at, name in enumerate(sorted(COMPONENTS)):
        pieces.append(_quoted(f'{"," if at else ""}"{name}":'))
        pieces.append(_millionths(f"e.c{COMPONENTS.index(name)}"))
    components = ", ".join(pieces)
    evidence = ", ".join(_evidence_items())
    grounds = _choice("e.ground", [ground.name.lower() for ground in Ground])
    weights = _choice("e.scenario", [_weights_json(policy, s) for s in Scenario])
    return f"""concat(
        '{{"as_of":"{as_of.isoformat()}","components":{{', {components},
        '}},"evidence":{{', substr(concat({evidence}), 2),
        '}},"ground":"', {grounds}, '","scenario":"', {_choice("e.scenario", list(Scenario))},
        '","score":', {_millionths("e.score")}, ',"weights":', {weights}, '}}'
    )"""


def _evidence_items() -> Iterable[str]:
    bought = f"e.ground IN ({Ground.DUE}, {Ground.FAVOURITE})"
    stages = _choice("e.stage", [stage.name.lower() for stage in DueState])
    near = [("near", 0), *((f"near{n}", n) for n in range(1, LED_BY))]
    keys = ", ".join(
        f"{name}.key_json" if n == 0 else f"coalesce(',' || {name}.key_json, '')"
        for name, n in near
    )
    items = {
        "bought_key": f"CASE WHEN {bought} THEN formers.key_json END",
        "count": "e.counted::VARCHAR",
        "elapsed_days": "e.elapsed_days::VARCHAR",
        "expected_gap_days": _gap("expected_gap"),
        "family": "p.family_json",
        "first_date": _iso("first_day"),
        "last_date": _iso("last_day"),
        "neighbours": f"CASE WHEN e.near0 >= 0 THEN concat('[', {keys}, ']') END",
        "own_gap_days": _gap("own_gap"),
        "paid75_cents": "CASE WHEN paid75 > 0 THEN paid75::VARCHAR END",
        "price75_cents": "p.price75_cents::VARCHAR",
        "purchase_days": f"CASE WHEN {bought} THEN purchase_days::VARCHAR END",
        "stage": f"CASE WHEN e.stage >= 0 THEN '\"' || {stages} || '\"' END",
    }
    return [f"""coalesce(',"{name}":' || {value}, '')""" for name, value in items.items()]


def _iso(day: str) -> str:
    return f"CASE WHEN {day} >= 0 THEN '\"' || (DATE '1970-01-01' + {day})::VARCHAR || '\"' END"


def _gap(days: str) -> str:
    return f"CASE WHEN {days} >= 0 THEN {days}::DECIMAL(9, 1)::VARCHAR END"


def _millionths(column: str) -> str:
    return f"(({column}::DECIMAL(9, 0) * 0.000001)::DECIMAL(9, 6))::VARCHAR"


def _weights_json(policy: Policy, scenario: Scenario) -> str:
    weights = weights_of(policy, scenario)
    inner = ",".join(f'"{name}":{weights[name]!r}' for name in sorted(weights))
    return f"{{{inner}}}"


def _choice(number: str, values: Iterable[str]) -> str:
    listed = ", ".join(_quoted(str(value)) for value in values)
    return f"[{listed}][{number} + 1]"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
