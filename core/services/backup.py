"""A backup of the whole instance into a folder, taken while it runs.

The database is copied first, as it is at one moment, and then the files: an import keeps its
originals before a row names them, so every file that a row of that moment names is there. What is
taken away or rewritten meanwhile (an erasure, an import thrown away) is found by its hash, and the
backup is taken anew.
"""

import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from core import __version__
from core.errors import Refused
from core.i18n import N_
from core.services.backup_files import OWNER_ONLY, copy_file, hash_file, kept_files
from core.services.backup_manifest import (
    DATABASE,
    FILES,
    KeptFile,
    Manifest,
    Original,
    read_manifest,
    write_manifest,
)
from core.services.import_archive import safe_name
from core.services.progress import Progress, no_progress
from core.store.backup.parts import Part, parts_of
from core.store.backup.snapshot import Snapshot, take_snapshot
from core.store.tenant import Store

_TRIES = 3
_DRAFT = ".part"
_FOLDER_MODE = 0o700
STAGE_DATABASE, STAGE_FILES = N_("Copying the database"), N_("Copying the files")
_NOT_EMPTY = N_("%(folder)s is there already. Name a folder that does not exist yet.")
_WITHIN = N_("A backup cannot lie within the data folder that it copies. Name another folder.")
_CANNOT = N_(
    "The backup could not be written, or a file not be read: %(reason)s. Make room, or let the user"
    " who takes it into the folder, then try again."
)
_LOST = N_(
    "Rows of the database name files that are missing or differ (%(count)s, the first is %(path)s)."
    " Run `python -m core check`, then take the backup again."
)


def back_up(
    store: Store, jobs_url: str, target: Path, progress: Progress = no_progress
) -> Manifest:
    """Copy databases and files of the instance to the new folder `target`; return its manifest.

    `jobs_url` is where the job tables live. Raises `Refused` when the folder is there, lies within
    `data/` or cannot be written, or when rows name files that are not there.
    """
    try:
        _check_target(store, target)
        return _taken(store, parts_of(store.settings, jobs_url), target, progress)
    except OSError as error:
        raise Refused(_CANNOT, reason=error.strerror or type(error).__name__) from error


def _taken(store: Store, parts: tuple[Part, ...], target: Path, progress: Progress) -> Manifest:
    """Make the backup beside its place and put it there whole; what breaks off leaves nothing."""
    draft = target.with_name(target.name + _DRAFT)
    try:
        manifest = _whole(store, parts, draft, progress)
        write_manifest(draft, manifest)
        draft.rename(target)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)  # it holds rows of people
        raise
    return manifest


def _whole(store: Store, parts: tuple[Part, ...], draft: Path, progress: Progress) -> Manifest:
    """Fill `draft`, anew while a file that a row names is not there; raise `Refused` at last."""
    for _ in range(_TRIES):
        shutil.rmtree(draft, ignore_errors=True)
        (draft / DATABASE).mkdir(mode=_FOLDER_MODE, parents=True)
        draft.chmod(_FOLDER_MODE)
        manifest = _copied(store, parts, draft, progress)
        lost = _lost_originals(manifest)
        if not lost:
            return manifest
    raise Refused(_LOST, count=len(lost), path=lost[0])


def _check_target(store: Store, target: Path) -> None:
    if target.exists():
        raise Refused(_NOT_EMPTY, folder=target.name)
    draft = target.with_name(target.name + _DRAFT)
    if draft.exists() and not (draft / DATABASE).is_dir():  # else left by a backup that was killed
        raise Refused(_NOT_EMPTY, folder=draft.name)
    if target.resolve().is_relative_to(store.settings.data_dir.resolve()):
        raise Refused(_WITHIN)


def _copied(store: Store, parts: tuple[Part, ...], folder: Path, progress: Progress) -> Manifest:
    made_at = store.now()
    progress(STAGE_DATABASE, 0, 1)
    taken = take_snapshot(parts, folder / DATABASE)
    progress(STAGE_FILES, 0, 1)
    files = _copied_files(store.settings.data_dir, parts, folder / FILES)
    return _manifest(made_at, parts, taken, _kept_beside(folder / DATABASE), files)


def _copied_files(data_dir: Path, parts: Sequence[Part], folder: Path) -> dict[str, KeptFile]:
    found = {}
    for name in kept_files(data_dir, parts):
        try:
            found[name] = copy_file(data_dir / name, folder / name)
        except FileNotFoundError:  # it passed; were it named by a row, that is found below
            (folder / name).unlink(missing_ok=True)
    return found


def _kept_beside(folder: Path) -> dict[str, KeptFile]:
    found = {}
    for path in sorted(folder.iterdir()):
        path.chmod(OWNER_ONLY)
        digest = hash_file(path)
        assert digest is not None
        found[path.name] = KeptFile(sha256=digest, bytes=path.stat().st_size, mode=OWNER_ONLY)
    return found


def _manifest(
    made_at: datetime,
    parts: Sequence[Part],
    taken: Snapshot,
    database: dict[str, KeptFile],
    files: dict[str, KeptFile],
) -> Manifest:
    originals = [
        Original(
            path=f"{key}/runs/{one.import_id}/raw/{one.file_no:02d}_{safe_name(one.name)}",
            sha256=one.hashes,
        )
        for key, kept in taken.originals.items()
        for one in kept
    ]
    return Manifest(
        made_at=made_at,
        version=__version__,
        revision=taken.revision,
        kinds={part.name: part.kind for part in parts},
        tenants=tuple(taken.originals),
        tables=tuple(taken.tables),
        sequences=tuple(taken.sequences),
        database=database,
        files=files,
        originals=tuple(originals),
    )


def _lost_originals(manifest: Manifest) -> list[str]:
    """Return the files that rows name and the backup has not, or not with their hash."""
    lost = []
    for original in manifest.originals:
        kept = manifest.files.get(original.path)
        if kept is None or (original.sha256 and kept.sha256 not in original.sha256):
            lost.append(original.path)
    return lost


def verify_backup(folder: Path) -> tuple[Manifest, list[str]]:
    """Read a backup whole; return its manifest and the paths of what is missing or damaged."""
    manifest = read_manifest(folder)
    kept = {f"{DATABASE}/{name}": file for name, file in manifest.database.items()}
    kept |= {f"{FILES}/{name}": file for name, file in manifest.files.items()}
    damaged = [n for n, file in sorted(kept.items()) if hash_file(folder / n) != file.sha256]
    return manifest, damaged + [f"{FILES}/{name}" for name in _lost_originals(manifest)]
