"""What Postgres writes out is read as it was, whatever line breaks the cells hold."""

from pathlib import Path

import duckdb
import pytest

from core.store.bulk import read_copied


@pytest.mark.parametrize("text", ["a\r\nb", "a\rb", "a\nb", '"\r\n'])
def test_a_line_break_in_the_first_cell_is_not_taken_for_that_of_the_rows(
    tmp_path: Path, text: str
) -> None:
    path = tmp_path / "rows.csv"
    quoted = text.replace('"', '""')
    path.write_bytes(f'"{quoted}","1"\n"second","2"\n'.encode())
    with duckdb.connect() as con:
        con.execute("CREATE TABLE copied (text VARCHAR, number INTEGER)")
        read_copied(con, "copied", {"text": "VARCHAR", "number": "INTEGER"}, path)
        assert con.execute("FROM copied ORDER BY number").fetchall() == [(text, 1), ("second", 2)]
