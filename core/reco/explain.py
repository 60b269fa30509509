"""Why a product is proposed: one true sentence, and the evidence to compute its score again."""

import re
from datetime import date, timedelta
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
from duckdb import DuckDBPyConnection
from numpy.typing import NDArray

from core.contracts import Scenario
from core.policy import Policy
from core.reco import phrases
from core.reco.evidence import LED_BY, NO_DAY
from core.reco.lines import EPOCH, day_number
from core.reco.scoring import COMPONENTS, weights_of
from core.reco.shapes import MICRO, Ground
from core.reco.tables import Columns, create_table_from_arrays
from core.reco.texts import NOTHING, Op, Pieces, Recipe, Step, Wanted, write_texts
from core.reco.timing import DueState

PRODUCT_WORDS = """
SELECT
    product_key,
    to_json(product_key)::VARCHAR AS key_json,
    coalesce(products.name, product_key) AS name,
    coalesce(facts.family, '') AS family,
    coalesce(to_json(facts.family)::VARCHAR, '') AS family_json,
    CASE WHEN facts.price75_cents <= 2147483647 THEN facts.price75_cents ELSE -1 END::INTEGER
        AS price75_cents
FROM product_numbers
LEFT JOIN products USING (product_key)
LEFT JOIN product_facts AS facts USING (product_no)
ORDER BY product_no
"""

CUSTOMERS = """
SELECT customer
FROM customer_numbers
WHERE customer_no BETWEEN $low AND $high
ORDER BY customer_no
"""

FAVOURITE_FROM = MICRO // 2  # affinity: a quarter of the chance of her likeliest item
_CALENDAR = day_number(date(1900, 1, 1))  # no sale is dated before: days are counted from it
_GREATEST = 2**31 - 1  # what the texts can show of a price; one beyond it is left out
WORDS = (*phrases.SENTENCES, *phrases.COUNTED_SENTENCES)

# What the marks of a sentence are filled with: a column of pieces, or of numbers.
MARKS = {
    "times": Step(Op.PIECE, "times_said"),
    "gap": Step(Op.PIECE, "gap_said"),
    "elapsed": Step(Op.PIECE, "elapsed_said"),
    "former": Step(Op.PIECE, "former_name"),
    "percent": Step(Op.WHOLE, "evidence"),
    "family": Step(Op.PIECE, "family_name"),
    "neighbour": Step(Op.PIECE, "neighbour_name"),
}
_MARK = re.compile(r"\{(\w+)\}")


def explain_lists(
    con: DuckDBPyConnection,
    rows: Columns,
    evidence: Columns,
    as_of: date,
    policy: Policy,
    language: str,
) -> None:
    """Create `final_list`: the sentence in `language` and the reasons as JSON, for each row.

    `rows` holds customer_no, rank, product_no, scenario (a number), ground, evidence, score and
    components (in millionths), in the order of customer and rank; `evidence` the same rows.
    `final_list(customer_no, customer, rank, product_no, product_key, scenario, score,
    explain_short, reasons_json)`. `reasons_json` holds as_of, scenario, ground, evidence (dates,
    gaps in days, prices in cents per 75 cl, product keys of neighbours), the components, their
    weights and the score, which is the sum of weight x component over the sum of the weights.
    """
    products = con.sql(PRODUCT_WORDS).to_arrow_table()
    said, given = _texts(_columns(rows, evidence, as_of), products, as_of, policy, language)
    customer, customers = _customers(con, rows["customer_no"])
    listed = {
        "customer_no": rows["customer_no"],
        "customer": pa.DictionaryArray.from_arrays(customer, customers),
        "rank": rows["rank"],
        "product_no": rows["product_no"],
        "product_key": pa.DictionaryArray.from_arrays(
            rows["product_no"], products["product_key"].combine_chunks()
        ),
        "scenario": pa.DictionaryArray.from_arrays(rows["scenario"], [s.value for s in Scenario]),
        "score": rows["score"] / MICRO,
        "explain_short": said,
        "reasons_json": given,
    }
    create_table_from_arrays(con, "final_list", listed)


def _texts(
    columns: Columns, products: pa.Table, as_of: date, policy: Policy, language: str
) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    """Return the sentence and the reasons of each row."""
    pieces = Pieces()
    columns |= _product_pieces(pieces, products, columns)
    columns |= _sayings(pieces, columns, language)
    sentences = [_sentence(pieces, language, words) for words in WORDS]
    said = write_texts(sentences, columns["words"], columns, pieces)
    reasons = [_reasons(pieces, as_of, policy, scenario) for scenario in Scenario]
    return said, write_texts(reasons, columns["scenario"], columns, pieces)


