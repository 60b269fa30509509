"""An instance with something of everything, to be backed up and brought back."""

from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlalchemy import create_engine, inspect, make_url, text

from core.jobs import LOAD, RUN, enqueue, forget_jobs, jobs_url, migrate_jobs
from core.services.accounts import SYSTEM, Role, create_tenant, create_user
from core.services.backup import back_up
from core.services.execute_run import create_run, execute
from core.services.import_files import receive
from core.services.import_paths import import_paths
from core.services.restore import Restored, restore
from core.store.engine import normalise_url, sibling_file
from core.store.tenant import Store, TenantStore
from tests.contract.kill_worlds import DELTA, FIRST

AS_OF = date(2026, 2, 10)
Rows = dict[str, list[str]]


@dataclass(frozen=True, kw_only=True)
class Instance:
    """An instance whose company `cave` has an import, a run, and two jobs.

    `waiting` is the import of the one that waits, `running` the run of the one a worker was at.
    """

    store: Store
    cave: TenantStore
    waiting: str
    running: str

    @property
    def files(self) -> Path:
        return self.store.settings.data_dir


def new_instance(store: Store, folder: Path) -> Instance:
    """Fill a new instance."""
    migrate_jobs(store.settings)
    cave = store.tenant_store(create_tenant(store, "cave", "Cave"))
    create_tenant(store, "voisin", "Voisin")
    create_user(store, cave.tenant, "anna", "a long enough pass phrase", Role.ANALYST)
    paths = [written(folder, name, content) for name, content in FIRST.items()]
    import_paths(cave, SYSTEM, paths, as_of=AS_OF)
    execute(cave, create_run(cave, SYSTEM, as_of=AS_OF))
    later = [written(folder, name, content) for name, content in DELTA.items()]
    waiting = receive(cave, SYSTEM, [(path.name, path) for path in later], as_of=AS_OF)
    enqueue(cave, SYSTEM, LOAD, waiting)
    running = create_run(cave, SYSTEM, as_of=AS_OF)
    enqueue(cave, SYSTEM, RUN, running)
    take_by_worker(store, f"{cave.tenant_id}/{RUN}/{running}#0001")
    return Instance(store=store, cave=cave, waiting=waiting, running=running)


def take_by_worker(store: Store, job_id: str) -> None:
    """Let a job be as a worker has it that was at it when the backup was taken."""
    url = normalise_url(jobs_url(store.settings))
    engine = create_engine(url)
    table = "workflow_status" if url.get_backend_name() == "sqlite" else "dbos.workflow_status"
    with engine.begin() as connection:
        taken = connection.execute(
            text(
                f"UPDATE {table} SET status = 'PENDING', executor_id = 'worker-0',"
                " started_at_epoch_ms = created_at WHERE workflow_uuid = :id"
            ),
            {"id": job_id},
        )
        assert taken.rowcount == 1
    engine.dispose()


def written(folder: Path, name: str, content: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(content)
    return folder / name


def take(store: Store, folder: Path) -> Path:
    """Back an instance up."""
    back_up(store, jobs_url(store.settings), folder)
    return folder


def bring(store: Store, folder: Path, *, replace: bool = False) -> Restored:
    """Bring a backup back into another instance that nobody works on."""
    store.dispose()
    settings = store.settings
    return restore(settings, jobs_url(settings), folder, migrate_jobs, forget_jobs, replace=replace)


def all_rows(store: Store) -> Rows:
    """Return every row of every table, by part and table, ordered by their text."""
    url = normalise_url(store.settings.database_url)
    if url.get_backend_name() == "sqlite":
        jobs = make_url(jobs_url(store.settings))
        parts = {"data": url, "identity": sibling_file(url, "control"), "jobs": jobs}
        places = {(name, None): at for name, at in parts.items()}
    else:
        names = {"data": "public", "identity": "identity", "jobs": "dbos"}
        places = dict.fromkeys(names.items(), url)
    found: Rows = {}
    for (part, schema), at in places.items():
        engine = create_engine(at)
        with closing(engine.connect()) as connection:
            for table in inspect(connection).get_table_names(schema=schema):
                named = f'"{schema}"."{table}"' if schema else f'"{table}"'
                rows = connection.execute(text(f"SELECT * FROM {named}"))
                found[f"{part}.{table}"] = sorted(repr(tuple(row)) for row in rows)
        engine.dispose()
    return found


def all_files(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Return content and mode of every file but the locks, whose holders are gone."""
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mode)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".lock"
    }
