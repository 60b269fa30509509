"""A prepared process whose forks send a campaign, and die or freeze at a chosen call of theirs.

A call is one to the database, to a socket or to the names of files (`counted_calls`). Nothing is
connected before the fork, so each fork is a sender of its own that starts in milliseconds.
"""

import json
import mmap
import os
import signal
import struct
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from tests.contract.counted_calls import CallCounter, count_calls
from tests.contract.driven import DrivenProcess

ANSWER_SECONDS = 0.5
"""How long a sender of these tests waits for a whole answer."""


class SharedClock:
    """One moment for the sender, the double and the test, moved by whoever sleeps."""

    def __init__(self, path: Path, moment: datetime | None = None) -> None:
        if moment is not None:
            path.write_bytes(struct.pack("d", moment.timestamp()))
        with path.open("r+b") as stream:
            self._kept = mmap.mmap(stream.fileno(), 8)
        self.path = path

    def __call__(self) -> datetime:
        return datetime.fromtimestamp(struct.unpack_from("d", self._kept)[0], UTC)

    def sleep(self, seconds: float) -> None:
        """Let `seconds` pass at once."""
        self.pass_by(timedelta(seconds=max(seconds, 0.001)))

    def pass_by(self, time: timedelta) -> None:
        """Let some time pass."""
        struct.pack_into("d", self._kept, 0, (self() + time).timestamp())


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Where a fork is: killed, frozen, or done with so many calls and the campaign so."""

    ended: str
    calls: int = 0
    posts: int = 0
    state: str = ""
    error: str = ""


class Senders(DrivenProcess):
    """The prepared process, driven line by line."""

    def __init__(self) -> None:
        super().__init__("tests.contract.send_forks")

    def start(self, orders: Sequence[Mapping[str, Any]]) -> list[int]:
        """Let as many processes begin at the same instant; return their ids."""
        return list(self.told({"start": list(orders)}))

    def wait(self, pid: int) -> Outcome:
        """Wait until a process is done, killed or frozen."""
        return Outcome(**self.told({"wait": pid}))

    def thaw(self, pid: int) -> None:
        """Let a frozen process go on."""
        self.told({"thaw": pid})


def main() -> None:
    """Do what each line on standard input says; answer by a line."""
    _warm_up()
    running: dict[int, int] = {}
    for line in sys.stdin:
        match json.loads(line):
            case {"start": orders}:
                started = _start(orders)
                running.update(started)
                answer: Any = list(started)
            case {"wait": pid}:
                answer = _wait(pid, running)
            case {"thaw": pid}:
                answer = os.kill(pid, signal.SIGCONT)
        print(json.dumps(answer), flush=True)


def _warm_up() -> None:
    """Send a campaign, so that each fork finds loaded what a send loads."""
    from pydantic import SecretStr

    import core.jobs.worker  # noqa: F401
    from core.outreach.brevo import BrevoClient
    from core.services import brevo_account
    from core.services.send_live import send_live
    from core.store import engine
    from core.store.schema import migrate
    from tests.contract.conftest import NOW, new_tenant
    from tests.contract.live_data import Clock, FakeBrevo, prepare_live

    engine.SYNCHRONOUS = "OFF"  # no test takes the power away
    brevo_account.BrevoClient = partial(  # type: ignore[assignment,misc]
        BrevoClient, connect_seconds=ANSWER_SECONDS, total_seconds=ANSWER_SECONDS
    )
    with tempfile.TemporaryDirectory(prefix="warm") as name:
        settings = live_settings(f"sqlite:///{name}/crm.db", Path(name), "http://127.0.0.1:9")
        migrate(settings)
        store = _open_store(settings, Clock(NOW))
        tenant = new_tenant(store)
        send_live(tenant, prepare_live(tenant, 1), FakeBrevo(clock=Clock(NOW)))
        store.dispose()
        client = BrevoClient(SecretStr("nobody"), settings.brevo_base_url)
        client.send_email(b"{}")
        client.close()


def live_settings(database_url: str, data_dir: Path, base_url: str) -> Any:
    """Return the settings of an instance that sends live to the Brevo at `base_url`."""
    from core.settings import Settings
    from tests.contract.brevo_double import KEY
    from tests.contract.live_data import LIVE_SETTINGS

    return Settings(
        _env_file=None,
        database_url=database_url,
        data_dir=data_dir,
        **{**LIVE_SETTINGS, "brevo_api_key": KEY, "brevo_base_url": base_url},
    )


def _open_store(settings: Any, clock: Any) -> Any:
    from core.store.tenant import Store

    return Store(settings, now=clock)


def _start(orders: Sequence[Mapping[str, Any]]) -> dict[int, int]:
    """Fork a process for each order; none begins before all are there."""
    starting, begin = os.pipe()
    started = {}
    for order in orders:
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(begin)
            os.read(starting, 1)
            _follow(order, writing)
        os.close(writing)
        started[pid] = reading
    os.close(starting)
    os.close(begin)
    return started


def _wait(pid: int, running: dict[int, int]) -> dict[str, Any]:
    _, status = os.waitpid(pid, os.WUNTRACED)
    if os.WIFSTOPPED(status):
        return {"ended": "frozen"}
    with os.fdopen(running.pop(pid)) as stream:
        told = stream.readline()
    if os.WIFSIGNALED(status):
        return {"ended": signal.Signals(os.WTERMSIG(status)).name}
    return {"ended": "done", **json.loads(told)}


def _follow(order: Mapping[str, Any], writing: int) -> NoReturn:
    counter = _frozen_at(order) if "freeze_at" in order else _killed_at(order.get("kill_at", 0))
    told: dict[str, Any] = {}
    try:
        told = _send(order)
    except BaseException as error:  # noqa: BLE001  # a fork must never return to the loop
        told = {"error": f"{type(error).__name__}: {error}"}
    os.write(writing, f"{json.dumps({**told, 'calls': counter.number})}\n".encode())
    os._exit(0)


def _killed_at(call: int) -> CallCounter:
    """Die at the call of this number."""

    def kill(number: int) -> None:
        if number == call:
            os.kill(os.getpid(), signal.SIGKILL)

    counter = count_calls(kill)
    counter.count_files()
    counter.count_sockets()
    return counter


def _frozen_at(order: Mapping[str, Any]) -> CallCounter:
    """Freeze at the call of this number, of those to sockets and files: between transactions."""
    passed_over = order.get("passed_over", ())
    lock = _held_while_bytes_leave() if "sendall" in passed_over else nullcontext()

    def freeze(number: int) -> None:
        if number == order["freeze_at"]:
            with lock:
                signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)

    counter = CallCounter(freeze, passed_over)
    counter.count_files()
    counter.count_sockets()
    return counter


def _held_while_bytes_leave() -> AbstractContextManager[object]:
    """Return a lock that every thread holds from its last question to the end of its write."""
    from core.outreach.brevo_sockets import TimedHttp

    lock, write = threading.Lock(), TimedHttp.write

    def held(self: TimedHttp, piece: Any) -> None:
        with lock:
            write(self, piece)

    TimedHttp.write = held  # type: ignore[method-assign]
    return lock


def _send(order: Mapping[str, Any]) -> dict[str, Any]:
    """Send as a worker does, or click as a tab does; return what came of it."""
    from core.services.brevo_account import open_brevo
    from core.services.send_live import send_live
    from core.store.tenant import Tenant

    clock = SharedClock(Path(order["clock"]))
    settings = live_settings(order["database_url"], Path(order["data_dir"]), order["base_url"])
    settings = settings.model_copy(update={"brevo_in_flight": order["in_flight"]})
    tenant = Tenant(tenant_id=order["tenant_id"], key=order["key"], name="Domaine Tué")
    tenant_store = _open_store(settings, clock).tenant_store(tenant)
    if "typed" in order:
        return _click(tenant_store, order)
    with open_brevo(tenant_store) as brevo:
        posts: list[bytes] = []
        post = brevo.client.send_email
        brevo.client.send_email = lambda body, *asked: posts.append(body) or post(body, *asked)  # type: ignore
        status = send_live(tenant_store, order["campaign_id"], brevo, sleep=clock.sleep)
    return {"state": str(status.state), "posts": len(posts)}


def _click(tenant: Any, order: Mapping[str, Any]) -> dict[str, Any]:
    """Type the number of recipients and ask for the work, as often as the button is clicked."""
    from core.jobs import SEND, enqueue
    from core.services.accounts import SYSTEM
    from core.services.campaign_control import confirm_live

    for _ in range(order["clicks"]):
        confirm_live(tenant, SYSTEM, order["campaign_id"], order["typed"])
        enqueue(tenant, SYSTEM, SEND, order["campaign_id"])
    return {}


if __name__ == "__main__":
    main()
