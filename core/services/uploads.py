"""Files on their way in, kept part by part under `data/<tenant>/uploads/` until an import has them.

An upload is two files: `<id>.json` says what is sent and by whom, `<id>.bytes` holds what came so
far, so that its length is the place where sending goes on. The id is made of who sends and of
what the file looks like (name, size, time of change, a sample of its content): the same file
chosen again finds what came of it before.
"""

import errno
import fcntl
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import BinaryIO

from core.errors import NotFound, Refused
from core.i18n import N_
from core.services.accounts import Actor, Role, require
from core.services.import_archive import archive_of, safe_name
from core.services.import_files import receive
from core.services.upload_digest import digest_so_far, forget_digest
from core.store.imports import load_import_entry
from core.store.tenant import Store, TenantStore

STALE_AFTER = timedelta(days=1)
_FOLDER = "uploads"
_ID = re.compile(r"[0-9a-f]{32}")
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_GONE = N_("This upload is not there any more. Choose the file again.")
_TOO_LARGE = N_(
    "%(name)s is larger than %(limit)s MB, the most that this instance takes (MAX_UPLOAD_MB)."
    " Export a shorter period, or raise the limit."
)
_TOO_LONG = N_("%(name)s is longer than announced: it has changed. Choose the file again.")
_AHEAD = N_("A part before this one is missing. Go on at byte %(offset)s.")
_FULL = N_(
    "The disk of this instance has no room for %(name)s. Ask whoever runs it to make room,"
    " then send the file again."
)


class UploadTooLarge(Refused):
    """More bytes than the settings, or the announced size, allow."""


class PartMissing(Refused):
    """A part begins behind the end of what is there; the value `offset` says where to go on."""


class DiskFull(Refused):
    """The file does not fit on the disk; what was there of it is removed."""


