"""SQLite's files put in the place of those of an instance, and those put back if it fails."""

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from core.store.backup.parts import PAST_SQLITE, Part

_ASIDE = ".before-restore"


def files_there(parts: Iterable[Part]) -> list[str]:
    """Return the names of the parts whose file exists."""
    return [part.name for part in parts if part.path.exists()]


def replace_files(parts: Sequence[Part], folder: Path) -> None:
    """Set the files of `parts` aside and put the copies of `folder` in their places."""
    for part in parts:
        draft = _beside(part.path, ".restoring")
        part.path.parent.mkdir(parents=True, exist_ok=True)
        if (folder / f"{part.name}.db").exists():
            shutil.copyfile(folder / f"{part.name}.db", draft)
        for suffix in PAST_SQLITE:
            path = _beside(part.path, suffix)
            if path.exists():
                path.rename(_beside(path, _ASIDE))
        if draft.exists():
            draft.rename(part.path)


def put_files_back(parts: Sequence[Part], existed: Sequence[str]) -> None:
    """Undo `replace_files` wherever it stopped; `existed` is what `files_there` said before."""
    for part in parts:
        _beside(part.path, ".restoring").unlink(missing_ok=True)
        was_moved = _beside(_beside(part.path, ""), _ASIDE).exists()
        if was_moved or part.name not in existed:
            for suffix in PAST_SQLITE:
                _beside(part.path, suffix).unlink(missing_ok=True)
        # The file itself last: while it is aside, whoever comes again knows that this is not done.
        for suffix in reversed(PAST_SQLITE):
            aside = _beside(_beside(part.path, suffix), _ASIDE)
            if aside.exists():
                aside.rename(_beside(part.path, suffix))


def drop_files_aside(parts: Sequence[Part]) -> None:
    """Remove what `replace_files` set aside."""
    for part in parts:
        for suffix in PAST_SQLITE:
            _beside(_beside(part.path, suffix), _ASIDE).unlink(missing_ok=True)


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(f"{path.name}{suffix}")
