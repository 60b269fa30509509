"""Every column of every table has a fate in an erasure, and what is kept has its reason."""

import pytest
from sqlalchemy import MetaData

from core.store.identity_models import identity_metadata
from core.store.models import data_metadata
from core.store.personal_columns import DATA, IDENTITY, Fate, Fates


@pytest.mark.parametrize(
    ("metadata", "fates"), [(data_metadata, DATA), (identity_metadata, IDENTITY)]
)
def test_every_column_has_one_fate(metadata: MetaData, fates: dict[str, Fates]) -> None:
    there = {table.name: {c.name for c in table.columns} for table in metadata.tables.values()}
    assert {table: set(columns) for table, columns in fates.items()} == there


def test_what_is_kept_has_its_reason_and_a_row_goes_as_a_whole() -> None:
    for columns in (*DATA.values(), *IDENTITY.values()):
        assert all(column.reason for column in columns.values() if column.fate is Fate.KEPT)
        # A text may name her in a row of another, too.
        whole = [column for column in columns.values() if column.fate is not Fate.REDACTED]
        goes = {column.fate is Fate.DELETED for column in whole}
        assert len(goes) == 1
