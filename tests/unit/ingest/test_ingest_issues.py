from pathlib import Path

from core.ingest.issues import ISSUES, Effect
from core.ingest.records import BAD_CODES
from scripts.make_row_issues import TARGET, write_page

ROOT = Path(__file__).parents[3]


def test_every_code_of_the_sources_is_registered() -> None:
    sources = "".join(p.read_text() for p in (ROOT / "core" / "ingest").glob("*.py"))
    for code in ISSUES:
        assert sources.count(code) >= 2, f"{code} is registered and never given"
    assert set(BAD_CODES) <= {c for c, issue in ISSUES.items() if issue.effect is Effect.REJECT}


def test_the_catalogue_of_codes_is_current() -> None:
    assert (ROOT / TARGET).read_text(encoding="utf-8") == write_page()
