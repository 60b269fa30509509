"""A prepared process whose forks work on an import and die by SIGKILL at a chosen database call.

The inbox, whose work is in the names of files, counts the calls that change those too. Nothing
is connected before the fork, so each fork is a process of its own that starts in milliseconds.
"""

import json
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NoReturn

from tests.contract.counted_calls import count_calls
from tests.contract.driven import DrivenProcess

OF_THE_INBOX = ("take in", "inbox")
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
TENANT_ID = "5f0c6a52-0000-4000-8000-000000000001"
_CHUNK = 3  # so that a few rows are staged in several steps


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a fork ended: killed, or with what the use case returned and after how many calls."""

    killed: bool
    calls: int = 0
    returned: Any = None
    error: str = ""


class Killable(DrivenProcess):
    """The prepared process, driven line by line; `work` runs one use case in a fork of it."""

    def __init__(self) -> None:
        super().__init__("tests.contract.killable")

    def work(self, database_url: str, data_dir: Path, kill_at: int = 0, **asked: Any) -> Outcome:
        """Run the use case `asked` in a new process that is killed at call `kill_at` (0: never)."""
        order = {"url": database_url, "data_dir": str(data_dir), "kill_at": kill_at, **asked}
        return Outcome(**self.told(order))

    def watch(
        self, database_url: str, data_dir: Path, look: Callable[[int], None], **asked: Any
    ) -> Outcome:
        """Run the use case `asked`, held before each call while `look` is told its number."""
        order = {"url": database_url, "data_dir": str(data_dir), "kill_at": 0, **asked}
        told = self.told({**order, "is_held": True})
        while "at" in told:
            look(told["at"])
            told = self.told("go on")
        return Outcome(**told)


def main() -> None:
    """Answer each order on standard input with the outcome of a fork that followed it."""
    _warm_up()
    for line in sys.stdin:
        print(json.dumps(_forked(json.loads(line))), flush=True)


def _warm_up() -> None:
    """Take in and load a file of every kind, so that each fork finds loaded what imports load."""
    import core.services.import_undo
    import core.services.inbox  # noqa: F401
    from core.services.accounts import SYSTEM
    from core.services.import_paths import import_paths
    from core.settings import Settings
    from core.store.schema import migrate
    from tests.contract import kill_worlds

    with tempfile.TemporaryDirectory(prefix="warm") as name:
        folder = Path(name)
        url = f"sqlite:///{folder}/crm.db"
        migrate(Settings(database_url=url))
        tenant = open_tenant(url, folder)
        for files in (kill_worlds.FIRST, kill_worlds.DELTA, kill_worlds.WITH_BAD_ROWS):
            paths = kill_worlds.written(folder / "files", files)
            import_paths(tenant, SYSTEM, paths, confirm_opt_outs=True)
        tenant.store.dispose()


def _forked(order: Mapping[str, Any]) -> dict[str, Any]:
    (reading, writing), (held, letting_go) = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        os.close(letting_go)
        _follow(order, writing, held)
    os.close(writing)
    os.close(held)
    told: dict[str, Any] = {}
    with os.fdopen(reading) as stream:
        for line in stream:
            told = json.loads(line)
            if "at" in told:
                print(line, end="", flush=True)
                sys.stdin.readline()
                os.write(letting_go, b".")
    os.close(letting_go)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return {"killed": True}
    return {"killed": False, **told}


def _follow(order: Mapping[str, Any], writing: int, held: int) -> NoReturn:
    from core.errors import CrmError

    def tell(told: Mapping[str, Any]) -> None:
        os.write(writing, f"{json.dumps(told)}\n".encode())

    def before_call(number: int) -> None:
        if number == order["kill_at"]:
            os.kill(os.getpid(), signal.SIGKILL)
        if order.get("is_held"):
            tell({"at": number})
            os.read(held, 1)

    counter = count_calls(before_call)
    if order["use_case"] in OF_THE_INBOX:
        counter.count_files()
    try:
        told: dict[str, Any] = {"returned": _use_case(order)}
    except CrmError as error:
        told = {"error": f"{type(error).__name__}: {error}"}
    except BaseException as error:  # noqa: BLE001  # a fork must never return to the loop
        told = {"error": f"UNEXPECTED {type(error).__name__}: {error}"}
    tell({**told, "calls": counter.number})
    os._exit(0)


def _use_case(order: Mapping[str, Any]) -> Any:
    from core.services import command_lock, import_files, import_paths, import_undo, inbox
    from core.services.accounts import SYSTEM

    tenant = open_tenant(order["url"], Path(order["data_dir"]))
    match order["use_case"]:
        case "receive":
            files = [(Path(path).name, Path(path)) for path in order["paths"]]
            as_of = date.fromisoformat(order["as_of"])
            return import_files.receive(tenant, SYSTEM, files, as_of=as_of)
        case "command":
            paths, as_of = (
                [Path(path) for path in order["paths"]],
                date.fromisoformat(order["as_of"]),
            )
            return import_paths.import_paths(
                tenant, SYSTEM, paths, as_of=as_of, confirm_opt_outs=True
            )["import_id"]
        case "inbox":
            command_lock.clear_abandoned(tenant)  # as etl.main_multi does
            waiting = inbox.take_in(tenant, pause=lambda _seconds: None)
            return [inbox.work_on(tenant, import_id)["status"] for import_id in waiting]
        case "plan":
            return import_files.plan(tenant, order["import_id"])
        case "load":
            return import_files.load(tenant, order["import_id"])
        case "take in":
            return inbox.take_in(tenant, lambda _seconds: None)
        case "undo":
            import_undo.undo(tenant, SYSTEM, order["import_id"])
            return None
    raise AssertionError(order["use_case"])


def open_tenant(database_url: str, data_dir: Path) -> Any:
    """Return the one tenant of the kill tests in the migrated database at `database_url`."""
    from core.settings import Settings
    from core.store.tenant import Store, Tenant

    settings = Settings(database_url=database_url, data_dir=data_dir)
    store = Store(settings.model_copy(update={"etl_chunk_size": _CHUNK}), now=lambda: NOW)
    return store.tenant_store(Tenant(tenant_id=TENANT_ID, key="killed", name="Domaine Tué"))


if __name__ == "__main__":
    main()
