import doctest
import importlib
from pathlib import Path

import pytest

import core.reco

FOLDER = Path(core.reco.__file__).parent
WITH_EXAMPLES = [
    ".".join(file.relative_to(FOLDER).with_suffix("").parts)
    for file in sorted(FOLDER.rglob("*.py"))
    if ">>>" in file.read_text()
]


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples_of_docstrings_run(name):
    results = doctest.testmod(importlib.import_module(f"core.reco.{name}"))
    assert results.failed == 0
    assert results.attempted > 0
