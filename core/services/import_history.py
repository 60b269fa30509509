"""What every loaded file said, kept beside its original, for files that arrive late.

The visible row of an identity is the sum of all its versions. A file newer than every other one
needs that sum alone. To put an older file in its place one must know which cell came from which
version: so each import keeps the rows its files said, and they are read again in this one case.
"""

from collections.abc import Sequence
from datetime import UTC

from duckdb import DuckDBPyConnection

from core.contracts import FileKind
from core.ingest.changeset import FileVersion
from core.ingest.identity import IDENTITY
from core.services.import_archive import ImportArchive, archive_of
from core.services.import_state import state_table
from core.store.imports import ImportFile, load_loaded_files
from core.store.tenant import TenantStore, Transaction

_KEEP = """
COPY (SELECT *, {moment} AS exported_at, '{sha256}' AS sha256 FROM {p}_history)
TO '{path}' (FORMAT parquet)
"""
# The visible row goes last: it holds what a load created without a file of this kind.
_VERSIONS = """
CREATE OR REPLACE TABLE {p}_said AS
SELECT said.* FROM (SELECT * FROM read_parquet({paths}, union_by_name = true)) AS said
WHERE {identity} IN (SELECT {identity} FROM {p}_folded)
UNION ALL BY NAME
SELECT * REPLACE (TIMESTAMP '1900-01-01' AS exported_at, '' AS sha256) FROM {state}
WHERE {identity} IN (SELECT {identity} FROM {p}_folded)
"""


def version_of(file: ImportFile) -> FileVersion:
    """Return the version that the rows of `file` carry, to the second in UTC."""
    moment = file.exported_at.astimezone(UTC).replace(tzinfo=None, microsecond=0)
    return FileVersion(exported_at=moment, sha256=file.sha256)


def keep_said(
    con: DuckDBPyConnection,
    archive: ImportArchive,
    kind: FileKind,
    prefix: str,
    version: FileVersion,
) -> None:
    """Keep in `archive` what the compared file of `prefix` said, held rows left out."""
    con.execute(
        _KEEP.format(
            p=prefix,
            moment=f"TIMESTAMP '{version.exported_at}'",
            sha256=version.sha256,
            path=archive.said(prefix, kind.value),
        )
    )


def versions_before(
    store: TenantStore,
    tx: Transaction,
    con: DuckDBPyConnection,
    archive: ImportArchive,
    kind: FileKind,
    prefix: str,
    version: FileVersion,
    *,
    is_late: bool = False,
) -> str | None:
    """Return the table `{p}_said` of every version of the identities in the folded file.

    None when the file is the newest of its kind and not `is_late`: the visible rows are enough.
    """
    loaded = load_loaded_files(tx, kind.value)
    newer = (version_of(file).key() > version.key() for _, file in loaded)
    if not (is_late or any(newer)):
        return None
    folders = [archive_of(store, import_id) for import_id in sorted({key for key, _ in loaded})]
    return _collect(con, [*folders, archive], kind, prefix)


def _collect(
    con: DuckDBPyConnection, archives: Sequence[ImportArchive], kind: FileKind, prefix: str
) -> str | None:
    paths = [str(path) for archive in archives for path in archive.all_said(kind.value)]
    if not paths:
        return None
    con.execute(
        _VERSIONS.format(p=prefix, paths=paths, identity=IDENTITY[kind], state=state_table(kind))
    )
    return f"{prefix}_said"
