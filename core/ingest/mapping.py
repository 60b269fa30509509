"""Which column of a file is which column of the contract, and what is derived or constant.

The JSON format is documented in `docs/import.md`.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from dataclasses import field as defaulted
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.contracts import COLUMNS, REQUIRED_GROUPS, Column, ColumnType, FileKind, fold
from core.errors import Refused
from core.i18n import N_
from core.ingest.derive import derivation_headers, derivation_problem, parse_rate
from core.ingest.product_rules import wrong_rule
from core.ingest.values import EARLIEST, LATEST

_DATE_ORDERS = (None, "iso", "dmy", "mdy")
_DECIMALS = (None, ".", ",")
_REPEATED = (None, "sum", "duplicates")
OR_ELSE, BETWEEN = " / ", "; "  # columns of which one is enough; columns that are all required
_TABLES = ("columns", "constants", "derive", "rates", "create_missing")
_CREATABLE: Mapping[str, frozenset[str]] = {
    "products": frozenset({"name"}),
    "customers": frozenset({"country"}),
}

_REMEDIES = {
    "inverse": N_(
        "The mapping's value %(place)s cannot be used: give a list of the yes/no columns that say"
        ' the contrary, as ["email_opt_out"].'
    ),
    "create_missing": N_(
        "The mapping's value %(place)s cannot be used: give true, or the header that fills the"
        " name of a new product or the country of a new customer."
    ),
    "not_recommendable": N_(
        "The mapping's value %(place)s cannot be used: give a list of product codes, or of regular"
        ' expressions between slashes, as ["PORT", "/FRAIS.*/"].'
    ),
    "exported_at": N_(
        "The mapping's value %(place)s cannot be used: give a date between 1900 and 2200, as"
        " 2026-03-14."
    ),
}


@dataclass(frozen=True, kw_only=True)
class ColumnMapping:
    """How one file is understood. Keys are contract names, values headers of the file.

    `inverse` lists the booleans whose column says the contrary. `create_missing` has the keys
    `products` and `customers`, each with the headers that fill the new record's fields.
    `not_recommendable` lists product codes, or `/regular expressions/` over them. `tax_rate`
    answers what a suggestion asks when the amounts are before tax. `sheet` is the one to read of
    a workbook of several tables.
    """

    kind: FileKind
    columns: Mapping[str, str]
    constants: Mapping[str, str] = defaulted(default_factory=dict)
    inverse: tuple[str, ...] = ()
    derive: Mapping[str, Mapping[str, Any]] = defaulted(default_factory=dict)
    rates: Mapping[str, str] = defaulted(default_factory=dict)
    date_order: str | None = None
    decimal: str | None = None
    repeated: str | None = None
    create_missing: Mapping[str, Mapping[str, str]] = defaulted(default_factory=dict)
    not_recommendable: tuple[str, ...] = ()
    exported_at: str | None = None
    tax_rate: str | None = None
    sheet: str | None = None

    def used_headers(self) -> frozenset[str]:
        """Return the headers of the file that this mapping reads."""
        derived = (h for rule in self.derive.values() for h in derivation_headers(rule))
        created = (h for fields in self.create_missing.values() for h in fields.values())
        return frozenset((*self.columns.values(), *derived, *created))

    def headers_of(self, types: Set[ColumnType]) -> tuple[str, ...]:
        """Return the headers whose cells are read as values of one of `types`."""
        names = {column.name for column in COLUMNS[self.kind] if column.type in types}
        direct = [header for name, header in self.columns.items() if name in names]
        derived = [
            header
            for name, rule in self.derive.items()
            if name in names and rule["op"] != "lookup"
            for header in derivation_headers(rule)
        ]
        return tuple(dict.fromkeys(direct + derived))

    def gives(self, name: str) -> bool:
        """Whether the contract column `name` gets a value from the file or a constant."""
        return name in self.columns or name in self.derive or name in self.constants

    def check(self, headers: Sequence[str]) -> None:
        """Raise `Refused` naming the first header, or every required column, that is missing."""
        for header in sorted(self.used_headers() - set(headers)):
            raise Refused(
                N_('The mapping names the column "%(header)s", which the file does not have.'),
                header=header,
            )
        missing = missing_columns(self.kind, self)
        if len(missing) == 1:
            raise Refused(
                N_('No column of the file gives "%(column)s", which is required: map it.'),
                column=missing[0],
            )
        if missing:
            raise Refused(
                N_("No column of the file gives these, which are required: %(columns)s. Map them."),
                columns=BETWEEN.join(missing),
            )


def missing_columns(kind: FileKind, mapping: ColumnMapping) -> tuple[str, ...]:
    """Return the required contract columns that `mapping` does not give."""
    single = [c.name for c in COLUMNS[kind] if c.required and not mapping.gives(c.name)]
    groups = [g for g in REQUIRED_GROUPS[kind] if not any(mapping.gives(n) for n in g)]
    return (*single, *(OR_ELSE.join(group) for group in groups))


def load_mapping(path: Path) -> dict[str, ColumnMapping]:
    """Read a mapping file: one mapping, or `{"files": {kind or file name: mapping}}`.

    Raises `Refused` when it is no JSON or a value cannot be used.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Refused(
            N_("The mapping file %(name)s cannot be read as JSON."), name=path.name
        ) from error
    if not isinstance(data, dict):
        raise _unusable("mapping")
    files = data.get("files", {data.get("kind"): data})
    if not isinstance(files, dict) or not all(isinstance(m, dict) for m in files.values()):
        raise _unusable("files")
    return {str(key): parse_mapping({"kind": key, **told}) for key, told in files.items()}


