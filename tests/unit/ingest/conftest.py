from pathlib import Path

import duckdb
import pytest

from tests.unit.ingest.pipeline import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(con=duckdb.connect(), folder=tmp_path)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    folder = Path(__file__).parents[4] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the public data sets are not beside the checkout")
    return folder
