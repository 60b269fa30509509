"""What one file did, or would do: counts that add up, issues, period, months."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from duckdb import DuckDBPyConnection

from core.contracts import FileKind
from core.counts import count_rows
from core.ingest.clean import ParsedFile
from core.ingest.dialect import Dialect
from core.ingest.figures import FileFigures, compute_figures
from core.ingest.issues import ISSUES
from core.ingest.mapping import ColumnMapping, dump_mapping
from core.ingest.opt_outs import count_leaving
from core.ingest.preview import (
    FieldChange,
    KeptOptOut,
    Unknown,
    find_changes,
    find_kept_opt_outs,
    find_unknown,
)
from core.ingest.reader import RawTable

EXAMPLES = 5


class Bucket(StrEnum):
    """What became of a row, in order of precedence."""

    REJECTED = "rejected"
    HELD = "held"
    DUPLICATE = "duplicate"
    MERGED = "merged"
    UNCHANGED = "unchanged"
    LOADED = "loaded"


@dataclass(frozen=True, kw_only=True)
class IssueExample:
    """One row that carries an issue; `value` is content: shown to its tenant, never logged."""

    line: int
    column: str | None
    value: str | None


@dataclass(frozen=True, kw_only=True)
class IssueCount:
    """How many rows carry a code, with the first examples."""

    code: str
    effect: str
    rows: int
    examples: tuple[IssueExample, ...]


@dataclass(frozen=True, kw_only=True)
class Month:
    """What the rows of one month add up to, held and rejected rows left out."""

    month: str
    rows: int
    amount_cents: int | None


@dataclass(frozen=True, kw_only=True)
class FileReport:
    """The counts and findings of one file.

    `rows_in = loaded + unchanged + merged + duplicate + held + rejected`. `anonymous` counts,
    among those neither held nor rejected, the sale lines without customer. `older` counts the
    identities of which a newer version is known: this one only fills blanks. `opt_outs_added`
    counts who leaves by this file and had not left before, by a message or in a rejected row too;
    `opt_outs_kept` counts those whom the file would have written to again (`kept_opt_outs`: the
    first of them). `changes` says field by field what is `changed`, `unknown` what held rows wait
    for; `figures` is what the next file of the kind is compared with.
    """

    kind: FileKind
    name: str
    sha256: str
    rows_in: int
    loaded: int
    unchanged: int
    merged: int
    duplicate: int
    held: int
    rejected: int
    anonymous: int
    new: int
    changed: int
    older: int
    opt_outs_added: int
    opt_outs_kept: int
    new_products: int
    new_customers: int
    period: tuple[str, str] | None
    months: tuple[Month, ...]
    issues: tuple[IssueCount, ...]
    changes: tuple[FieldChange, ...]
    kept_opt_outs: tuple[KeptOptOut, ...]
    unknown: tuple[Unknown, ...]
    figures: FileFigures
    unknown_columns: tuple[str, ...]
    dialect: Mapping[str, Any]
    mapping: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain JSON data, keys sorted: `loads(dumps(d)) == d`."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self), sort_keys=True))
        return plain


def build_report(
    con: DuckDBPyConnection,
    parsed: ParsedFile,
    raw: RawTable,
    mapping: ColumnMapping,
    dialect: Dialect,
    *,
    name: str,
    sha256: str,
    opted_out: str | None = None,
) -> FileReport:
    """Count what `compare` decided. Raises `RuntimeError` when the buckets do not add up.

    `opted_out` is a table (customer, email_norm) of those who had left before.
    """
    prefix, kind = parsed.prefix, parsed.kind
    buckets = _count_buckets(con, prefix, raw)
    actions = dict(_rows(con, f"SELECT action, count(*) FROM {prefix}_load GROUP BY action"))
    used = mapping.used_headers()
    kept = find_kept_opt_outs(con, parsed)
    return FileReport(
        kind=kind,
        name=name,
        sha256=sha256,
        rows_in=raw.rows_in,
        **{str(bucket): buckets.get(bucket, 0) for bucket in Bucket},
        anonymous=_count_anonymous(con, parsed),
        new=actions.get("new", 0),
        changed=actions.get("changed", 0),
        older=count_rows(con, f"{prefix}_load WHERE older"),
        opt_outs_added=count_leaving(con, parsed, opted_out),
        opt_outs_kept=kept.customers,
        new_products=_count_new(con, parsed, "products"),
        new_customers=_count_new(con, parsed, "customers"),
        period=_period(con, parsed),
        months=_months(con, parsed),
        issues=count_issues(con, prefix),
        changes=find_changes(con, parsed),
        kept_opt_outs=kept.shown,
        unknown=find_unknown(con, [parsed]),
        figures=compute_figures(con, parsed, mapping),
        unknown_columns=tuple(header for header in raw.headers if header not in used),
        dialect={**_plain_dialect(dialect), "settled": _plain_formats(parsed)},
        mapping=dump_mapping(mapping),
    )


def _rows(con: DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    return con.execute(query).fetchall()


def _count_buckets(con: DuckDBPyConnection, prefix: str, raw: RawTable) -> dict[str, int]:
    counts = dict(_rows(con, f"SELECT bucket, count(*) FROM {prefix}_buckets GROUP BY bucket"))
    twice = f"(SELECT record FROM {prefix}_marked GROUP BY ALL HAVING count(*) > 1)"
    written = f"{prefix}_load WHERE action <> 'older'"
    is_whole = sum(counts.values()) == raw.rows_in and count_rows(con, twice) == 0
    if not is_whole or counts.get(Bucket.LOADED, 0) != count_rows(con, written):
        raise RuntimeError(f"rows are not conserved: {raw.rows_in} read, {counts} judged")
    return counts


def _count_anonymous(con: DuckDBPyConnection, parsed: ParsedFile) -> int:
    if parsed.kind is not FileKind.SALES:
        return 0
    return count_rows(
        con,
        f"{parsed.prefix}_rows WHERE customer IS NULL AND record NOT IN "
        f"(SELECT record FROM {parsed.prefix}_marked WHERE bucket IN ('held', 'rejected'))",
    )


def _count_new(con: DuckDBPyConnection, parsed: ParsedFile, what: str) -> int:
    if parsed.kind is not FileKind.SALES:
        return 0
    return count_rows(con, f"{parsed.prefix}_new_{what}")


def _date_field(kind: FileKind) -> str | None:
    return {FileKind.SALES: "sale_date", FileKind.CONTACTS: "contact_date"}.get(kind)


def _period(con: DuckDBPyConnection, parsed: ParsedFile) -> tuple[str, str] | None:
    field = _date_field(parsed.kind)
    if field is None:
        return None
    first, last = _rows(con, f"SELECT min({field}), max({field}) FROM {parsed.prefix}_history")[0]
    return None if first is None else (first.isoformat(), last.isoformat())


def _months(con: DuckDBPyConnection, parsed: ParsedFile) -> tuple[Month, ...]:
    field = _date_field(parsed.kind)
    if field is None:
        return ()
    amount = "CAST(sum(amount_cents) AS BIGINT)" if parsed.kind is FileKind.SALES else "NULL"
    rows = _rows(
        con,
        f"SELECT strftime({field}, '%Y-%m') AS month, count(*), {amount} "
        f"FROM {parsed.prefix}_history GROUP BY month ORDER BY month",
    )
    return tuple(Month(month=m, rows=n, amount_cents=cents) for m, n, cents in rows)


def count_issues(con: DuckDBPyConnection, prefix: str) -> tuple[IssueCount, ...]:
    """Count the rows of `{prefix}_issues` that carry each code, with the first examples."""
    counted = _rows(
        con, f"SELECT code, count(DISTINCT record) FROM {prefix}_issues GROUP BY code ORDER BY code"
    )
    examples = _rows(
        con,
        f"SELECT code, line, column_name, value FROM {prefix}_issues QUALIFY row_number() OVER "
        f"(PARTITION BY code ORDER BY record, column_name) <= {EXAMPLES} "
        "ORDER BY code, record, column_name",
    )
    return tuple(
        IssueCount(
            code=code,
            effect=ISSUES[code].effect,
            rows=rows,
            examples=tuple(
                IssueExample(line=line, column=column, value=value)
                for of, line, column, value in examples
                if of == code
            ),
        )
        for code, rows in counted
    )


def _plain_dialect(dialect: Dialect) -> dict[str, Any]:
    return {**asdict(dialect), "headers": list(dialect.headers)}


def _plain_formats(parsed: ParsedFile) -> dict[str, Any]:
    formats = parsed.formats
    return {
        "decimal": formats.decimal,
        "date_order": formats.date_order,
        "evidence": dict(formats.evidence),
    }
