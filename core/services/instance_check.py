"""Is everything there and whole: databases, schema, files that rows name, loads, restores."""

from collections.abc import Iterator
from dataclasses import dataclass

from core.errors import StoreUnavailable
from core.i18n import N_
from core.services.accounts import list_tenants
from core.services.backup_files import hash_file
from core.services.import_archive import archive_of
from core.store.archived_originals import load_import_ids, load_originals
from core.store.backup.parts import parts_of
from core.store.broken import damaged_parts, half_published
from core.store.readiness import missing_columns
from core.store.restoring import PLAN, RESTORING
from core.store.tenant import Store, TenantStore

_SILENT = N_("The database does not answer.")
_DAMAGE = N_("The database is damaged (%(part)s: %(damage)s). Restore a backup.")
_SCHEMA = N_(
    "The schema lacks columns (%(count)s, the first is %(column)s). Run `python -m core init`."
)
_UNFINISHED = N_("A restore was broken off. Run it again, or with --undo.")
_MISSING = N_("%(tenant)s: the file %(path)s is missing, and a row names it. Restore a backup.")
_DIFFERENT = N_("%(tenant)s: the file %(path)s is not as it was received. Restore a backup.")
_HALF = N_("%(tenant)s: %(table)s has rows of an import that was never published.")
_OPEN = N_("%(tenant)s: an import is being loaded, or was killed; the next one clears up.")
_UNKNOWN = N_(
    "%(tenant)s: the folder runs/%(path)s belongs to no import. If it came after the backup that"
    " was restored, import its raw/ again."
)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A sentence with its values; `is_error` when something must be done."""

    message: str
    values: dict[str, object]
    is_error: bool = True


def check_instance(store: Store, jobs_url: str) -> Iterator[Finding]:
    """Yield what is wrong with the instance, and what an operator should know."""
    if (store.settings.data_dir / RESTORING / PLAN).exists():
        yield _found(_UNFINISHED)
    try:
        damaged = list(damaged_parts(parts_of(store.settings, jobs_url)))
        lacking = [] if damaged else missing_columns(store)
    except StoreUnavailable:
        yield _found(_SILENT)
        return
    for part, damage in damaged:
        yield _found(_DAMAGE, part=part, damage=damage)
    if damaged:
        return
    if lacking:
        yield _found(_SCHEMA, count=len(lacking), column=lacking[0])
        return
    for tenant in list_tenants(store):
        yield from _of_tenant(store.tenant_store(tenant))


def _found(message: str, **values: object) -> Finding:
    return Finding(message=message, values=values)


def _of_tenant(store: TenantStore) -> Iterator[Finding]:
    yield from _originals(store)
    yield from _loads(store)
    yield from _folders(store)


def _originals(store: TenantStore) -> Iterator[Finding]:
    with store.read() as tx:
        originals = load_originals(tx)
    for one in originals:
        path = archive_of(store, one.import_id).original(one.file_no, one.name)
        told = {"tenant": store.tenant.key, "path": path.relative_to(store.folder).as_posix()}
        digest = hash_file(path)
        if digest is None:
            yield _found(_MISSING, **told)
        elif one.hashes and digest not in one.hashes:
            yield _found(_DIFFERENT, **told)


def _loads(store: TenantStore) -> Iterator[Finding]:
    tables, is_open = half_published(store)
    for table in tables:
        yield _found(_HALF, tenant=store.tenant.key, table=table)
    if is_open:
        yield Finding(message=_OPEN, values={"tenant": store.tenant.key}, is_error=False)


def _folders(store: TenantStore) -> Iterator[Finding]:
    with store.read() as tx:
        known = set(load_import_ids(tx))
    for path in sorted((store.folder / "runs").glob("*")):
        if path.is_dir() and path.name not in known:
            values: dict[str, object] = {"tenant": store.tenant.key, "path": path.name}
            yield Finding(message=_UNKNOWN, values=values, is_error=False)
