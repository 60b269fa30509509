"""The files under `data/` of an instance: which are kept, how they are copied and hashed."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from stat import S_IMODE

from core.services.backup_manifest import KeptFile
from core.store.backup.parts import PAST_SQLITE, Part
from core.store.restoring import RESTORING

_PASSING_FOLDERS = ("uploads", "work")
_PASSING_ENDS = (".lock", ".part")
_CHUNK = 1 << 20
OWNER_ONLY = 0o600


def kept_files(data_dir: Path, parts: Sequence[Part]) -> Iterator[str]:
    """Yield the paths, relative to `data_dir`, of all files but passing ones and the database.

    A folder below it that holds a file of the database is no company's.
    """
    database = {f"{part.path}{suffix}" for part in parts for suffix in PAST_SQLITE}
    holding = {part.path.parent for part in parts}
    root = data_dir.absolute()
    for folder, folders, names in os.walk(root):
        inner = Path(folder)
        folders[:] = sorted(n for n in folders if not _is_passing(root, inner / n, holding))
        for name in sorted(names):
            path = inner / name
            is_kept = not name.endswith(_PASSING_ENDS) and str(path) not in database
            if is_kept and path.is_file() and not path.is_symlink():
                yield path.relative_to(root).as_posix()


def _is_passing(root: Path, folder: Path, holding: set[Path]) -> bool:
    if folder.parent == root:
        return folder.name == RESTORING or folder in holding
    return folder.name in _PASSING_FOLDERS


def copy_file(source: Path, target: Path) -> KeptFile:
    """Copy a file, readable by its owner alone, and return what was copied."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.touch(OWNER_ONLY)
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as reading, target.open("wb") as writing:
        mode = S_IMODE(os.fstat(reading.fileno()).st_mode)
        while chunk := reading.read(_CHUNK):
            digest.update(chunk)
            size += writing.write(chunk)
    return KeptFile(sha256=digest.hexdigest(), bytes=size, mode=mode)


def hash_file(path: Path) -> str | None:
    """Return the SHA-256 of a file, None when it is not there."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except FileNotFoundError:
        return None
