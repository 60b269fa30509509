import os
import subprocess
import sys
from pathlib import Path

import core
from core.compiled import PACKAGES, VARIABLE, keep_by_sources, sources_digest

CALLED = """
from numba import njit

@njit(cache=True)
def called():
    return {value}
"""
CALLING = """
from numba import njit

from ingest.called import called

@njit(cache=True)
def calling():
    return called()
"""
ASK = """
import os
import core.compiled
core.compiled.__file__ = os.path.abspath("compiled.py")
core.compiled.keep_by_sources()
from reco.calling import calling
print(calling())
"""


def answer(folder: Path) -> str:
    home = str(Path(__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(folder), home))}
    environment.pop(VARIABLE, None)
    asked = subprocess.run(
        [sys.executable, "-c", ASK], cwd=folder, env=environment, capture_output=True, check=True
    )
    return asked.stdout.decode().strip()


def test_a_kernel_follows_a_change_of_what_it_calls_in_another_module(tmp_path: Path) -> None:
    for package in PACKAGES:
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()
    (tmp_path / "reco" / "calling.py").write_text(CALLING)
    for value in ("1", "2"):
        (tmp_path / "ingest" / "called.py").write_text(CALLED.format(value=value))
        assert answer(tmp_path) == value
        assert answer(tmp_path) == value  # from what was kept
    assert len(list((tmp_path / "__pycache__" / "kernels").iterdir())) == 2


def test_the_folder_is_named_once(monkeypatch) -> None:
    digest = sources_digest(Path(core.__file__).parent)
    monkeypatch.setenv(VARIABLE, "/elsewhere")
    keep_by_sources()
    keep_by_sources()
    assert os.environ[VARIABLE] == f"/elsewhere/{digest}"
