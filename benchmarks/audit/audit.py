"""Audit and repair of all lists, against writing the same rows to Parquet, in one run.

    python -m benchmarks.audit.audit FOLDER

`FOLDER` is what `benchmarks.recommender.make_tenant` wrote. Facts and candidates are there before
the clock runs; then every tenth customer was sent her first candidate, so that as many lists need
repair. The clock stops when lists, issues and verdicts stand. The same rows (lists, issues,
verdicts) are then written to Parquet, compressed as DuckDB does. Best of `ROUNDS`.
"""

import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from duckdb import DuckDBPyConnection

from benchmarks.recommender.make_tenant import open_tenant
from core.audit.addresses import check_addresses
from core.audit.gate import decide
from core.audit.repair import repair_lists
from core.audit.rules import find_issues
from core.counts import count_rows
from core.policy import Policy
from core.reco.features import build_facts
from core.reco.ranking import rank_candidates

AS_OF = date(2026, 3, 14)
TOP_N = 5
ROUNDS = 3
SENT = """
INSERT INTO sent_items (customer, product_key, sent_on)
SELECT customer, product_key, $as_of
FROM candidates
JOIN customer_numbers USING (customer_no)
JOIN product_numbers USING (product_no)
WHERE position = 1 AND customer_no % 10 = 0
"""
TABLES = ("repaired_list", "issues", "verdicts")


def audited(con: DuckDBPyConnection, policy: Policy) -> tuple[float, float]:
    """Return the seconds of the repair and of the audit with its verdicts."""
    start = time.perf_counter()
    repair_lists(con, AS_OF, policy)
    repaired = time.perf_counter()
    find_issues(con, "repaired_list", AS_OF, policy)
    decide(con, "repaired_list", policy)
    return repaired - start, time.perf_counter() - repaired


def written(con: DuckDBPyConnection) -> float:
    """Return the seconds it takes to write `TABLES` to Parquet."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        for table in TABLES:
            con.execute(f"COPY {table} TO '{folder}/{table}.parquet' (FORMAT parquet)")
        return time.perf_counter() - start


def main(folder: Path) -> None:
    """Print the seconds of both and their ratio."""
    policy = Policy(top_n=TOP_N)
    con = open_tenant(folder)
    facts = build_facts(con, AS_OF, policy)
    check_addresses(con)
    rank_candidates(con, facts, AS_OF, policy)
    con.execute(SENT, {"as_of": AS_OF})
    rounds = []
    for _ in range(ROUNDS):
        repair, audit = audited(con, policy)
        rounds.append((repair + audit, repair, audit, written(con)))
    total, repair, audit, _ = min(rounds)
    parquet = min(seconds for *_, seconds in rounds)
    counts = ", ".join(f"{count_rows(con, table)} {table}" for table in (*TABLES, "repairs"))
    print(counts)
    print(f"repair {repair:.2f} s, audit {audit:.2f} s, together {total:.2f} s")
    print(f"Parquet {parquet:.2f} s, ratio {total / parquet:.2f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
