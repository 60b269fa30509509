"""A prepared process that is driven line by line: an order in, an answer out, both in JSON."""

import json
import os
import subprocess
import sys
from types import TracebackType
from typing import Any, Self


class DrivenProcess:
    """A module of the tests, run as a process that answers each line of its standard input."""

    def __init__(self, module: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},  # a fork has no other threads
        )

    def told(self, said: Any) -> Any:
        """Return what the process answers to `said`."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(said), file=self._process.stdin, flush=True)
        return json.loads(self._process.stdout.readline())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=30)
