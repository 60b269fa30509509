"""A prepared process whose forks answer a program's call, and die by SIGKILL at a chosen moment.

A moment is a call to the database or to the names of files. What the route would be handed by the
framework is handed to it here, so nothing stands between the call and its work.
"""

import json
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

from tests.contract.counted_calls import count_calls
from tests.contract.driven import DrivenProcess

FILE = b"client_code,email\nA1,a1@example.com\n"


@dataclass(frozen=True, kw_only=True)
class Answered:
    """How a fork ended: killed, or with an answer after so many calls."""

    killed: bool = False
    calls: int = 0
    status: int = 0
    is_repeated: bool = False
    body: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""


class Programs(DrivenProcess):
    """The prepared process, driven line by line."""

    def __init__(self) -> None:
        super().__init__("tests.contract.call_forks")

    def call(self, order: Mapping[str, Any], kill_at: int = 0) -> Answered:
        """Answer a call in a new process, which is killed at its call `kill_at` (0: never)."""
        return Answered(**self.told({**order, "kill_at": kill_at}))


def main() -> None:
    """Answer each order on standard input with what a fork that followed it said."""
    import api.routes  # noqa: F401
    import core.services.prepare_campaign

    core.services.prepare_campaign.MIN_BATCH_SIZE = 1
    for line in sys.stdin:
        print(json.dumps(_forked(json.loads(line))), flush=True)


def _forked(order: Mapping[str, Any]) -> dict[str, Any]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _follow(order, writing)
    os.close(writing)
    with os.fdopen(reading) as stream:
        told = stream.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return {"killed": True}
    return dict(json.loads(told))


def _follow(order: Mapping[str, Any], writing: int) -> NoReturn:
    def kill(number: int) -> None:
        if number == order["kill_at"]:
            os.kill(os.getpid(), signal.SIGKILL)

    counter = count_calls(kill)
    counter.count_files()
    try:
        answer = _answer(order)
        told: dict[str, Any] = {
            "status": answer.status_code,
            "is_repeated": "Idempotency-Replayed" in answer.headers,
            "body": json.loads(answer.body),
        }
    except BaseException as error:  # noqa: BLE001  # a fork must never return to the loop
        told = {"error": f"{type(error).__name__}: {error}"}
    os.write(writing, json.dumps({**told, "calls": counter.number}).encode())
    os._exit(0)


def _answer(order: Mapping[str, Any]) -> Any:
    from api.brevo import send_batch
    from api.callers import Caller
    from api.recommendations import launch
    from api.records import BatchAsked, RunAsked

    caller = Caller(store=_tenant_of(order), actor=_actor_of(order))
    if order["asked"] == "run":
        return launch(RunAsked(), caller, order["key"])
    if order["asked"] == "import":
        return _import(caller, order["key"])
    choices = {"run_id": order["run_id"], "template": "discovery", "batch_size": 2}
    return send_batch(BatchAsked(**choices), caller, order["key"])


def _import(caller: Any, key: str) -> Any:
    from uuid import uuid4

    from api.imports import entered
    from api.records import answered
    from core.services.uploads import FileClaim, append_block, begin_upload

    claim = FileClaim(name="clients.csv", bytes=len(FILE), modified=0, sample=str(uuid4()))
    upload = begin_upload(caller.store, caller.actor, claim)
    return answered(entered(caller, append_block(upload, 0, FILE), key))


def _tenant_of(order: Mapping[str, Any]) -> Any:
    from core.settings import Settings
    from core.store.tenant import Store, Tenant

    settings = Settings(_env_file=None, database_url=order["url"], data_dir=Path(order["folder"]))
    moment = datetime.fromisoformat(order["now"])
    tenant = Tenant(tenant_id=order["tenant_id"], key=order["tenant_key"], name="Domaine Tué")
    return Store(settings, now=lambda: moment).tenant_store(tenant)


def _actor_of(order: Mapping[str, Any]) -> Any:
    from core.services.accounts import Actor, Role

    return Actor(user_id=order["token_id"], username="api:x", role=Role.ANALYST, language="en")


if __name__ == "__main__":
    main()
