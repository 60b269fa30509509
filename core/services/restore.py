"""A backup brought back: the whole instance as it was, or nothing changed.

Everything is verified before anything is touched. What is there is set aside and not deleted until
the backup is in place, read back and found equal; while that is not done a folder `.restoring`
under `data/` keeps pages and workers from starting. Then whoever was erased since the backup is
erased again, live campaigns stand still until they are reconciled, and every session ends.
"""

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.errors import Refused
from core.i18n import N_
from core.services.accounts import SYSTEM, list_tenants
from core.services.backup import verify_backup
from core.services.backup_files import copy_file, kept_files
from core.services.backup_manifest import DATABASE, FILES, Manifest
from core.services.campaign_control import note_restore
from core.services.erasure import ForgetJobs
from core.services.reapply import reapply, unusable_hashes
from core.settings import Settings
from core.store.backup.emptiness import connections_beside, is_empty
from core.store.backup.parts import Part, parts_of
from core.store.backup.restore import (
    databases_there,
    drop_databases_aside,
    put_databases_back,
    replace_databases,
)
from core.store.identity import worker_alive
from core.store.readiness import missing_columns
from core.store.restoring import PLAN, RESTORING
from core.store.schema import known_revisions, migrate
from core.store.sessions import revoke_all_sessions
from core.store.tenant import Store, TenantStore, utc_now

MigrateJobs = Callable[[Settings], None]
_ASIDE, _STAGED = "before", "staged"
_LIST = Path("privacy") / "erased.jsonl"
_NOT_EMPTY = N_(
    "This instance holds data already. Nothing was changed. To replace all of it by the backup,"
    " stop it and say --replace."
)
_IN_USE = N_(
    "Somebody works on this database, or did a moment ago. Nothing was changed. Stop the pages and"
    " the workers, wait half a minute, then try again."
)
_DAMAGED = N_(
    "The backup is damaged: %(count)s files are missing or differ, the first is %(path)s. Nothing"
    " was changed. Take another backup."
)
_CANNOT = N_(
    "The backup could not be brought back: %(reason)s. All is as it was. Make room, or let the user"
    " who restores it into the folders, then try again."
)
_OTHER_KIND = N_(
    "The backup is of a %(kind)s database and this instance uses another. Nothing was changed. Set"
    " DATABASE_URL to one of that kind."
)
_NEWER = N_(
    "The backup has the schema %(revision)s, which this version does not know. Nothing was changed."
    " Restore it with the version that took it, or a newer one."
)


@dataclass(frozen=True, kw_only=True)
class Restored:
    """What came back, and what was done because it did.

    `erased_again` people were erased after the backup; `unusable` were erased under another
    TOKEN_SECRET, which this instance does not have.
    """

    tables: int
    rows: int
    files: int
    tenants: int
    erased_again: int
    unusable: int


def restore(
    settings: Settings,
    jobs_url: str,
    folder: Path,
    migrate_jobs: MigrateJobs,
    forget_jobs: ForgetJobs,
    *,
    replace: bool = False,
) -> Restored:
    """Bring the backup in `folder` back; what it replaces is gone at the end.

    Raises `Refused`, with nothing changed, when the backup is damaged or of another kind or
    version, when the instance holds data and `replace` is not said, or when somebody works on it.
    """
    parts = parts_of(settings, jobs_url)
    manifest = check_backup(folder, parts)
    put_back(settings, parts)
    _check_target(settings, parts, replace=replace)
    with _all_or_nothing(settings, parts):
        bring_back(settings, parts, folder, manifest, migrate_jobs)
        done = _settle(settings, manifest, migrate_jobs, forget_jobs)
    _drop_aside(settings, parts)
    return done


def check_backup(folder: Path, parts: Sequence[Part]) -> Manifest:
    """Return the manifest of a backup that can be brought back here; raise `Refused` otherwise."""
    manifest, damaged = verify_backup(folder)
    if damaged:
        raise Refused(_DAMAGED, count=len(damaged), path=damaged[0])
    for part in parts:
        if manifest.kinds[part.name] != part.kind:
            raise Refused(_OTHER_KIND, kind=manifest.kinds[part.name])
    if manifest.revision not in known_revisions():
        raise Refused(_NEWER, revision=manifest.revision)
    return manifest


def _check_target(settings: Settings, parts: tuple[Part, ...], *, replace: bool) -> None:
    others = connections_beside(parts)
    if not replace and not (is_empty(parts) and _has_no_files(settings, parts)):
        raise Refused(_NOT_EMPTY)
    if others or (not is_empty(parts) and _has_worker(settings)):
        raise Refused(_IN_USE)


def _has_no_files(settings: Settings, parts: Sequence[Part]) -> bool:
    """Tell whether there is no file of a company: a first start alone leaves hidden ones."""
    found = kept_files(settings.data_dir, parts)
    return all(name.startswith(".") for name in found)


