"""Sale lines as a till exports them, one in a hundred bad in one of ten ways.

    python -m benchmarks.import.make_lines 10000000 PATH/10m.csv

The same number of lines gives the same bytes; 10 million are 600 MB.
"""

import sys
from pathlib import Path

import duckdb

_LINES = """
COPY (
    SELECT
        'F' || lpad(CAST(i // 4 AS VARCHAR), 8, '0') AS document_id,
        CAST(i % 4 + 1 AS VARCHAR) AS line_no,
        'C' || lpad(CAST(hash(i // 4) % 446000 AS VARCHAR), 6, '0') AS client_code,
        'P' || lpad(CAST(hash(i) % 5000 AS VARCHAR), 5, '0') AS product_key,
        CASE bad WHEN 1 THEN 'deux' WHEN 2 THEN ''
            ELSE CAST(1 + hash(i * 7) % 12 AS VARCHAR) END AS quantity,
        CASE bad WHEN 3 THEN '12,3,4' WHEN 4 THEN ''
            ELSE CAST(5 + hash(i * 11) % 200 AS VARCHAR) || '.'
                || lpad(CAST(hash(i * 13) % 100 AS VARCHAR), 2, '0') END AS amount,
        CASE bad WHEN 5 THEN '2024-02-31' WHEN 6 THEN '2031-01-01' WHEN 7 THEN '1024-01-01'
            ELSE CAST(DATE '2022-01-01' + CAST(hash(i // 4 * 17) % 1700 AS INTEGER) AS VARCHAR)
            END AS sale_date,
        CASE bad WHEN 8 THEN 'peut-être' ELSE 'valid' END AS document_status,
        CASE bad WHEN 9 THEN 'XYZ' ELSE 'EUR' END AS currency,
        CASE bad WHEN 10 THEN 'parfois' ELSE 'no' END AS is_gift
    FROM (
        SELECT range AS i,
            CASE WHEN hash(range * 3) % 100 = 0 THEN 1 + hash(range * 5) % 10 ELSE 0 END AS bad
        FROM range({lines})
    )
    ORDER BY i
) TO '{path}' (FORMAT csv, HEADER)
"""


def make_lines(lines: int, path: Path) -> None:
    """Write `lines` sale lines to `path`."""
    with duckdb.connect() as con:
        con.execute(_LINES.format(lines=lines, path=path))


if __name__ == "__main__":
    make_lines(int(sys.argv[1]), Path(sys.argv[2]))
