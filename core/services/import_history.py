"""What every loaded file said, kept beside its original, for files that arrive late.

The visible row of an identity is the sum of all its versions. A file newer than every other one
needs that sum alone. To put an older file in its place one must know which cell came from which
version: so each import keeps the rows its files said, and they are read again in this one case.
"""

from datetime import UTC, datetime

from duckdb import DuckDBPyConnection

from core.contracts import FileKind
from core.ingest.changeset import FileVersion
from core.ingest.identity import IDENTITY
from core.ingest.parquet import parquet_rows, write_parquet
from core.services.import_archive import ImportArchive, archive_of
from core.services.import_state import layers_of, state_table
from core.store.imports import ImportFile, load_loaded_files, load_loaded_ids
from core.store.tenant import TenantStore, Transaction

_SAID = "SELECT *, TIMESTAMP '{exported_at}' AS exported_at, '{sha256}' AS sha256 FROM {table}"
# A correction (its version begins with that of its file) stands for what its file said before, and
# the last reading of the same bytes for those by other mappings. The visible row goes last: it
# holds what a load created and no version tells.
_VERSIONS = """
CREATE OR REPLACE TABLE {table} AS
SELECT said.* EXCLUDE load_no
FROM (SELECT NULL::UBIGINT AS load_no WHERE false UNION ALL BY NAME {said}) AS said
WHERE {identity} IN (SELECT {identity} FROM {named})
QUALIFY row_number() OVER (
  PARTITION BY {identity}, exported_at, substr(sha256, 1, 64)
  ORDER BY sha256 DESC, load_no DESC NULLS FIRST
) = 1
UNION ALL BY NAME
SELECT * REPLACE (TIMESTAMP '1000-01-01' AS exported_at, '' AS sha256) FROM {state}
WHERE {identity} IN (SELECT {identity} FROM {named})
"""


def version_of(file: ImportFile) -> FileVersion:
    """Return the version that the rows of `file` carry, to the second in UTC."""
    moment = file.exported_at.astimezone(UTC).replace(tzinfo=None, microsecond=0)
    return FileVersion(exported_at=moment, sha256=file.sha256)


def keep_said(con: DuckDBPyConnection, archive: ImportArchive) -> None:
    """Keep in `archive` what every worked file said, held rows left out, released ones with."""
    archive.clear_said()
    for kind in FileKind:
        for prefix, said in said_here(con, kind):
            write_parquet(con, said, archive.said(prefix, kind.value))


def said_here(con: DuckDBPyConnection, kind: FileKind) -> list[tuple[str, str]]:
    """Return prefix and SELECT of what each file of `kind` worked so far said."""
    return [
        (layer.prefix, _said(layer.said, layer.exported_at, layer.sha256))
        for layer in layers_of(con, kind)
        if layer.said is not None
    ]


def _said(table: str, exported_at: datetime, sha256: str) -> str:
    return _SAID.format(table=table, exported_at=exported_at, sha256=sha256)


def versions_before(
    store: TenantStore,
    tx: Transaction,
    con: DuckDBPyConnection,
    kind: FileKind,
    prefix: str,
    version: FileVersion,
    *,
    is_late: bool = False,
) -> str | None:
    """Return the table `{p}_said` of every version of the identities in the folded file.

    None when the file is newer than all of its kind and not `is_late`: the visible rows are enough.
    """
    loaded = load_loaded_files(tx, kind.value)
    no_older = (version_of(file).key() >= version.key() for _, file in loaded)
    if not (is_late or any(no_older)):
        return None
    table = f"{prefix}_said"
    is_found = collect_versions(store, tx, con, kind, f"{prefix}_folded", table)
    return table if is_found else None


def collect_versions(
    store: TenantStore,
    tx: Transaction,
    con: DuckDBPyConnection,
    kind: FileKind,
    named: str,
    table: str,
) -> bool:
    """Create DuckDB `table`: every version of the identities in the table `named`.

    Returns False, and creates nothing, where no file has said anything of the kind.
    """
    said = [*said_before(store, tx, kind), *(select for _, select in said_here(con, kind))]
    if said:
        con.execute(
            _VERSIONS.format(
                table=table,
                named=named,
                said=" UNION ALL BY NAME ".join(said),
                identity=IDENTITY[kind],
                state=state_table(kind),
            )
        )
    return bool(said)


def said_before(store: TenantStore, tx: Transaction, kind: FileKind) -> list[str]:
    """Return the SELECT of what the loaded files of `kind` said, none when there are none.

    `load_no` rises with the order of the loads. Any import may have released rows of any kind.
    """
    archives = [archive_of(store, import_id) for import_id in load_loaded_ids(tx)]
    paths = [path for archive in archives for path in archive.all_said(kind.value)]
    return [f"SELECT *, file_index AS load_no FROM {parquet_rows(paths)}"] if paths else []