def _has_worker(settings: Settings) -> bool:
    store = Store(settings, utc_now)
    try:
        return not missing_columns(store) and worker_alive(store)
    finally:
        store.dispose()


@contextmanager
def _all_or_nothing(settings: Settings, parts: tuple[Part, ...]) -> Iterator[None]:
    _write_plan(settings, parts)
    try:
        yield
    except OSError as error:
        put_back(settings, parts)
        raise Refused(_CANNOT, reason=error.strerror or type(error).__name__) from error
    except BaseException:
        put_back(settings, parts)
        raise


def bring_back(
    settings: Settings,
    parts: tuple[Part, ...],
    folder: Path,
    manifest: Manifest,
    migrate_jobs: MigrateJobs,
) -> None:
    """Put files and databases of a backup in place as they were taken, at their own schema."""
    work = settings.data_dir / RESTORING
    for name, kept in manifest.files.items():
        if copy_file(folder / FILES / name, work / _STAGED / name).sha256 != kept.sha256:
            raise Refused(_DAMAGED, count=1, path=name)
        (work / _STAGED / name).chmod(kept.mode)
    for name in _entries(settings, parts):
        _move(settings.data_dir / name, work / _ASIDE / name)
    for path in sorted((work / _STAGED).glob("*")):
        path.rename(settings.data_dir / path.name)
    replace_databases(
        settings,
        parts,
        folder / DATABASE,
        manifest.revision,
        manifest.tables,
        manifest.sequences,
        migrate_jobs,
    )


def _entries(settings: Settings, parts: Sequence[Part]) -> list[str]:
    """Return what stands in the data folder and may be moved: not the database nor its locks."""
    files = list(kept_files(settings.data_dir, parts))
    taken = {RESTORING, *(part.path.parent.name for part in parts)}
    folders = {path.name for path in settings.data_dir.iterdir() if path.is_dir()} - taken
    return sorted(folders | {name for name in files if "/" not in name})


def _move(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    source.rename(target)


def _write_plan(settings: Settings, parts: tuple[Part, ...]) -> None:
    work = settings.data_dir / RESTORING
    work.mkdir(parents=True, mode=0o700)
    told = {"databases": databases_there(parts), "entries": _entries(settings, parts)}
    draft = work / f"{PLAN}.part"
    draft.write_text(json.dumps(told))
    draft.rename(work / PLAN)


def put_back(settings: Settings, parts: tuple[Part, ...]) -> None:
    """Undo a restore that was not finished, wherever it stopped; nothing where there is none."""
    work = settings.data_dir / RESTORING
    if (work / PLAN).exists():
        told = json.loads((work / PLAN).read_text())
        put_databases_back(parts, told["databases"])
        _put_entries_back(settings, parts, told["entries"])
        shutil.rmtree(work)
    elif work.exists():  # all was in place, and only what it replaced was still to be thrown away
        _drop_aside(settings, parts)


def _put_entries_back(settings: Settings, parts: Sequence[Part], existed: Sequence[str]) -> None:
    aside = settings.data_dir / RESTORING / _ASIDE
    moved = {path.name for path in aside.glob("*")}
    for name in _entries(settings, parts):
        if name in moved or name not in existed:
            _remove(settings.data_dir / name)
    for name in sorted(moved):
        (aside / name).rename(settings.data_dir / name)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def _list_aside(settings: Settings, tenant: TenantStore) -> Path:
    """Return where the replaced instance had its list of erased people: newer than the backup."""
    return settings.data_dir / RESTORING / _ASIDE / tenant.tenant.key / _LIST


def _settle(
    settings: Settings, manifest: Manifest, migrate_jobs: MigrateJobs, forget_jobs: ForgetJobs
) -> Restored:
    """Bring what came back to this version, and do what its age asks for."""
    migrate(settings)
    migrate_jobs(settings)
    store = Store(settings, utc_now)
    try:
        erased = unusable = 0
        tenants = [store.tenant_store(tenant) for tenant in list_tenants(store)]
        for tenant in tenants:
            note_restore(tenant, SYSTEM)
            erased += reapply(tenant, SYSTEM, [_list_aside(settings, tenant)], forget_jobs)
            unusable += unusable_hashes(tenant)
        with store.identity(write=True) as tx:
            revoke_all_sessions(tx, store.now())
    finally:
        store.dispose()
    return Restored(
        tables=len(manifest.tables),
        rows=sum(table.rows for table in manifest.tables),
        files=len(manifest.files),
        tenants=len(tenants),
        erased_again=erased,
        unusable=unusable,
    )


def _drop_aside(settings: Settings, parts: tuple[Part, ...]) -> None:
    """Throw away what was replaced; from the removal of the plan on there is no way back."""
    work = settings.data_dir / RESTORING
    (work / PLAN).unlink(missing_ok=True)
    drop_databases_aside(parts)
    shutil.rmtree(work, ignore_errors=True)
