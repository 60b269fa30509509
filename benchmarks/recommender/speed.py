"""The whole recommender against `implicit`'s item neighbours, on the same customers in one run.

    python -m benchmarks.recommender.speed FOLDER

`FOLDER` is what `make_tenant` wrote. Ours: from the lines in Parquet to the result tables (facts,
timing, affinity, five scenarios, repair, audit, verdicts, sentences and reasons), `TOP_N` items
a customer. Theirs: `CosineRecommender(K=50)`, fit and recommend, from a matrix in memory. Each
runs in a process of its own, after a round on few customers that loads what is compiled; they
alternate, the best of `ROUNDS` counts. Needs the package `implicit`.
"""

import multiprocessing
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import duckdb

from benchmarks.recommender.make_tenant import make_tenant, open_tenant
from core.audit.addresses import check_addresses
from core.audit.gate import decide
from core.audit.repair import repair_lists
from core.audit.rules import find_issues
from core.policy import Policy
from core.reco.features import build_facts
from core.reco.ranking import explain_ranked, rank_candidates

AS_OF = date(2026, 3, 14)
TOP_N = 5
ROUNDS = 3
EXPLAINED = 100_000  # customers at a time, as in a run
Seconds = dict[str, float]


def recommend(folder: Path) -> Seconds:
    """Return the seconds of each stage of ours, from Parquet to the result tables."""
    seconds: Seconds = {}

    @contextmanager
    def stage(name: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        seconds[name] = time.perf_counter() - start

    policy = Policy(top_n=TOP_N)
    con = open_tenant(folder)
    with stage("facts"):
        facts = build_facts(con, AS_OF, policy)
    with stage("addresses"):
        check_addresses(con)
    with stage("rank"):
        ranked = rank_candidates(con, facts, AS_OF, policy)
    with stage("repair"):
        repair_lists(con, AS_OF, policy)
    with stage("audit"):
        find_issues(con, "repaired_list", AS_OF, policy)
        decide(con, "repaired_list", policy)
    with stage("reasons"):
        customers = ranked.history.customers
        for low in range(0, customers, EXPLAINED):
            part = (low, min(low + EXPLAINED, customers))
            explain_ranked(con, ranked, "repaired_list", AS_OF, policy, "fr", part)
    con.close()
    return seconds


def implicit_recommend(folder: Path) -> Seconds:
    """Return the seconds of `implicit`, the making of its matrix left out."""
    import numpy as np
    import scipy.sparse as sparse
    from implicit.nearest_neighbours import CosineRecommender

    with duckdb.connect() as con:
        found = con.execute(
            "SELECT substr(customer, 2)::INTEGER, substr(product_key, 2)::INTEGER FROM"
            f" '{folder / 'lines.parquet'}'"
        ).fetchnumpy()
    customer, item = found.values()
    shape = (int(customer.max()) + 1, int(item.max()) + 1)
    bought = sparse.csr_matrix((np.ones(len(item), np.float32), (customer, item)), shape=shape)
    bought.sum_duplicates()
    model = CosineRecommender(K=50)
    start = time.perf_counter()
    model.fit(bought, show_progress=False)
    fitted = time.perf_counter()
    model.recommend(np.arange(shape[0]), bought, N=TOP_N)
    return {"fit": fitted - start, "recommend": time.perf_counter() - fitted}


def measured(work: Callable[[Path], Seconds], folder: Path) -> tuple[Seconds, float]:
    """Return the seconds and the peak gigabytes of `work` in a process of its own."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(_warmed, (work, folder))


def _warmed(work: Callable[[Path], Seconds], folder: Path) -> tuple[Seconds, float]:
    small = folder / "small"
    if not small.exists():
        make_tenant(small, 2_000)
    work(small)
    seconds = work(folder)
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def main(folder: Path) -> None:
    """Print the best of each side and their ratio."""
    best: dict[str, tuple[Seconds, float]] = {}
    for _ in range(ROUNDS):
        for name, work in (("ours", recommend), ("implicit", implicit_recommend)):
            found = measured(work, folder)
            if name not in best or sum(found[0].values()) < sum(best[name][0].values()):
                best[name] = found
    for name, (seconds, peak) in best.items():
        stages = ", ".join(f"{stage} {value:.1f}" for stage, value in seconds.items())
        print(f"{name}: {sum(seconds.values()):.1f} s ({stages}), peak {peak:.1f} GB")
    ours, theirs = (sum(best[name][0].values()) for name in ("ours", "implicit"))
    print(f"ours / implicit = {ours / theirs:.2f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
