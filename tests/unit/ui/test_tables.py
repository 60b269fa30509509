"""How tables write their numbers."""

import pytest

from ui import tables
from ui.tables import money_column, number_column, percent_column, styled

TITLES = {
    "name": "Customer",
    "rows": number_column("Rows"),
    "score": number_column("Score", digits=3),
    "share": percent_column("Share"),
    "value": money_column("Revenue", "EUR"),
}
ROW = {"name": "Anne", "rows": 1234, "score": 0.5, "share": 0.2725, "value": 123456}


@pytest.mark.parametrize(
    ("language", "written"),
    [
        ("en", ["Anne", "1,234", "0.500", "27.3%", "€1,234.56"]),
        ("fr", ["Anne", "1\u202f234", "0,500", "27,3\u00a0%", "1\u202f234,56\u00a0€"]),
    ],
)
def test_numbers_are_written_in_the_language_of_the_page(
    monkeypatch: pytest.MonkeyPatch, language: str, written: list[str]
) -> None:
    monkeypatch.setattr("ui.i18n.current_language", lambda: language)
    assert _written([ROW]) == [written]


def test_numbers_stay_numbers_to_sort_by_and_a_missing_one_is_a_dash() -> None:
    frame = styled([ROW, {**ROW, "rows": None}], TITLES)
    assert frame.data["rows"].iloc[0] == 1234  # type: ignore[attr-defined]
    assert _written([ROW, {**ROW, "rows": None}])[1][1] == tables.NO_VALUE


def test_a_file_of_the_table_has_no_formula_and_amounts_in_the_currency() -> None:
    rows = [{**ROW, "name": name} for name in ("=1+1", "'=1+1", "A;@b", None)]
    frame = styled(rows, TITLES).data  # type: ignore[attr-defined]
    assert frame["name"].tolist()[:3] == ["'=1+1", "''=1+1", "A;'@b"]
    assert frame["value"].iloc[0] == 1234.56
    assert [line[0] for line in _written(rows)] == ["=1+1", "'=1+1", "A;@b", tables.NO_VALUE]


def _written(rows: list[dict[str, object]]) -> list[list[str]]:
    body = styled(rows, TITLES)._translate(False, False)["body"]  # type: ignore[attr-defined]
    return [[str(cell["display_value"]) for cell in line if cell["type"] == "td"] for line in body]
