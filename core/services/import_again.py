"""What can still be done with an import that is not loaded: left-out files, a second beginning."""

import uuid
from collections.abc import Sequence

from core.errors import NotFound, Refused
from core.i18n import N_
from core.services.accounts import Actor, Role, require
from core.services.import_archive import archive_of
from core.services.import_files import receive
from core.services.import_ledger import (
    OPEN,
    entry_of,
    set_state,
)
from core.services.import_loading import changeable_entry, refuse_while_loading
from core.services.import_turn import import_turn
from core.store.import_answers import store_file_mapping, store_left_out
from core.store.import_states import DISCARDED, RECEIVED, UNDONE, remove_import
from core.store.imports import ImportFile, Origin
from core.store.tenant import TenantStore
from core.store.unpublished import clear_unpublished

_NO_FILE = N_("This import has no such file.")
_LAST_FILE = N_("It is the only file left of this import. Give up the import instead.")


def leave_out(
    store: TenantStore, actor: Actor, import_id: str, file_no: int, *, left_out: bool = True
) -> None:
    """Leave a file out of an import that is not loaded, or take it back.

    What is left out is listed, and neither read nor counted. Raises `Refused` for the last file.
    """
    require(actor, Role.ANALYST)
    entry = changeable_entry(store, import_id)
    if entry.file(file_no) is None:
        raise NotFound(_NO_FILE)
    others = [f for f in entry.files if not f.left_out and f.file_no != file_no]
    if left_out and not others:
        raise Refused(_LAST_FILE)
    with store.begin() as tx:
        store_left_out(tx, import_id, file_no, left_out=left_out)


def leave_out_named(
    store: TenantStore, actor: Actor, import_id: str, names: frozenset[str]
) -> None:
    """Leave the files of these names out; raise `Refused` for a name that no file has."""
    require(actor, Role.ANALYST)
    entry = entry_of(store, import_id)
    unknown = sorted(names - {file.name for file in entry.files})
    if unknown:
        raise Refused(N_("No file is named %(name)s: it cannot be left out."), name=unknown[0])
    for file in entry.files:
        if file.name in names:
            leave_out(store, actor, import_id, file.file_no)


def reopen(store: TenantStore, actor: Actor, import_id: str) -> None:
    """Take up again an import that was given up: its files are looked at anew.

    From then on it is loaded by hand only, also when it came through the inbox.
    """
    require(actor, Role.ANALYST)
    entry = entry_of(store, import_id)
    if entry.status != DISCARDED or entry.origin in (Origin.RELEASE, Origin.HAND):
        raise Refused(N_("Only an import that was given up can be taken up again."))
    refuse_while_loading(store, import_id)
    set_state(store, import_id, RECEIVED, among=(DISCARDED,))
    archive_of(store, import_id).leave_to_a_person()


def import_again(store: TenantStore, actor: Actor, import_id: str) -> str:
    """Receive the files of an undone import once more, read as they were; return the new id.

    The undone entry stays: the opt-outs that it brought belong to it.
    """
    require(actor, Role.ANALYST)
    entry, archive = entry_of(store, import_id), archive_of(store, import_id)
    if entry.status != UNDONE or entry.origin != Origin.FILES:
        raise Refused(N_("Only an import of files that was undone can be imported again."))
    files = [file for file in entry.files if not file.left_out]
    originals = {archive.original(file.file_no, file.name): file for file in files}
    again = receive(
        store,
        actor,
        [(file.name, path) for path, file in originals.items()],
        as_of=entry.as_of,
        known_sha256={path: file.sha256 for path, file in originals.items()},
        import_id=str(uuid.uuid4()),
    )
    _read_alike(store, again, files)
    return again


def _read_alike(store: TenantStore, import_id: str, files: Sequence[ImportFile]) -> None:
    with store.begin() as tx:
        for file_no, file in enumerate(files, 1):
            store_file_mapping(
                tx,
                import_id,
                file_no,
                kind=file.kind if file.mapping_json else None,
                mapping_json=file.mapping_json,
                exported_at=file.exported_at,
            )


def throw_away(store: TenantStore, actor: Actor, import_id: str) -> None:
    """Remove an import that is not loaded from the ledger, with its files."""
    require(actor, Role.ANALYST)
    with import_turn(store):
        entry_of(store, import_id)
        clear_unpublished(store)
        with store.begin() as tx:
            if not remove_import(tx, import_id, among=(*OPEN, DISCARDED)):
                raise Refused(N_("An import that was loaded stays in the history."))
        archive_of(store, import_id).remove()