def parse_mapping(data: Mapping[str, Any]) -> ColumnMapping:
    """Validate `data` (from JSON); raise `Refused` naming the first value that cannot be used."""
    known = set(ColumnMapping.__dataclass_fields__)
    for key in data:
        if key not in known:
            raise _unusable(key)
    if data.get("kind") not in tuple(FileKind):
        raise _unusable("kind")
    values = dict(data)
    values["kind"] = FileKind(values["kind"])
    for key in ("inverse", "not_recommendable"):
        values[key] = _texts(key, values.get(key))
    for key in _TABLES:
        if not isinstance(values.setdefault(key, {}), dict):
            raise _unusable(key)
    values["create_missing"] = _created(values["create_missing"])
    mapping = ColumnMapping(**values)
    _check_values(mapping)
    return mapping


def _texts(key: str, told: object) -> tuple[str, ...]:
    if not told:
        return ()
    if not isinstance(told, list | tuple) or not all(isinstance(text, str) for text in told):
        raise _unusable(key)
    return tuple(told)


def _created(told: Mapping[str, Any]) -> dict[str, Mapping[str, str]]:
    """Return the headers that fill each record to create; `true` stands for none."""
    created: dict[str, Mapping[str, str]] = {}
    for what, fields in told.items():
        if fields is None or fields is False:
            continue
        headers = {} if fields is True else fields
        is_told = isinstance(headers, dict) and all(isinstance(h, str) for h in headers.values())
        if not is_told or what not in _CREATABLE or not set(headers) <= _CREATABLE[what]:
            raise _unusable(f"create_missing.{what}")
        created[what] = headers
    return created


def _check_values(mapping: ColumnMapping) -> None:
    names = {column.name: column for column in COLUMNS[mapping.kind]}
    for key in ("columns", "constants", "derive"):
        for name, told in getattr(mapping, key).items():
            if name not in names or not isinstance(told, dict if key == "derive" else str):
                raise _unusable(f"{key}.{name}")
    for name in mapping.inverse:
        if name not in names or names[name].type is not ColumnType.BOOLEAN:
            raise _unusable(f"inverse.{name}")
    for name, rule in mapping.derive.items():
        problem = derivation_problem(names[name], rule)
        if problem:
            raise _unusable(f"derive.{name}.{problem}")
    if mapping.exported_at is not None and parse_moment(mapping.exported_at) is None:
        raise _unusable("exported_at")
    for name, value in (("tax_rate", mapping.tax_rate), ("sheet", mapping.sheet)):
        if value is not None and not isinstance(value, str):
            raise _unusable(name)
    if mapping.tax_rate is not None and parse_rate(mapping.tax_rate) is None:
        raise _unusable("tax_rate")
    for currency, rate in mapping.rates.items():
        if parse_rate(rate) is None:
            raise _unusable(f"rates.{currency}")
    wrong = wrong_rule(mapping.not_recommendable)
    if wrong is not None:
        raise _unusable(f"not_recommendable.{wrong}")
    for key, allowed in (
        ("date_order", _DATE_ORDERS),
        ("decimal", _DECIMALS),
        ("repeated", _REPEATED),
    ):
        if getattr(mapping, key) not in allowed:
            raise _unusable(key)


def parse_moment(text: object) -> datetime | None:
    """Return the moment written as an ISO date, with or without a time (UTC), else None.

    None also for a moment that no export was made at: before 1900 or after 2200.

    >>> parse_moment("2026-03-14")
    datetime.datetime(2026, 3, 14, 0, 0, tzinfo=datetime.timezone.utc)
    """
    try:
        moment = datetime.fromisoformat(str(text).strip())
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return moment if EARLIEST <= moment.date() <= LATEST else None


def _unusable(place: str) -> Refused:
    sentence = _REMEDIES.get(place.split(".")[0])
    return Refused(sentence or N_("The mapping's value %(place)s cannot be used."), place=place)


def dump_mapping(mapping: ColumnMapping) -> dict[str, Any]:
    """Return the mapping as JSON-ready data that `parse_mapping` reads back; defaults left out."""
    data: dict[str, Any] = {"kind": str(mapping.kind), "columns": dict(mapping.columns)}
    for name in ColumnMapping.__dataclass_fields__:
        value = getattr(mapping, name)
        if name in data or not value:
            continue
        if isinstance(value, tuple):
            data[name] = list(value)
        elif isinstance(value, Mapping):
            data[name] = {k: dict(v) if isinstance(v, Mapping) else v for k, v in value.items()}
        else:
            data[name] = value
    return data


def header_fingerprint(headers: Sequence[str]) -> str:
    """Return the sha256 of the folded headers in their order: how a known layout is recognised."""
    return hashlib.sha256("\x1f".join(fold(h) for h in headers).encode()).hexdigest()


def contract_column(kind: FileKind, name: str) -> Column:
    """Return the contract's column `name` of `kind`."""
    return next(column for column in COLUMNS[kind] if column.name == name)
