"""The whole of core.ingest over one text, as the import service strings it together."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from core.contracts import FileKind
from core.ingest.changeset import FileVersion, Known, compare
from core.ingest.clean import ParsedFile, ParseOptions, parse_table
from core.ingest.dialect import Dialect
from core.ingest.folding import fold_file
from core.ingest.mapping import ColumnMapping
from core.ingest.reader import RawTable, ReadLimits, read_dialect, read_table
from core.ingest.report import FileReport, build_report
from core.ingest.suggest import suggest_mapping

AS_OF = date(2026, 10, 31)
EXPORTED_AT = datetime(2026, 1, 2, tzinfo=UTC)
LIMITS = ReadLimits()


@dataclass
class Bench:
    """A DuckDB connection and a folder to import texts in."""

    con: duckdb.DuckDBPyConnection
    folder: Path

    def write(self, content: str | bytes, name: str = "file.csv") -> Path:
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def read(self, path: Path, table: str = "raw") -> tuple[Dialect, RawTable]:
        dialect = read_dialect(path, LIMITS)
        return dialect, read_table(self.con, path, dialect, table, self.folder, LIMITS)

    def parse(
        self,
        content: str | bytes,
        *,
        kind: FileKind | None = None,
        mapping: ColumnMapping | None = None,
        currency: str = "EUR",
        prefix: str = "f",
    ) -> tuple[ParsedFile, RawTable, ColumnMapping, Dialect]:
        dialect, raw = self.read(self.write(content), f"{prefix}_raw")
        if mapping is None:
            mapping = suggest_mapping(raw.headers, raw.samples(self.con), kind).to_mapping()
        options = ParseOptions(as_of=AS_OF, tenant_currency=currency)
        parsed = parse_table(self.con, raw, mapping, dialect, options, prefix)
        return parsed, raw, mapping, dialect

    def run(
        self,
        content: str | bytes,
        *,
        kind: FileKind | None = None,
        mapping: ColumnMapping | None = None,
        known: Known | None = None,
        labels: str | None = None,
        exported_at: datetime = EXPORTED_AT,
        prefix: str = "f",
    ) -> FileReport:
        parsed, raw, mapping, dialect = self.parse(
            content, kind=kind, mapping=mapping, prefix=prefix
        )
        fold_file(self.con, parsed, mapping, labels)
        version = FileVersion(exported_at=exported_at, sha256=prefix)
        compare(self.con, parsed, mapping, known or Known(), version)
        return build_report(self.con, parsed, raw, mapping, dialect, name="file.csv", sha256=prefix)

    def rows(self, query: str) -> list[tuple[object, ...]]:
        return self.con.execute(query).fetchall()

    def buckets(self, prefix: str = "f") -> dict[object, object]:
        found = self.rows(f"SELECT line, bucket FROM {prefix}_buckets ORDER BY line")
        return {row[0]: row[1] for row in found}

    def codes(self, prefix: str = "f") -> list[tuple[object, ...]]:
        return self.rows(f"SELECT line, column_name, code FROM {prefix}_issues ORDER BY ALL")

    def keep(self, name: str, prefix: str = "f", exported_at: str = "2026-01-02") -> str:
        """Store `{p}_load` as what is there, and return the table's name."""
        self.con.execute(
            f"CREATE OR REPLACE TABLE {name} AS SELECT *, '{prefix}' AS sha256, "
            f"TIMESTAMP '{exported_at}' AS exported_at FROM {prefix}_load"
        )
        return name
