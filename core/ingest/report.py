"""What one file did, or would do: counts that add up, issues, period, months."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from duckdb import DuckDBPyConnection

from core.contracts import FileKind
from core.ingest.clean import ParsedFile
from core.ingest.dialect import Dialect
from core.ingest.issues import ISSUES
from core.ingest.mapping import ColumnMapping, dump_mapping
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
    and `opt_outs_kept` count customers.
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
) -> FileReport:
    """Count what `compare` decided. Raises `RuntimeError` when the buckets do not add up."""
    prefix, kind = parsed.prefix, parsed.kind
    buckets = _count_buckets(con, prefix, raw)
    actions = dict(_rows(con, f"SELECT action, count(*) FROM {prefix}_load GROUP BY action"))
    used = mapping.used_headers()
    months = _months(con, parsed)
    return FileReport(
        kind=kind,
        name=name,
        sha256=sha256,
        rows_in=raw.rows_in,
        **{str(bucket): buckets.get(bucket, 0) for bucket in Bucket},
        anonymous=_count_anonymous(con, parsed),
        new=actions.get("new", 0),
        changed=actions.get("changed", 0),
        older=_count(con, f"SELECT count(*) FROM {prefix}_load WHERE older"),
        opt_outs_added=_count_opt_outs(con, parsed),
        opt_outs_kept=_count_issue(con, prefix, "OPT_OUT_KEPT"),
        new_products=_count_new(con, parsed, "products"),
        new_customers=_count_new(con, parsed, "customers"),
        period=_period(con, parsed),
        months=months,
        issues=_count_issues(con, prefix),
        unknown_columns=tuple(header for header in raw.headers if header not in used),
        dialect={**_plain_dialect(dialect), "settled": _plain_formats(parsed)},
        mapping=dump_mapping(mapping),
    )


def _rows(con: DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    return con.execute(query).fetchall()


def _count(con: DuckDBPyConnection, query: str) -> int:
    return int(_rows(con, query)[0][0])


def _count_buckets(con: DuckDBPyConnection, prefix: str, raw: RawTable) -> dict[str, int]:
    counts = dict(_rows(con, f"SELECT bucket, count(*) FROM {prefix}_buckets GROUP BY bucket"))
    records = _count(con, f"SELECT count(DISTINCT record) FROM {prefix}_buckets")
    whole = sum(counts.values()) == records == raw.rows_in
    if not whole or not counts.keys() <= set(Bucket):
        raise RuntimeError(f"rows are not conserved: {raw.rows_in} read, {counts} judged")
    return counts


def _count_anonymous(con: DuckDBPyConnection, parsed: ParsedFile) -> int:
    if parsed.kind is not FileKind.SALES:
        return 0
    return _count(
        con,
        f"SELECT count(*) FROM {parsed.prefix}_rows AS r JOIN {parsed.prefix}_buckets AS b "
        "USING (record) WHERE r.customer IS NULL AND b.bucket NOT IN ('held', 'rejected')",
    )


def _count_opt_outs(con: DuckDBPyConnection, parsed: ParsedFile) -> int:
    if parsed.kind is not FileKind.CLIENTS:
        return 0
    added = (
        f"SELECT count(*) FROM {parsed.prefix}_load AS l LEFT JOIN {parsed.prefix}_changes AS c "
        "ON c.identity = l.customer AND c.field = 'email_opt_out' "
        "WHERE l.email_opt_out AND (l.action = 'new' OR c.field IS NOT NULL)"
    )
    return _count(con, added)


def _count_issue(con: DuckDBPyConnection, prefix: str, code: str) -> int:
    return _count(con, f"SELECT count(DISTINCT record) FROM {prefix}_issues WHERE code = '{code}'")


def _count_new(con: DuckDBPyConnection, parsed: ParsedFile, what: str) -> int:
    if parsed.kind is not FileKind.SALES:
        return 0
    return _count(con, f"SELECT count(*) FROM {parsed.prefix}_new_{what}")


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


def _count_issues(con: DuckDBPyConnection, prefix: str) -> tuple[IssueCount, ...]:
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
