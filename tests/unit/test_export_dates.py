"""When a file was exported, as far as its name says so."""

from datetime import UTC, date, datetime

import pytest

from core.services.import_archive import exported_at_of

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
AS_OF = date(2026, 3, 2)


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("clients_20260214.csv", date(2026, 2, 14)),
        ("clients_2026-03-02.csv", date(2026, 3, 2)),
        ("ventes_20250101_20251231.csv", date(2025, 12, 31)),
        ("ventes_20250101_20260131.csv", date(2026, 1, 31)),
        ("20260201 ventes 2024-01-01 2025-12-31.csv", date(2025, 12, 31)),
        ("ventes_20260131_20260231.csv", date(2026, 1, 31)),
    ],
)
def test_the_last_date_in_a_name_is_that_of_the_export(name: str, day: date) -> None:
    assert exported_at_of(name, NOW, AS_OF) == datetime(day.year, day.month, day.day, tzinfo=UTC)


@pytest.mark.parametrize(
    "name",
    ["clients.csv", "clients_20301231.csv", "ventes_20250101_20261231.csv", "c_20260303.csv"],
)
def test_a_date_to_come_is_no_date_of_an_export(name: str) -> None:
    assert exported_at_of(name, NOW, AS_OF) == NOW


def test_an_import_as_of_a_later_day_knows_the_dates_up_to_it() -> None:
    late = date(2026, 10, 31)
    assert exported_at_of("c_20261031.csv", NOW, late) == datetime(2026, 10, 31, tzinfo=UTC)
    assert exported_at_of("c_20261101.csv", NOW, late) == NOW


def test_a_demonstration_knows_the_dates_up_to_the_day_of_receipt() -> None:
    assert exported_at_of("c_20260301.csv", NOW, date(2025, 1, 1)).date() == date(2026, 3, 1)
