"""Seconds, processor time and peak memory of a piece of work, each in a process of its own."""

import multiprocessing
import os
import resource
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROUNDS = 3
PROBE_SECONDS = 0.05
_TICKS = os.sysconf("SC_CLK_TCK")
_FORKED = multiprocessing.get_context("fork")  # modules are loaded, nothing else is


@dataclass(frozen=True)
class Spent:
    """Seconds by the clock, and of processors: this process's and the database server's."""

    seconds: float
    cpu: float


def spent_on(work: Callable[[], object], server: int | None) -> Spent:
    """Do `work` once; `server` is the process id of Postgres' postmaster, None on SQLite."""
    began, cpu = time.perf_counter(), _cpu(server)
    work()
    return Spent(time.perf_counter() - began, _cpu(server) - cpu)


def first_and_least(work: Callable[[], object], server: int | None) -> tuple[Spent, Spent]:
    """Return what the first call spends, and the least of the next `ROUNDS`."""
    first = spent_on(work, server)
    later = [spent_on(work, server) for _ in range(ROUNDS)]
    return first, Spent(min(one.seconds for one in later), min(one.cpu for one in later))


def apart(work: Callable[..., Any], *values: object) -> Any:
    """Return what `work` returns, called in a fresh process."""
    here, there = _FORKED.Pipe(duplex=False)
    process = _FORKED.Process(target=_send, args=(there, work, values))
    process.start()
    there.close()
    try:
        return here.recv()
    finally:
        process.join()


def peak_gb() -> float:
    """Return the highest resident memory of this process so far, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


@contextmanager
def another_writer(database: Path | None) -> Iterator[Any]:
    """Let another process write a little to SQLite's `database` every `PROBE_SECONDS`.

    Yields a shared value that holds the seconds of its longest wait, 0 without a database.
    """
    ended, waited = _FORKED.Event(), _FORKED.Value("d", 0.0)
    if database is None:
        yield waited
        return
    other = _FORKED.Process(target=_write_often, args=(database, ended, waited))
    other.start()
    try:
        yield waited
    finally:
        ended.set()
        other.join()


def _write_often(database: Path, ended: Any, waited: Any) -> None:
    with sqlite3.connect(database, timeout=120, isolation_level=None) as connection:
        while not ended.wait(PROBE_SECONDS):
            began = time.perf_counter()
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("UPDATE tenant_head SET staged_seq = staged_seq")
            connection.execute("COMMIT")
            waited.value = max(waited.value, time.perf_counter() - began)


def _send(pipe: Any, work: Callable[..., Any], values: tuple[object, ...]) -> None:
    pipe.send(work(*values))


def _cpu(server: int | None) -> float:
    own = resource.getrusage(resource.RUSAGE_SELF)
    return own.ru_utime + own.ru_stime + (_server_cpu(server) if server else 0.0)


def _server_cpu(server: int) -> float:
    """Return the processor time of the server, of its children, and of those that have ended."""
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if path.parent.name == str(server):
            ticks += sum(map(int, fields[11:15]))
        elif fields[1] == str(server):
            ticks += sum(map(int, fields[11:13]))
    return ticks / _TICKS
