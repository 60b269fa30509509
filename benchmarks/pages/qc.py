"""Quality control on a run of 500,000 customers: its reads, a review, the exports, the reserve.

    python -m benchmarks.pages.qc TENANT FOLDER [DATABASE_URL] [STEP ...]

`TENANT` holds the Parquet of `benchmarks.recommender.make_tenant`; `FOLDER` receives everything
else. `DATABASE_URL` is SQLite's in `FOLDER` unless given; `postgres` starts the embedded one there.
Steps, in this order and all unless named: `fill` makes the tenant (`large_tenant`); `run` executes
a run; `reads` times every read of the page (`page_reads`); `review` rejects the tenth product by
frequency everywhere, approves who fails the most frequent rule, and applies both; `reviewed` times
the reads again, at the review; `files` writes the exports of both versions; `bytes` weighs the
tables.

Each read has a process of its own, forked after the modules are loaded and before anything is
opened: its first call is the cold one, and then it is called three times, of which the least
counts. The database's own cache and the operating system's stay warm. Beside seconds stand those of
processors, of this process and of Postgres' server, because the machine may have other work.
During run and review on SQLite another process writes a little every 50 ms and notes its longest
wait. Peak memory is that of the process that does the work.
"""

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

from benchmarks.pages.large_tenant import AS_OF, EMBEDDED, fill, opened, served
from benchmarks.pages.measuring import another_writer, apart, first_and_least, peak_gb, spent_on
from benchmarks.pages.page_reads import READS, Chosen, bound, choose
from core.contracts import RunVersion
from core.services.accounts import SYSTEM
from core.services.execute_run import create_run, execute
from core.services.export_run import EXPORT_NAMES, export_file
from core.services.review import Subject, decide_on
from core.services.review_meant import APPROVE, REJECT
from core.services.review_work import apply_decisions
from core.services.run_reports import list_runs
from core.store import run_rows
from core.store.run_reads import VerdictFilter

TOP_N = 5
# One workbook stands for the others: 2.5 million rows of eight text cells take minutes.
FILES = tuple(
    name for name in EXPORT_NAMES if name not in ("reco_output.xlsx", "audit_output.xlsx")
)
_WEIGHED = ("reco_output", "audit_output", "next_action_output", "run_reserve", "sale_line")


