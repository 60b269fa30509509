"""The list of who was erased, in a file beside the data, for the day a backup is brought back.

`data/<tenant>/privacy/erased.jsonl` holds keyed hashes only. A database that is older than the
list gets its lines back, and whoever they name is erased again.
"""

import json
import os
from collections.abc import Iterable
from pathlib import Path

from core.i18n import N_
from core.store.erased import Erased, load_erased, store_erased
from core.store.locks import exclusive
from core.store.patience import Patience
from core.store.tenant import TenantStore

_BUSY = N_("The list of erased people is being written. Try again in a moment.")
_PATIENCE = Patience(seconds=60, tell=lambda: None)


def list_path(store: TenantStore) -> Path:
    """Return the path of the tenant's list."""
    return store.folder / "privacy" / "erased.jsonl"


def write_list(store: TenantStore) -> None:
    """Let the list say what the database says, and keep what it says beyond that."""
    path = list_path(store)
    path.parent.mkdir(parents=True, exist_ok=True)
    with exclusive(store, "erased-list", _BUSY, _PATIENCE):
        with store.read() as tx:
            known = {*load_erased(tx), *read_list(path)}
        lines = sorted(json.dumps(vars(one), sort_keys=True) for one in known)
        passing = path.with_suffix(".part")
        opened = os.open(passing, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
        with os.fdopen(opened, "w") as stream:
            stream.writelines(f"{line}\n" for line in lines)
        passing.replace(path)


def read_list(path: Path) -> list[Erased]:
    """Return what a list says, nothing where there is none."""
    if not path.exists():
        return []
    return [Erased(**json.loads(line)) for line in path.read_text().splitlines() if line]


def take_lists(store: TenantStore, paths: Iterable[Path]) -> frozenset[str]:
    """Enter what the lists say into the database; return every hash that is known by then."""
    with store.begin() as tx:
        for path in paths:
            store_erased(tx, read_list(path), store.store.now())
        return frozenset(one.digest for one in load_erased(tx))