@dataclass(frozen=True, kw_only=True)
class FileClaim:
    """What a browser says of a file before it sends it.

    `modified` is in milliseconds since 1970; `sample` stands for a few bytes of the content.
    """

    name: str
    bytes: int
    modified: int
    sample: str


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A file that is being sent; `offset` bytes of it are here, `sha256` once all are."""

    upload_id: str
    user_id: str
    name: str
    bytes: int
    begun_at: str
    sha256: str | None
    offset: int
    folder: Path

    @property
    def is_complete(self) -> bool:
        """True when every byte is here."""
        return self.sha256 is not None

    @property
    def content(self) -> Path:
        """Path of what came so far."""
        return self.folder / f"{self.upload_id}.bytes"


def begin_upload(store: TenantStore, actor: Actor, claim: FileClaim) -> Upload:
    """Return the upload of this file, a new one unless it was begun before.

    Raises `NotAllowed`, `UploadTooLarge`, or `DiskFull` when the rest of it does not fit.
    """
    require(actor, Role.ANALYST)
    clear_stale_uploads(store.store, store.tenant.key)
    name = _plain_name(claim.name)
    limit = store.store.settings.max_upload_mb
    if claim.bytes > limit * 1_000_000:
        raise UploadTooLarge(_TOO_LARGE, name=name, limit=limit)
    folder = _folder(store)
    folder.mkdir(parents=True, exist_ok=True)
    upload_id = _upload_id(actor, claim)
    upload = _load(folder, upload_id) or Upload(
        upload_id=upload_id,
        user_id=actor.user_id,
        name=name,
        bytes=claim.bytes,
        begun_at=store.store.now().isoformat(),
        sha256=None,
        offset=0,
        folder=folder,
    )
    if upload.bytes - upload.offset > shutil.disk_usage(folder).free:
        raise DiskFull(_FULL, name=name)
    upload.content.touch()
    _describe(upload)
    return upload


def find_upload(store: TenantStore, actor: Actor, upload_id: str) -> Upload:
    """Return an upload of this user; raise `NotFound` for any other."""
    require(actor, Role.ANALYST)
    found = _load(_folder(store), upload_id)
    if found is None or found.user_id != actor.user_id:
        raise NotFound(_GONE)
    return found


def list_uploads(store: TenantStore, actor: Actor) -> list[Upload]:
    """Return the uploads of this user that no import has taken yet, first begun first."""
    require(actor, Role.ANALYST)
    folder = _folder(store)
    found = (_load(folder, path.stem) for path in folder.glob("*.json"))
    own = [upload for upload in found if upload and upload.user_id == actor.user_id]
    return sorted(own, key=lambda upload: (upload.begun_at, upload.upload_id))


def append_block(upload: Upload, offset: int, block: bytes) -> Upload:
    """Write the bytes of `block`, the first of which is number `offset` of the file.

    What is here already is passed over, so that a part sent twice changes nothing. The sha256
    is computed along. Raises `PartMissing`, `UploadTooLarge`, `DiskFull`, or `NotFound` when the
    upload was removed meanwhile.
    """
    if offset + len(block) > upload.bytes:
        raise UploadTooLarge(_TOO_LONG, name=upload.name)
    if upload.is_complete:
        return upload
    with _locked(upload) as stream:
        held = stream.seek(0, os.SEEK_END)
        if offset > held:
            raise PartMissing(_AHEAD, offset=held)
        _write(upload, stream, memoryview(block)[held - offset :])
        grown = replace(upload, offset=stream.tell())
        sha256 = digest_so_far(upload.content, stream)
        if grown.offset == upload.bytes:
            grown = replace(grown, sha256=sha256)
            _describe(grown)
            forget_digest(upload.content)
    return grown


def remove_upload(upload: Upload) -> None:
    """Forget an upload and what came of it."""
    (upload.folder / f"{upload.upload_id}.json").unlink(missing_ok=True)
    upload.content.unlink(missing_ok=True)
    forget_digest(upload.content)


def receive_uploads(
    store: TenantStore,
    actor: Actor,
    uploads: Sequence[Upload],
    *,
    as_of: date | None = None,
    import_id: str | None = None,
) -> str:
    """Make one import of complete uploads, without copying them; return its id.

    They stay as they are when the import cannot be received. `import_id` is the id to be; an import
    that has it is not made again, and what a killed process kept for one that is not there goes.
    """
    require(actor, Role.ANALYST)
    if not all(upload.is_complete for upload in uploads):
        raise Refused(N_("A file is not here whole yet. Wait for it, or remove it."))
    files = [(upload.name, upload.content) for upload in uploads]
    known = {upload.content: str(upload.sha256) for upload in uploads}
    if import_id is None or not _is_entered(store, import_id):
        import_id = receive(
            store, actor, files, as_of=as_of, known_sha256=known, import_id=import_id
        )
    for upload in uploads:
        remove_upload(upload)
    return import_id


def _is_entered(store: TenantStore, import_id: str) -> bool:
    """Tell whether an import is in the ledger; what was kept for one that is not, is removed."""
    with store.read() as tx:
        is_entered = load_import_entry(tx, import_id) is not None
    if not is_entered:
        archive_of(store, import_id).remove()
    return is_entered


def clear_stale_uploads(store: Store, tenant_key: str = "*") -> None:
    """Remove what nobody has gone on sending, or importing, for a day: of one tenant, or of all."""
    oldest = (store.now() - STALE_AFTER).timestamp()
    for path in store.settings.data_dir.glob(f"{tenant_key}/{_FOLDER}/*.bytes"):
        if _changed_at(path) < oldest:
            path.unlink(missing_ok=True)
            path.with_suffix(".json").unlink(missing_ok=True)
            forget_digest(path)


def _changed_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")


def _folder(store: TenantStore) -> Path:
    return store.folder / _FOLDER


def _plain_name(name: str) -> str:
    """Return the last part of a name that may come with folders, from Windows too."""
    printable = name.replace("\\", "/").encode(errors="replace").decode()
    return safe_name(printable)


def _upload_id(actor: Actor, claim: FileClaim) -> str:
    told = json.dumps([actor.user_id, claim.name, claim.bytes, claim.modified, claim.sample])
    return hashlib.sha256(told.encode()).hexdigest()[:32]


def _load(folder: Path, upload_id: str) -> Upload | None:
    if not _ID.fullmatch(upload_id):
        return None
    try:
        described = json.loads((folder / f"{upload_id}.json").read_bytes())
        offset = (folder / f"{upload_id}.bytes").stat().st_size
    except FileNotFoundError:
        return None
    return Upload(upload_id=upload_id, folder=folder, offset=offset, **described)


def _describe(upload: Upload) -> None:
    """Write `<id>.json`, whole or not at all."""
    kept = {"user_id", "name", "bytes", "begun_at", "sha256"}
    described = {name: value for name, value in asdict(upload).items() if name in kept}
    path = upload.folder / f"{upload.upload_id}.json"
    passing = path.with_suffix(f".{os.urandom(4).hex()}")
    passing.write_text(json.dumps(described))
    passing.replace(path)


@contextmanager
def _locked(upload: Upload) -> Iterator[BinaryIO]:
    """Open what came so far; two parts that arrive at once are written one after the other."""
    try:
        stream = upload.content.open("r+b", buffering=0)
    except FileNotFoundError as error:
        raise NotFound(_GONE) from error
    with stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        if os.fstat(stream.fileno()).st_nlink == 0:
            raise NotFound(_GONE)
        yield stream


def _write(upload: Upload, stream: BinaryIO, block: memoryview) -> None:
    """Write the whole block; when the disk is full, remove the upload: others need the room."""
    try:
        while block:
            block = block[stream.write(block) :]
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        remove_upload(upload)
        raise DiskFull(_FULL, name=upload.name) from error