def _customers(con: DuckDBPyConnection, customer_no: NDArray[Any]) -> tuple[NDArray[Any], pa.Array]:
    """Return the place of each row's customer in the names of those from the first to the last."""
    low, high = (int(customer_no[0]), int(customer_no[-1])) if len(customer_no) else (0, -1)
    found = con.sql(CUSTOMERS, params={"low": low, "high": high}).to_arrow_table()
    return customer_no - low, found["customer"].combine_chunks()


def _columns(rows: Columns, evidence: Columns, as_of: date) -> Columns:
    """Return what the recipes read and needs no words: whole numbers, unknown ones below 0."""
    ground = rows["ground"]
    is_own = np.isin(ground, (Ground.DUE, Ground.FAVOURITE))
    columns = {**rows, **evidence}
    columns |= {f"near{n}": evidence["neighbours"][:, n] for n in range(LED_BY)}
    columns["counted"] = np.select(
        [np.isin(ground, (Ground.NEIGHBOURS, Ground.NEXT_STEP)), is_own],
        [evidence["together"], evidence["times"]],
        rows["evidence"],
    )
    last_day = evidence["last_day"]
    columns["elapsed_days"] = np.where(last_day != NO_DAY, day_number(as_of) - last_day, NOTHING)
    for name in ("first_day", "last_day"):
        since = evidence[name].astype(np.int64) - _CALENDAR
        columns[name] = np.where(evidence[name] != NO_DAY, since, NOTHING)
    for name in ("own_gap", "expected_gap"):
        columns[f"{name}_tenths"] = _tenths(evidence[name])
    columns["own_purchase_days"] = np.where(is_own, evidence["purchase_days"], NOTHING)
    columns["own_product"] = np.where(is_own, evidence["bought_product"], NOTHING)
    is_shown = (evidence["paid75"] > 0) & (evidence["paid75"] <= _GREATEST)
    columns["paid75"] = np.where(is_shown, evidence["paid75"], NOTHING)
    columns["words"] = _words(columns, is_own)
    return columns


def _tenths(days: NDArray[Any]) -> NDArray[Any]:
    return np.where(days >= 0, np.floor(days * 10 + 0.5), NOTHING).astype(np.int64)


def _words(columns: Columns, is_own: NDArray[np.bool_]) -> NDArray[np.int8]:
    """Return which of `WORDS` is said of each row."""
    ground, times = columns["ground"], columns["times"]
    is_vintage = is_own & (columns["bought_product"] != columns["product_no"])
    is_favourite = (ground == Ground.FAVOURITE) & (columns["affinity"] >= FAVOURITE_FROM)
    cases = {
        "vintage": is_vintage & (times > 1),
        "vintage_once": is_vintage,
        "once": is_own & (times == 1),
        "habit": (ground == Ground.DUE) & (columns["purchase_days"] >= 3),
        "favourite": is_favourite & (times >= 2),
        "bought": is_own,
        "neighbours": ground == Ground.NEIGHBOURS,
        "step": ground == Ground.STEP,
        "taken_up": ground == Ground.TAKEN_UP,
        "next_step": ground == Ground.NEXT_STEP,
        "taste": ground == Ground.TASTE,
        "new": columns["evidence"] == 0,
        "first_purchase": ground == Ground.FIRST_PURCHASE,
    }
    numbers = [np.int8(WORDS.index(words)) for words in cases]
    return np.select(list(cases.values()), numbers, np.int8(WORDS.index("popular")))


def _product_pieces(pieces: Pieces, products: pa.Table, columns: Columns) -> Columns:
    """Return, by row, the pieces of product names, keys and families, and the price."""
    first = {
        name: pieces.add(products[name].to_pylist())
        for name in ("name", "key_json", "family", "family_json")
    }
    has_family = np.array([bool(family) for family in products["family"].to_pylist()], np.bool_)
    product = columns["product_no"]

    def piece(name: str, number: NDArray[Any]) -> NDArray[Any]:
        return np.where(number >= 0, first[name] + number, NOTHING)

    family = np.where(has_family[product], product, NOTHING)
    return {
        "former_name": piece("name", columns["bought_product"]),
        "neighbour_name": piece("name", columns["near0"]),
        "family_name": piece("family", family),
        "family_key": piece("family_json", family),
        "own_key": piece("key_json", columns["own_product"]),
        **{f"near{n}_key": piece("key_json", columns[f"near{n}"]) for n in range(LED_BY)},
        "price75": products["price75_cents"].to_numpy()[product],
    }