class Bench:
    """A database with its tenant; each method is a step."""

    def __init__(self, url: str, folder: Path, source: Path, server: int | None) -> None:
        self.url, self.folder, self.source, self.server = url, folder, source, server
        self.database = Path(url.removeprefix("sqlite:///")) if server is None else None

    def fill(self) -> None:
        print(f"fill {apart(self._timed_fill):.1f} s")

    def run(self) -> None:
        with another_writer(self.database) as waited:
            lines = apart(self._execute)
        print("\n".join(lines), f"\nlongest wait of another writer {waited.value:.2f} s")

    def reads(self) -> None:
        self._show_reads("reads")

    def reviewed(self) -> None:
        self._show_reads("reads at the review")

    def review(self) -> None:
        chosen = apart(self._choose)
        print(apart(self._decide, chosen))
        with another_writer(self.database) as waited:
            print(apart(self._apply, chosen.run_id))
        print(f"longest wait of another writer {waited.value:.2f} s")

    def files(self) -> None:
        run_id = apart(self._choose).run_id
        print("| file | original, s | CPU | reviewed, s | CPU | MB | peak GB |\n|" + "---|" * 7)
        for name in FILES:
            print(apart(self._export, run_id, name), flush=True)

    def bytes(self) -> None:
        for table, size in apart(self._sizes).items():
            print(f"{table} {size / 1e6:.0f} MB")

    def _timed_fill(self) -> float:
        began = time.perf_counter()
        fill(self.url, self.folder, self.source)
        return time.perf_counter() - began

    def _execute(self) -> list[str]:
        with opened(self.url, self.folder) as store, _tables_timed() as stored:
            run_id = create_run(store, SYSTEM, as_of=AS_OF, top_n=TOP_N)
            spent = spent_on(lambda: execute(store, run_id), self.server)
            detail = list_runs(store, limit=1)[0]
        tables = ", ".join(f"{table} {seconds:.1f}" for table, seconds in stored.items())
        return [
            f"run {spent.seconds:.1f} s, CPU {spent.cpu:.1f} s, peak {peak_gb():.1f} GB",
            f"storing: {tables}",
            f"{detail.customers} customers, {detail.eligible} eligible,"
            f" {detail.recommendations} recommendations",
        ]

    def _show_reads(self, title: str) -> None:
        chosen = apart(self._choose)
        print(
            f"{title}: {chosen}\n| read | first, s | CPU | least, s | CPU |\n|---|---|---|---|---|"
        )
        for name in READS:
            print(apart(self._read, name, chosen), flush=True)

    def _read(self, name: str, chosen: Chosen) -> str:
        with opened(self.url, self.folder) as store:
            first, least = first_and_least(bound(name, store, chosen), self.server)
        cells = (first.seconds, first.cpu, least.seconds, least.cpu)
        return f"| {name} | {' | '.join(f'{cell:.3f}' for cell in cells)} |"

    def _choose(self) -> Chosen:
        with opened(self.url, self.folder) as store:
            return choose(store, list_runs(store, limit=1)[0].run_id)

    def _decide(self, chosen: Chosen) -> str:
        everywhere = Subject(product_key=chosen.rejected)
        failing = Subject(customers_like=VerdictFilter(rule=chosen.rule))
        with opened(self.url, self.folder) as store:
            spent = [
                spent_on(
                    lambda kind=kind, subject=subject: decide_on(
                        store, SYSTEM, chosen.run_id, kind, subject, note="benchmark"
                    ),
                    self.server,
                )
                for kind, subject in ((REJECT, everywhere), (APPROVE, failing))
            ]
        return ", ".join(f"decided in {one.seconds:.3f} s (CPU {one.cpu:.3f})" for one in spent)

    def _apply(self, run_id: str) -> str:
        marks: list[tuple[float, str]] = []
        with opened(self.url, self.folder) as store:
            spent = spent_on(
                lambda: apply_decisions(
                    store, run_id, lambda stage, *_: marks.append((time.perf_counter(), stage))
                ),
                self.server,
            )
        marks.append((time.perf_counter(), ""))
        stages = ", ".join(f"{stage} {then - at:.1f}" for (at, stage), (then, _) in pairwise(marks))
        return (
            f"review {spent.seconds:.1f} s, CPU {spent.cpu:.1f} s, peak {peak_gb():.1f} GB"
            f"\nstages: {stages}"
        )

    def _export(self, run_id: str, name: str) -> str:
        cells, size = [], 0
        with opened(self.url, self.folder) as store:
            for version in (RunVersion.ORIGINAL, RunVersion.REVIEWED):
                sizes: list[int] = []
                spent = spent_on(
                    lambda version=version, sizes=sizes: sizes.extend(
                        map(len, export_file(store, run_id, name, version))
                    ),
                    self.server,
                )
                cells += [spent.seconds, spent.cpu]
                size = sum(sizes)
        figures = " | ".join(f"{cell:.2f}" for cell in cells)
        return f"| {name} | {figures} | {size / 1e6:.1f} | {peak_gb():.2f} |"

    def _sizes(self) -> Mapping[str, int]:
        """Return the bytes of each table with its indexes."""
        sql = (
            "SELECT sum(pgsize) FROM dbstat WHERE :tenant <> '' AND name IN (SELECT name"
            " FROM sqlite_master WHERE tbl_name = :name)"
            if self.server is None
            else "SELECT pg_total_relation_size(CAST(:name AS TEXT)) WHERE :tenant <> ''"
        )
        with opened(self.url, self.folder) as store, store.read() as tx:
            return {table: int(tx.scalar(sql, name=table)) for table in _WEIGHED}


@contextmanager
def _tables_timed() -> Iterator[Mapping[str, float]]:
    """Yield the seconds that storing each table of a run takes."""
    seconds: dict[str, float] = {}
    store_table = run_rows._store

    def timed(store: object, con: object, run_id: str, table: str) -> None:
        began = time.perf_counter()
        store_table(store, con, run_id, table)
        seconds[table] = seconds.get(table, 0.0) + time.perf_counter() - began

    run_rows._store = timed
    try:
        yield seconds
    finally:
        run_rows._store = store_table


STEPS = ("fill", "run", "reads", "review", "reviewed", "files", "bytes")


def main(source: Path, folder: Path, url: str, steps: tuple[str, ...]) -> None:
    """Take the steps, each printed under its name."""
    folder.mkdir(parents=True, exist_ok=True)
    with served(url, folder) as (address, server):
        bench = Bench(address, folder, source, server)
        for step in steps:
            print(f"\n## {step}", flush=True)
            getattr(bench, step)()


if __name__ == "__main__":
    given = sys.argv[3:]
    is_url = bool(given) and (given[0] == EMBEDDED or "://" in given[0])
    target = Path(sys.argv[2]).absolute()
    database = given[0] if is_url else f"sqlite:///{target}/crm.db"
    main(Path(sys.argv[1]), target, database, tuple(given[is_url:]) or STEPS)
