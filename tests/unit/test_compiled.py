"""Compiled code is never older than the sources it was made of."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KERNEL = """
from callee import twice
from core.compiled import njit


@njit(cache=True)
def kernel(number):
    return twice(number)


print(kernel(3), sum(kernel.stats.cache_hits.values()))
"""
CALLEE = """
from core.compiled import njit

FACTOR = 2


@njit(cache=True)
def twice(number):
    return FACTOR * number
"""


def run_kernel(folder: Path) -> list[int]:
    env = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    done = subprocess.run(
        [sys.executable, "kernel.py"],
        cwd=folder,
        env=env | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    return [int(word) for word in done.stdout.split()]


def test_a_change_in_what_a_kernel_calls_compiles_it_anew(tmp_path):
    (tmp_path / "kernel.py").write_text(KERNEL)
    (tmp_path / "callee.py").write_text(CALLEE)
    assert run_kernel(tmp_path) == [6, 0]
    assert run_kernel(tmp_path) == [6, 1]
    (tmp_path / "callee.py").write_text(CALLEE.replace("FACTOR = 2", "FACTOR = 5"))
    assert run_kernel(tmp_path) == [15, 0]