def _sayings(pieces: Pieces, columns: Columns, language: str) -> Columns:
    """Return, by row, the pieces of what the catalogue says of a number."""
    sayings = {
        "times_said": pieces.said(columns["times"], lambda n: phrases.times(language, n)),
        "gap_said": pieces.said(columns["own_gap_tenths"], lambda n: phrases.gap(language, n / 10)),
        "elapsed_said": pieces.said(
            columns["elapsed_days"], lambda n: phrases.elapsed(language, n)
        ),
        "first_date": pieces.said(columns["first_day"], _iso),
        "last_date": pieces.said(columns["last_day"], _iso),
    }
    for words in phrases.COUNTED_SENTENCES:
        is_said = columns["words"] == WORDS.index(words)
        for side in (0, 1):
            say = partial(_counted_side, language, words, side)
            sayings[f"{words}_{side}"] = pieces.said(columns["counted"], say, is_said)
    return sayings


def _iso(day: int) -> str:
    return (EPOCH + timedelta(days=day + _CALENDAR)).isoformat()


def _counted_side(language: str, words: str, side: int, count: int) -> str:
    """Return what stands before (0) or after (1) the one mark of a sentence, if it has one."""
    before, *rest = _MARK.split(phrases.counted_sentence(language, words, count))
    return (before, rest[-1] if rest else "")[side]


def _sentence(pieces: Pieces, language: str, words: str) -> Recipe:
    """Return the recipe that says why: a literal per piece of a sentence, a column per mark."""
    if words in phrases.COUNTED_SENTENCES:
        marks = _MARK.findall(phrases.counted_sentence(language, words, 2))
        filled = [MARKS[mark] for mark in marks]
        return [Step(Op.PIECE, f"{words}_0"), *filled, Step(Op.PIECE, f"{words}_1")]
    split = _MARK.split(phrases.sentence(language, words))
    return [
        MARKS[piece] if at % 2 else pieces.literal(piece)
        for at, piece in enumerate(split)
        if at % 2 or piece
    ]


def _reasons(pieces: Pieces, as_of: date, policy: Policy, scenario: Scenario) -> Recipe:
    """Return the recipe of `reasons_json`: keys in bytewise order, what is not known left out."""
    weights = weights_of(policy, scenario)
    weighed = ",".join(f'"{name}":{weights[name]!r}' for name in sorted(weights))

    def valued(before: str, op: Op, column: str, argument: int = 0) -> Step:
        return Step(op, column, argument, before=pieces.add([before]))

    first, *others = sorted(COMPONENTS)
    return [
        valued(f'{{"as_of":"{as_of.isoformat()}","components":{{"{first}":', Op.MILLIONTHS, first),
        *(valued(f',"{name}":', Op.MILLIONTHS, name) for name in others),
        pieces.literal('},"evidence":{'),
        *_evidence(pieces),
        valued('},"ground":"', Op.PIECE, "ground", pieces.add(g.name.lower() for g in Ground)),
        valued(f'","scenario":"{scenario}","score":', Op.MILLIONTHS, "score"),
        pieces.literal(f',"weights":{{{weighed}}}}}'),
    ]


def _evidence(pieces: Pieces) -> Recipe:
    """Return what writes each evidence that is known, behind its key."""
    stages = pieces.add(stage.name.lower() for stage in DueState)
    nearest, *near = (f"near{n}_key" for n in range(LED_BY))

    def item(name: str, op: Op, column: str, argument: int = 0, around: str = "") -> Step:
        before = pieces.add([f'"{name}":{around}'])
        after = pieces.add(['"']) if around == '"' else NOTHING
        return Step(op, column, argument, before, after, Wanted.LISTED)

    return [
        item("bought_key", Op.PIECE, "own_key"),
        item("count", Op.WHOLE, "counted"),
        item("elapsed_days", Op.WHOLE, "elapsed_days"),
        item("expected_gap_days", Op.TENTHS, "expected_gap_tenths"),
        item("family", Op.PIECE, "family_key"),
        item("first_date", Op.PIECE, "first_date", around='"'),
        item("last_date", Op.PIECE, "last_date", around='"'),
        item("neighbours", Op.PIECE, nearest, around="["),
        *(Step(Op.PIECE, key, wanted=Wanted.LISTED) for key in near),
        Step(Op.NOTHING, nearest, after=pieces.add(["]"]), wanted=Wanted.IF_KNOWN),
        item("own_gap_days", Op.TENTHS, "own_gap_tenths"),
        item("paid75_cents", Op.WHOLE, "paid75"),
        item("price75_cents", Op.WHOLE, "price75"),
        item("purchase_days", Op.WHOLE, "own_purchase_days"),
        item("stage", Op.PIECE, "stage", stages, around='"'),
    ]
