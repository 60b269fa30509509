"""Locks whose connection or file is gone, and transactions on Postgres whose connection is."""

import contextlib
import fcntl
import os
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TextIO

import pytest
from sqlalchemy import Engine, text

from core.errors import Busy, StoreUnavailable
from core.store import locks
from tests.contract.conftest import MakeStore, new_tenant
from tests.contract.kill_worlds import end_connections

pytestmark = pytest.mark.both_stores


@pytest.mark.postgres
def test_a_lock_whose_connection_is_gone_is_free_and_let_go_in_silence(
    make_store: MakeStore,
) -> None:
    tenant = new_tenant(make_store("postgres"))
    with locks.exclusive(tenant, "send", "busy"):
        with pytest.raises(Busy), locks.exclusive(tenant, "send", "busy"):
            pass
        end_connections(tenant.store.settings.database_url)
        with locks.exclusive(tenant, "send", "busy"):
            pass


@pytest.mark.postgres
def test_what_a_process_asked_that_died_is_computed_no_further(make_store: MakeStore) -> None:
    engine = make_store("postgres").data_engine
    with closing(engine.raw_connection()) as asking, ThreadPoolExecutor() as pool:
        driver = asking.driver_connection
        assert driver is not None
        server = driver.info.backend_pid
        asked = pool.submit(driver.cursor().execute, "SELECT pg_sleep(60)")
        line = socket.socket(fileno=os.dup(driver.fileno()))
        time.sleep(0.5)
        line.shutdown(socket.SHUT_RDWR)  # as the end of the process does
        line.close()
        assert asked.exception() is not None
        until = time.monotonic() + 20
        while _is_at_work(engine, server) and time.monotonic() < until:
            time.sleep(0.2)
        assert not _is_at_work(engine, server)


def _is_at_work(engine: Engine, pid: int) -> bool:
    sql = text("SELECT count(*) FROM pg_stat_activity WHERE pid = :pid")
    with engine.connect() as connection:
        return bool(connection.execute(sql, {"pid": pid}).scalar_one())


def test_a_file_that_its_last_holder_removes_meanwhile_is_no_lock(
    make_store: MakeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = new_tenant(make_store("sqlite"))
    with locks.exclusive(tenant, "send", "busy"):
        (path,) = tenant.folder.glob(".*.lock")
    assert not path.exists()
    flock, opened = fcntl.flock, []

    def flock_late(stream: TextIO, kind: int) -> None:
        if not opened:
            path.unlink()
            path.touch()
        opened.append(stream)
        flock(stream, kind)

    monkeypatch.setattr("core.store.locks.fcntl.flock", flock_late)
    with (
        locks.exclusive(tenant, "send", "busy"),
        pytest.raises(Busy),
        locks.exclusive(tenant, "send", "busy"),
    ):
        pass


def test_who_takes_a_lock_while_somebody_looks_is_not_refused(
    make_store: MakeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = new_tenant(make_store("sqlite"))
    waits = []
    with contextlib.ExitStack() as looking:
        looking.enter_context(locks._file_lock(tenant, "send", "busy", is_shared=True))
        monkeypatch.setattr(locks, "sleep", lambda s: [waits.append(s), looking.close()])
        with locks.exclusive(tenant, "send", "busy"):
            assert waits


@pytest.mark.postgres
def test_reading_on_over_a_connection_that_is_gone_is_no_answer_of_the_database(
    make_store: MakeStore,
) -> None:
    tenant = new_tenant(make_store("postgres"))

    def read_on() -> None:
        with tenant.begin() as tx:
            end_connections(tenant.store.settings.database_url)
            tx.compares_bytes()  # by the driver's own cursor, as COPY

    with pytest.raises(StoreUnavailable):
        read_on()
