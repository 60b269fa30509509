"""After a backup was brought back: whoever the list of erased people names is erased again."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import duckdb

from core.ingest.parquet import quote_path
from core.services.accounts import Actor, Role, require
from core.services.audit_trail import Action, record_alone
from core.services.erased_list import list_path, take_lists, write_list
from core.services.erasure import REAPPLIED, ForgetJobs, enter_request, erase, open_erasures
from core.services.person_keys import known_keys
from core.services.retention import PEOPLE_AT_ONCE
from core.store.erased import count_foreign
from core.store.revived import stream_known
from core.store.subjects import CUSTOMER, EMAIL, Subject
from core.store.tenant import TenantStore

_COLUMNS = {"customer": CUSTOMER, "email_norm": EMAIL}


def reapply(
    store: TenantStore,
    actor: Actor,
    lists: Iterable[Path] = (),
    forget_jobs: ForgetJobs = lambda _store, _subject: 0,
    tell: Callable[[int], object] = lambda _people: None,
) -> int:
    """Erase again everybody whom the tables or kept files name and a list knows; return how many.

    `lists` are further lists, such as one kept apart from the backup. Killed, it goes on when it
    is called again. Raises `NotAllowed` below admin.
    """
    require(actor, Role.ADMIN)
    digests = take_lists(store, [list_path(store), *lists])
    write_list(store)
    for request_id in open_erasures(store):
        erase(store, request_id, forget_jobs=forget_jobs)
    people = sorted(_revived(store, digests))
    record_alone(store, actor.user_id, Action.ERASED_AGAIN, values=len(people))
    tell(len(people))
    for start in range(0, len(people), PEOPLE_AT_ONCE):
        part = people[start : start + PEOPLE_AT_ONCE]
        subject = Subject(
            frozenset(value for kind, value in part if kind == CUSTOMER),
            frozenset(value for kind, value in part if kind == EMAIL),
        )
        request_id = enter_request(store, actor, subject, REAPPLIED)
        erase(store, request_id, forget_jobs=forget_jobs)
    return len(people)


def unusable_hashes(store: TenantStore) -> int:
    """Return how many erased people another TOKEN_SECRET knew: no file is refused for them."""
    with store.read() as tx:
        return count_foreign(tx, [key.key_id for key in known_keys(store)])


def _revived(store: TenantStore, digests: frozenset[str]) -> set[tuple[str, str]]:
    """Return kind and value of every code and address that is there and was erased."""
    if not digests:
        return set()
    keys = known_keys(store)
    found: set[tuple[str, str]] = set()
    for kind, values in (*stream_known(store), *_in_files(store)):
        for key in keys:
            found |= {(kind, value) for value in key.among(kind, values, digests)}
    return found


def _in_files(store: TenantStore) -> Iterator[tuple[str, list[str]]]:
    for path in sorted((store.folder / "runs").glob("*/curated/*.parquet")):
        with duckdb.connect() as con:
            rows = f"read_parquet({quote_path(path)})"
            there = {row[0] for row in con.execute(f"DESCRIBE FROM {rows}").fetchall()}
            for column in sorted(_COLUMNS.keys() & there):
                values = con.execute(f"SELECT DISTINCT {column} FROM {rows}").fetchall()
                yield _COLUMNS[column], [value for (value,) in values if value]
