"""What a backup holds: `manifest.json`, and beside it the hash of that file."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from core.errors import Refused
from core.i18n import N_
from core.store.backup.parts import SequenceDump, TableDump

FORMAT = 1
DATABASE, FILES = "database", "files"
_MANIFEST, _HASH = "manifest.json", "manifest.sha256"
_NONE = N_("%(folder)s is no backup: it has no manifest.json. Name the folder that `backup` made.")
_DAMAGED = N_("The manifest of the backup is damaged. Take another backup.")
_NEWER = N_("The backup is of a newer format. Restore it with the version that took it.")


@dataclass(frozen=True, kw_only=True)
class KeptFile:
    """A file as it was copied."""

    sha256: str
    bytes: int
    mode: int


@dataclass(frozen=True, kw_only=True)
class Original:
    """A file under `data/` that a row of the ledger names; `sha256` lists what it may be."""

    path: str
    sha256: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What was copied when, of which version.

    `kinds` names the database of each part, `tenants` the companies' keys, `tables` every table
    with the digest of its rows, `database` and `files` every file with its hash, `originals` the
    files that rows name, by their paths under `data/`.
    """

    made_at: datetime
    version: str
    revision: str
    kinds: Mapping[str, str]
    tenants: tuple[str, ...]
    tables: tuple[TableDump, ...]
    sequences: tuple[SequenceDump, ...]
    database: Mapping[str, KeptFile]
    files: Mapping[str, KeptFile]
    originals: tuple[Original, ...]


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest of the backup in `folder`."""
    told = {"format": FORMAT, **asdict(manifest), "made_at": manifest.made_at.isoformat()}
    text = json.dumps(told, ensure_ascii=False, indent=1, sort_keys=True)
    (folder / _MANIFEST).write_text(text, encoding="utf-8")
    (folder / _HASH).write_text(hashlib.sha256(text.encode()).hexdigest())


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of the backup in `folder`; raise `Refused` when it cannot be used."""
    if not (folder / _MANIFEST).is_file():
        raise Refused(_NONE, folder=folder.name)
    try:
        text = (folder / _MANIFEST).read_bytes()
        if hashlib.sha256(text).hexdigest() != (folder / _HASH).read_text().strip():
            raise Refused(_DAMAGED)
        told: dict[str, Any] = json.loads(text)
        if told.pop("format") != FORMAT:
            raise Refused(_NEWER)
        return _as_manifest(told)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Refused(_DAMAGED) from error


def _as_manifest(told: dict[str, Any]) -> Manifest:
    tables = [TableDump(**{**one, "columns": tuple(one["columns"])}) for one in told["tables"]]
    return Manifest(
        made_at=datetime.fromisoformat(told["made_at"]),
        version=told["version"],
        revision=told["revision"],
        kinds=told["kinds"],
        tenants=tuple(told["tenants"]),
        tables=tuple(tables),
        sequences=tuple(SequenceDump(**one) for one in told["sequences"]),
        database={name: KeptFile(**one) for name, one in told["database"].items()},
        files={name: KeptFile(**one) for name, one in told["files"].items()},
        originals=tuple(
            Original(path=one["path"], sha256=tuple(one["sha256"])) for one in told["originals"]
        ),
    )
