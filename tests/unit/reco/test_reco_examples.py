import doctest
import importlib
import pkgutil

import pytest

import core.reco

MODULES = [f"core.reco.{module.name}" for module in pkgutil.iter_modules(core.reco.__path__)]
WITHOUT_EXAMPLES = {
    "affinity", "aggregates", "beginnings", "blend", "catalogue", "evidence", "explain",
    "features", "inputs", "items", "learning", "lines", "logit", "neighbours", "offers", "ranking",
    "scenarios", "scoring", "segments", "tempo", "timing",
}  # fmt: skip


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_docstrings_run(name):
    module = importlib.import_module(name)
    results = doctest.testmod(module)
    assert results.failed == 0
    assert (results.attempted == 0) == (name.rpartition(".")[2] in WITHOUT_EXAMPLES)
