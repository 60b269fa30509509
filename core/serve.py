"""The processes of an instance: a worker, and the supervisor of `make run`."""

import os
import signal
import subprocess
import sys
import threading
import time
from types import FrameType

from core.jobs.worker import run_worker
from core.services.leftovers import clear_leftovers
from core.settings import Settings, check_secrets, current_settings
from core.store.tenant import Store

_RESTART_SECONDS = 1.0
_STOP_SECONDS = 10.0


def work_until_interrupted(store: Store) -> None:
    """Work on queued jobs until SIGINT or SIGTERM, or until the supervisor is gone."""
    stop = _stop_on_signals()
    supervisor = os.environ.get("IACRM_SUPERVISOR_PID")
    if supervisor:
        threading.Thread(target=_stop_without, args=(int(supervisor), stop), daemon=True).start()
    check_secrets(store.settings)
    clear_leftovers(store.now())
    run_worker(store, stop)


def serve_until_interrupted(port: int) -> None:
    """Run the web process and one worker; end both on SIGINT or SIGTERM.

    A worker that dies is started again: what it was doing goes on. When the web process ends,
    so does everything, with its exit code.
    """
    stop = _stop_on_signals()
    environment = child_environment(port, current_settings())
    web = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)],
        env=environment,
    )
    worker = _start_worker(environment)
    while not stop.wait(_RESTART_SECONDS) and web.poll() is None:
        if worker.poll() is not None:
            worker = _start_worker(environment)
    for process in (web, worker):
        process.terminate()
    for process in (web, worker):
        _wait(process)
    if not stop.is_set():
        sys.exit(web.returncode)


def child_environment(port: int, settings: Settings) -> dict[str, str]:
    """Return what the web process and the worker are given: links lead to `port` unless told."""
    environment = {**os.environ, "IACRM_SUPERVISOR_PID": str(os.getpid())}
    if "public_base_url" not in settings.model_fields_set:
        environment["PUBLIC_BASE_URL"] = f"http://localhost:{port}"
    return environment


def _start_worker(environment: dict[str, str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-m", "core", "worker"], env=environment)


def _wait(process: "subprocess.Popen[bytes]") -> None:
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


def _stop_on_signals() -> threading.Event:
    stop = threading.Event()

    def ask(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGINT, ask)
    signal.signal(signal.SIGTERM, ask)
    return stop


def _stop_without(supervisor: int, stop: threading.Event) -> None:
    while not stop.is_set():
        if os.getppid() != supervisor:
            stop.set()
        time.sleep(_RESTART_SECONDS)
