"""A prepared process whose forks work as `python -m ...`: a start costs milliseconds, not seconds.

Every module is imported before the first fork, and nothing is opened. A folder with a `python` of
its own, to be put before all others in PATH, hands what it is given to the prepared process:
arguments, environment, folder and the three standard streams; `python -c` stays the real one.
"""

import importlib
import json
import os
import pkgutil
import runpy
import socket
import subprocess
import sys
import traceback
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Self

import core
import etl

ROOT = Path(__file__).resolve().parents[2]
_LONGEST = 1 << 17  # bytes of what a command is given, its environment included
_HANDING_OVER = """\
import json, os, socket, sys
given = sys.argv[1:]
if given[:1] != ["-m"]:
    os.execv({python!r}, [{python!r}, *given])
with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as line:
    line.connect({address!r})
    order = dict(arguments=given[1:], environment=dict(os.environ), folder=os.getcwd())
    socket.send_fds(line, [json.dumps(order).encode()], [0, 1, 2])
    sys.exit(int(line.recv(16)))
"""


class PreparedCommands:
    """The prepared process; `folder` holds the `python` that hands over to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        address = str(folder / "line")
        script = folder / "hand_over.py"
        script.write_text(_HANDING_OVER.format(python=sys.executable, address=address))
        python = folder / "python"
        python.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "{script}" "$@"\n')
        python.chmod(0o755)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.contract.prepared_commands", address],
            cwd=ROOT,
            env={**os.environ, "LANG": "C", "LC_ALL": "C"},
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"listening\n"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.communicate()


def main(address: str) -> None:
    """Follow each order that comes over `address` in a fork, and answer with its exit code."""
    for package in (core, etl):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not found.name.endswith("__main__") and ".migrations" not in found.name:
                importlib.import_module(found.name)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listening:
        listening.bind(address)
        listening.listen()
        print("listening", flush=True)
        while True:
            line, _ = listening.accept()
            with line:
                line.send(str(_forked(line)).encode())


def _forked(line: socket.socket) -> int:
    order, streams, _, _ = socket.recv_fds(line, _LONGEST, 3)
    child = os.fork()
    if child == 0:
        _follow(json.loads(order), streams)
    for stream in streams:
        os.close(stream)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _follow(order: dict[str, Any], streams: list[int]) -> NoReturn:
    """Become the command: what it was given is its own, and it ends as it says."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    os.environ.clear()
    os.environ.update(order["environment"])
    os.chdir(order["folder"])
    module, *arguments = order["arguments"]
    sys.argv = [module, *arguments]
    code: object = 0
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        code = end.code
    except BaseException:  # noqa: BLE001 - a process ends so as well
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


if __name__ == "__main__":
    main(sys.argv[1])
