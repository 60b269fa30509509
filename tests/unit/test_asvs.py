"""Every requirement of OWASP ASVS 5.0 up to level 2 has one row, and every row something to it."""

import ast
import csv
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "asvs.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| (V\d+\.\d+\.\d+) \| ([12]) \| (.+?) \| (.+) \|$", re.MULTILINE)
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
PLACE = re.compile(r"`([\w./-]+/[\w.-]+\.\w+|Dockerfile|README\.md|compose\.yaml|pyproject\.toml)`")
VERDICT = re.compile(r"\*\*(Tested|By reason|Not applicable|Open)\*\*: \S")


def rows() -> list[tuple[str, str, str, str]]:
    """Return number, level, words and verdict of each row."""
    return [(m[1], m[2], m[3], m[4]) for m in ROW.finditer(PAGE)]


def levels() -> list[tuple[str, str]]:
    """Return number and level of each requirement of the standard, in its order."""
    with (Path(__file__).parent / "asvs_levels.csv").open(encoding="utf-8") as stream:
        return [(row["requirement"], row["level"]) for row in csv.DictReader(stream)]


@cache
def named_in(path: str) -> frozenset[str]:
    """Return the names of the test functions of a file, none when it is not there."""
    file = ROOT / path
    if not file.is_file():
        return frozenset()
    nodes = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    return frozenset(node.name for node in nodes if isinstance(node, ast.FunctionDef))


def test_every_requirement_has_one_row_in_the_order_of_the_standard() -> None:
    assert len(levels()) == 253
    assert [(number, level) for number, level, _words, _verdict in rows()] == levels()
    assert PAGE.count("\n| V") == len(levels()), "a row is not read"


def test_every_row_has_a_verdict_and_what_it_says_is_there() -> None:
    for number, _level, words, verdict in rows():
        assert words.strip(), number
        kind = VERDICT.match(verdict)
        assert kind is not None, f"{number}: {verdict}"
        named = TEST.findall(verdict)
        assert [name for path, name in named if name not in named_in(path)] == [], number
        assert named or kind[1] != "Tested", f"{number} names no test"
        assert not named or kind[1] in ("Tested", "Open"), f"{number} names a test"
        places = [place for place in PLACE.findall(verdict) if not place.startswith("tests/")]
        assert [place for place in places if not (ROOT / place).exists()] == [], number
        assert places or kind[1] not in ("Tested", "By reason"), f"{number} names no place"


def test_the_page_counts_its_rows() -> None:
    verdicts = [VERDICT.match(verdict) for *_others, verdict in rows()]
    kinds = [verdict[1] for verdict in verdicts if verdict is not None]
    for kind in ("Tested", "By reason", "Not applicable", "Open"):
        assert f"| {kind} | {kinds.count(kind)} |" in PAGE
