"""The form in which addresses are compared: one and the same in Python and in DuckDB."""

import sys

import duckdb
import pytest

from core.contracts import normalise_address
from core.ingest.identity import EMAIL_NORM

LETTERS = "".join(map(chr, [*range(1, 0xD800), *range(0xE000, sys.maxunicode + 1)]))


@pytest.mark.parametrize("address", [f"<{LETTERS}>", "İnci@example.com", "ΝΊΚΟΣ@example.gr"])
def test_an_address_is_compared_as_imports_compare_it(address: str) -> None:
    (known,) = duckdb.execute(f"SELECT {EMAIL_NORM} FROM (SELECT ? AS email)", [address]).fetchall()
    # Told by place: to explain how a million letters differ would take minutes.
    found = normalise_address(f" {address}\t")
    assert [n for n, (a, b) in enumerate(zip(found, known[0], strict=True)) if a != b][:9] == []
