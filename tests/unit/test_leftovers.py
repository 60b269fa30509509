"""What a kill leaves in the temporary folder is removed, and nothing else is."""

import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.services.leftovers import LEFT_AFTER, clear_leftovers

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def test_our_own_folders_of_yesterday_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = (NOW - LEFT_AFTER).timestamp() - 1
    kept = tmp_path / "other-1" / "kept.csv"
    kept.parent.mkdir()
    kept.write_text("anne@x.example")
    (tmp_path / "iacrm-link").symlink_to(kept.parent)
    for name, at in (("iacrm-1", before), ("iacrm-plan-2", before), ("iacrm-3", NOW.timestamp())):
        (tmp_path / name).mkdir()
        (tmp_path / name / "rows.csv").write_text("anne@x.example")
        os.utime(tmp_path / name, (at, at))
    os.utime(kept.parent, (before, before))
    clear_leftovers(NOW)
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == ["iacrm-3", "iacrm-link", "other-1"]
    assert kept.exists()
