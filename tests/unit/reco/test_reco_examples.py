import doctest
import importlib
import pkgutil
from pathlib import Path

import pytest

import core.reco

FOLDER = Path(core.reco.__file__).parent
WITH_EXAMPLES = [
    module.name
    for module in pkgutil.iter_modules([str(FOLDER)])
    if ">>>" in (FOLDER / f"{module.name}.py").read_text()
]


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples_of_docstrings_run(name):
    results = doctest.testmod(importlib.import_module(f"core.reco.{name}"))
    assert results.failed == 0
    assert results.attempted > 0
