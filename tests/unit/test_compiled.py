"""Compiled code is never older than the sources it was made of."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
KERNEL = """
from {package}callee import twice
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


def run_kernel(folder: Path, module: str) -> list[int]:
    env = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    done = subprocess.run(
        [sys.executable, "-m", module],
        cwd=folder,
        env=env | {"PYTHONPATH": f"{ROOT}{os.pathsep}{folder}"},
        capture_output=True,
        text=True,
        check=True,
    )
    return [int(word) for word in done.stdout.split()]


@pytest.mark.parametrize("nested", [False, True], ids=["beside it", "in the package around it"])
def test_a_change_in_what_a_kernel_calls_compiles_it_anew(tmp_path, nested):
    package = tmp_path / "outer" / "reco"
    folder = package / "inner" if nested else package
    folder.mkdir(parents=True)
    for level in (package.parent, package, folder):
        (level / "__init__.py").touch()
    (folder / "kernel.py").write_text(KERNEL.format(package="outer.reco."))
    (package / "callee.py").write_text(CALLEE)
    module = ".".join((*folder.relative_to(tmp_path).parts, "kernel"))
    assert run_kernel(tmp_path, module) == [6, 0]
    assert run_kernel(tmp_path, module) == [6, 1]
    (package / "callee.py").write_text(CALLEE.replace("FACTOR = 2", "FACTOR = 5"))
    assert run_kernel(tmp_path, module) == [15, 0]


TYPED = """
from typing import NamedTuple

from core.compiled import njit
from {package}callee import twice


class {name}(NamedTuple):
    number: int


@njit(cache=True)
def kernel(given):
    return twice(given.number)


print(kernel({name}(3)), sum(kernel.stats.cache_hits.values()))
"""


def test_a_type_that_is_gone_stops_nobody(tmp_path):
    """What was compiled for it names it, and could not be opened any more."""
    (tmp_path / "callee.py").write_text(CALLEE)
    for name in ("Before", "After"):
        (tmp_path / "kernel.py").write_text(TYPED.format(package="", name=name))
        (tmp_path / "asks.py").write_text("import kernel")
        assert run_kernel(tmp_path, "asks") == [6, 0]
