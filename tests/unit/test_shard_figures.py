"""Figures of shards add up to those of all customers, quantiles too, in any order."""

import io
import json

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.contracts import Scenario, Severity
from core.services.run_summary import REASONS, verdict_figures
from core.services.shard_figures import add_up, qc_figures, summary_figures
from core.services.shard_parts import Part, pack, unpack

Verdicts = list[tuple[int, bool]]
_SCORES = st.sampled_from([0, 20, 30, 80, 90, 100])
_SHARDS = st.lists(st.lists(st.tuples(_SCORES, st.booleans()), min_size=1), min_size=1, max_size=5)


def figures(verdicts: Verdicts) -> str:
    """What a shard with these verdicts, all alike else, would have counted."""
    scores = [
        {
            "audit_score": score,
            "customers": sum(one == score for one, _ in verdicts),
            "eligible": sum(passes for one, passes in verdicts if one == score),
        }
        for score in sorted({score for score, _ in verdicts})
    ]
    number = len(verdicts)
    return json.dumps(
        {
            "repairs": number,
            "recommendations": 5 * number,
            "scenario_counts": dict.fromkeys(Scenario, number),
            "rule_counts": {"MISSING_EMAIL": dict.fromkeys(Severity, number)},
            "scores": scores,
            "score_bins": [],
            "issues": [],
            "reasons": [{"reason": REASONS[number % 3], "customers": number}],
            "scenario_mix": [{"segment": "é", "scenario": "rebuy", "items": 2, "customers": 1}],
            "products": [{"product_key": f"P{number % 2}", "customers": number}],
            "segments": [{"name": "é", "customers": 1, "eligible": 1, "value_cents": 2**60}],
            "states": [],
        }
    )


def counted(verdicts: Verdicts) -> dict[str, object]:
    with duckdb.connect() as con:
        columns = dict(zip(("audit_score", "eligible"), zip(*verdicts, strict=True), strict=True))
        con.register("verdicts", pa.table({name: list(of) for name, of in columns.items()}))
        return verdict_figures(con)


@settings(deadline=None, max_examples=25)
@given(_SHARDS)
def test_figures_of_shards_are_those_of_all(shards: list[Verdicts]) -> None:
    everybody = [verdict for shard in shards for verdict in shard]
    total = add_up(map(figures, shards))
    told, number = summary_figures(total), len(everybody)
    assert counted(everybody).items() <= told.items()
    assert (told["repairs"], told["recommendations"]) == (number, 5 * number)
    assert told["rule_counts"] == {"MISSING_EMAIL": dict.fromkeys(Severity, number)}
    assert total == add_up(map(figures, reversed(shards)))
    qc = qc_figures(total)
    assert qc["segments"][0]["value_cents"] == len(shards) * 2**60
    order = [REASONS.index(row["reason"]) for row in qc["reasons"]]
    assert order == sorted(order)
    assert sum(row["customers"] for row in qc["products"]) == number


def test_a_part_holds_data_and_no_code() -> None:
    part = Part(
        arrays={"a": np.asfortranarray(np.eye(3)), "n": np.asarray(7)},
        tables={"t": pa.table({"customer": ["é", None], "n": [1, 2]})},
        notes={"heading": {"é": 1}},
    )
    back = unpack(pack(part))
    assert (back.arrays["a"] == np.eye(3)).all()
    assert back.arrays["n"].item() == 7
    assert back.tables["t"].equals(part.tables["t"])
    assert back.notes == part.notes
    objects = Part(arrays={"a": np.array([io.BytesIO()])}, tables={})
    with pytest.raises(ValueError, match="bject arrays"):
        pack(objects)
