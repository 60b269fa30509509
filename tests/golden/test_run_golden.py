"""The files of a small company, byte for byte as they were read and agreed to."""

from pathlib import Path

import pytest

from tests.golden.small_tenant import (
    FOLDER,
    RUN_NAMES,
    comparable_files,
    open_tenant,
    run_small_tenant,
)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    tenant = open_tenant(tmp_path_factory.mktemp("golden"))
    return comparable_files(tenant, run_small_tenant(tenant))


@pytest.mark.parametrize("name", RUN_NAMES)
def test_the_small_tenant_gets_the_agreed_files(files: dict[str, bytes], name: str) -> None:
    expected = Path(FOLDER / "expected" / name).read_text(encoding="utf-8")
    assert files[name].decode() == expected, "see tests/golden/regenerate.py"
