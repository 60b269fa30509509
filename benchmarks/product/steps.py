"""The steps of `make bench`: ours and its reference, one after the other in one process."""

import io
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import psycopg2

from benchmarks.product.plain_run import plain_run
from benchmarks.product.results import Measured
from benchmarks.scaling.worker import AS_OF
from benchmarks.sending.send import ANSWER_SECONDS, sent_live
from core.services.accounts import SYSTEM, create_tenant
from core.services.execute_run import create_run, execute
from core.services.export_run import export_file
from core.services.run_reports import customer_of_run, lowest_scores, qc_of
from core.store.identity import new_id
from core.store.run_outputs import OUTPUT_COLUMNS
from core.store.tenant import Store, TenantStore

loading = import_module("benchmarks.import.load")  # `import` is no name to import from
making = import_module("benchmarks.import.make_lines")
reading = import_module("benchmarks.import.read")

LINES_PER_CUSTOMER = 20
ROUNDS = 3
PAGES = 20
PAGE_ROUNDS = 30
_OF_RUN = "tenant_id = %(tenant)s AND run_id = %(run)s"
_BARE = {
    "page: 20 lowest scores": (
        f"SELECT * FROM next_action_output WHERE {_OF_RUN} AND until_review IS NULL"
        ' ORDER BY audit_score, customer COLLATE "C" LIMIT 20',
    ),
    "page: figures of quality control": (f"SELECT summary_json, qc_json FROM run WHERE {_OF_RUN}",),
    "page: a customer": tuple(
        f"SELECT * FROM {table} WHERE tenant_id = %(tenant)s AND customer = %(customer)s"
        for table in ("next_action_output", "reco_output", "audit_output", "sale_line")
    ),
}


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that `work` takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def measure_import(store: Store, url: str, folder: Path, customers: int) -> Iterator[Measured]:
    """Import sale lines of a till; read them typed with DuckDB, and COPY what was accepted."""
    lines, source = LINES_PER_CUSTOMER * customers, folder / "lines.csv"
    making.make_lines(lines, source)
    typed = min(timed(lambda: reading.typed_read(source, folder)) for _ in range(ROUNDS))
    tenant = store.tenant_store(create_tenant(store, f"import-{new_id()[:8]}", "Bench"))
    watch, report = loading.bring(tenant, source, folder)
    clean = folder / "clean.csv"
    loading.write_clean(tenant, str(report["import_id"]), clean)
    yield Measured(
        step="import, whole",
        ours=watch.seconds,
        reference=typed,
        beside="DuckDB's typed read of the file",
        note=f"{lines:,} sale lines, one in a hundred bad, from the file to five indexes; the"
        f" reference leaves bad rows out and stores nothing, least of {ROUNDS}.",
    )
    yield Measured(
        step="import, load alone",
        ours=watch.loading,
        reference=loading.copy_reference(url, clean),
        beside="COPY of the accepted rows into a table with the same indexes",
    )


def measure_run(tenant: TenantStore, url: str) -> tuple[str, Measured]:
    """Execute a run in this process; the reference ranks by frequency and stores as many rows."""
    run_id = create_run(tenant, SYSTEM, as_of=AS_OF)
    ours = timed(lambda: execute(tenant, run_id))
    with tenant.read() as tx:
        customers = tx.scalar("SELECT count(*) FROM customer WHERE tenant_id = :tenant")
    return run_id, Measured(
        step="run",
        ours=ours,
        reference=timed(lambda: plain_run(tenant, url)),
        beside="a plain run: each customer's most frequent products, filled up with popular ones",
        note=f"{customers:,} customers of {LINES_PER_CUSTOMER} lines. Ours: facts, model, five"
        " scenarios, repair, audit, sentences, reasons and four tables. The plain run reads lines"
        " by COPY, ranks with one query and stores its lists by COPY, without any of these.",
    )


def measure_export(tenant: TenantStore, url: str, run_id: str) -> Measured:
    """Stream `reco_output.csv`; the reference is COPY of the same query to nowhere."""
    columns = ", ".join(OUTPUT_COLUMNS["reco_output"])
    columns = columns.replace("customer_code", "customer AS customer_code")
    query = (
        f"SELECT {columns} FROM reco_output WHERE tenant_id = '{tenant.tenant_id}'"
        f" AND run_id = '{run_id}' ORDER BY customer COLLATE \"C\", rank"
    )
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:

        def copy() -> None:
            cursor.copy_expert(f"COPY ({query}) TO STDOUT (FORMAT csv, HEADER)", io.BytesIO())

        reference = min(timed(copy) for _ in range(ROUNDS))
    return Measured(
        step="export of recommendations",
        ours=min(timed(lambda: _drained(tenant, run_id)) for _ in range(ROUNDS)),
        reference=reference,
        beside="COPY TO STDOUT of the same query",
        note=f"As the service streams it, without HTTP; least of {ROUNDS}.",
    )


def _drained(tenant: TenantStore, run_id: str) -> None:
    for _piece in export_file(tenant, run_id, "reco_output.csv"):
        pass


def measure_pages(tenant: TenantStore, url: str, run_id: str) -> Iterator[Measured]:
    """Make the reads of pages; the references are the SELECTs of the rows they show."""
    customer = lowest_scores(tenant, run_id, limit=PAGES).verdicts[-1].customer
    ours = (
        lambda: lowest_scores(tenant, run_id, limit=PAGES),
        lambda: qc_of(tenant, run_id),
        lambda: customer_of_run(tenant, run_id, customer),
    )
    bound = {"tenant": tenant.tenant_id, "run": run_id, "customer": customer}
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        for (step, queries), read in zip(_BARE.items(), ours, strict=True):
            bare = partial(_select, cursor, queries, bound)
            yield Measured(
                step=step,
                ours=min(timed(read) for _ in range(PAGE_ROUNDS)),
                reference=min(timed(bare) for _ in range(PAGE_ROUNDS)),
                beside="bare SELECT of the rows on one open connection",
                note=f"The least of {PAGE_ROUNDS}, warm; the service, without drawing the page.",
            )


def _select(cursor: Any, queries: tuple[str, ...], bound: dict[str, str]) -> None:
    for query in queries:
        cursor.execute(query, bound)
        cursor.fetchall()


def measure_sends(recipients: int) -> Measured:
    """Send a live campaign to the double of Brevo; ideal is waiting for its answers alone."""
    sent = sent_live(recipients, None)
    return Measured(
        step="live send",
        ours=sent.seconds,
        reference=recipients * ANSWER_SECONDS / sent.in_flight,
        beside=f"ideal: N x {1000 * ANSWER_SECONDS:.0f} ms / {sent.in_flight} in flight",
        note=f"{recipients:,} recipients, SQLite with synchronous = FULL, against the double of"
        f" Brevo in a process of its own; {sent.ledger} (addresses, twice, violations).",
    )


def postgres_version(url: str) -> str:
    """Return what the server says it is."""
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        return str(cursor.fetchone()[0])
