"""How one file is to be read: what was chosen, else what is remembered, else what is suggested."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from core.contracts import FileKind
from core.errors import QuestionOpen
from core.i18n import N_
from core.ingest.dialect import Dialect
from core.ingest.findings import Finding, found
from core.ingest.mapping import ColumnMapping, dump_mapping, header_fingerprint, parse_mapping
from core.ingest.reader import ReadLimits, read_dialect
from core.ingest.suggest import MappingSuggestion
from core.store.mappings import StoredMapping, find_mapping, find_mapping_of_kind
from core.store.tenant import Transaction

ANY_OF = "any_of"  # key of a choice: mappings of which the one that fits the file is taken
_ANSWERS = frozenset({"sheet", "date_order", "decimal"})  # may stand over a remembered mapping
_SETTLED_PER_FILE = frozenset({"date_order", "decimal"})
_DIALECT_FIELDS = frozenset(field.name for field in fields(Dialect)) - {"evidence"}
_ALIKE = 0.5  # share of the columns read before that are still there

_AS_BEFORE = N_("Mapped as the last file with these columns: version %(version)s, by %(user)s.")
_STILL_FITS = N_(
    "Mapped as the last file of this kind; these columns are new or in another place: %(columns)s."
)
_FITS_NO_MORE = N_(
    "The last file of this kind had these columns, which this one lacks: %(columns)s. Its mapping"
    " does not fit any more, and the columns are suggested anew."
)


@dataclass(frozen=True, kw_only=True)
class ChosenMapping:
    """The mapping of a file, and where it comes from when it is remembered.

    `remembered` names what is settled file by file and only known of an earlier one.
    """

    mapping: ColumnMapping
    why: Finding | None = None
    remembered: frozenset[str] = frozenset()


def read_dialect_of(
    tx: Transaction, path: Path, chosen: Mapping[str, Any], limits: ReadLimits
) -> Dialect:
    """Return how the file is written, a workbook's sheet as chosen or as remembered.

    Raises as `read_dialect` does.
    """
    try:
        return read_dialect(path, limits, chosen.get("sheet"))
    except QuestionOpen as asked:
        told = {candidate.get("sheet") for candidate in chosen.get(ANY_OF, ())}
        for name in asked.options:
            dialect = read_dialect(path, limits, name)
            if name in told or _remembered_sheet(tx, dialect.headers) == name:
                return dialect
        raise


def dialect_of(told: Mapping[str, Any]) -> Dialect:
    """Return the dialect that the report of a file tells, without its evidence."""
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in told.items()
        if name in _DIALECT_FIELDS
    }
    return Dialect(**values)


def _remembered_sheet(tx: Transaction, headers: Sequence[str]) -> str | None:
    stored = find_mapping(tx, header_fingerprint(headers))
    return parse_mapping(json.loads(stored.mapping_json)).sheet if stored else None


def choose_mapping(
    tx: Transaction,
    headers: Sequence[str],
    chosen: Mapping[str, Any],
    suggestion: MappingSuggestion,
) -> ChosenMapping:
    """Return the file's mapping.

    What is chosen with columns is the whole mapping; without, it is put over what is remembered
    or suggested. Raises `QuestionOpen` as `MappingSuggestion.to_mapping` does.
    """
    told = {name: value for name, value in chosen.items() if value and name != ANY_OF}
    if ANY_OF in chosen:
        fitting = _fitting(chosen[ANY_OF], headers, suggestion.kind)
        told = {**{name: value for name, value in fitting.items() if value}, **told}
    if told.get("columns"):
        return ChosenMapping(mapping=parse_mapping(told))
    remembered, why = (None, None)
    if told.keys() <= _ANSWERS:
        remembered, why = recall_mapping(tx, headers, suggestion)
    base = dump_mapping(remembered or suggestion.to_mapping(tax_rate=told.get("tax_rate")))
    return ChosenMapping(
        mapping=parse_mapping({**base, **told}),
        why=why,
        remembered=_SETTLED_PER_FILE & base.keys() - told.keys(),
    )


def recall_mapping(
    tx: Transaction, headers: Sequence[str], suggestion: MappingSuggestion
) -> tuple[ColumnMapping | None, Finding | None]:
    """Return the mapping remembered for these headers or, if it still fits, for this kind.

    The finding says which, or why the one of this kind fits no more.
    """
    stored = find_mapping(tx, header_fingerprint(headers))
    if stored is not None:
        said = found(_AS_BEFORE, version=stored.version, user=stored.created_by)
        return parse_mapping(json.loads(stored.mapping_json)), said
    if suggestion.kind is None:
        return None, None
    last = find_mapping_of_kind(tx, suggestion.kind)
    return _adapted(last, headers, suggestion) if last is not None else (None, None)


def _adapted(
    last: StoredMapping, headers: Sequence[str], suggestion: MappingSuggestion
) -> tuple[ColumnMapping | None, Finding | None]:
    """Return the last mapping of the kind with what is new in this file, if it still fits.

    What is settled file by file is left out: this file may come from another program.
    """
    mapping = parse_mapping(json.loads(last.mapping_json))
    used = mapping.used_headers()
    missing = sorted(used - set(headers))
    if missing:
        is_alike = len(missing) <= _ALIKE * len(used)
        said = found(_FITS_NO_MORE, columns=", ".join(missing))
        return None, said if is_alike else None
    fresh = {
        name: header
        for name, header in suggestion.columns.items()
        if not mapping.gives(name) and header not in used and name not in suggestion.inverse
    }
    data = dump_mapping(mapping)
    data["columns"] = {**fresh, **mapping.columns}
    for name in _SETTLED_PER_FILE:
        data.pop(name, None)
    new = [header for header in headers if header not in used]
    return parse_mapping(data), found(_STILL_FITS, columns=", ".join(new)) if new else None


def _fitting(
    candidates: Sequence[Mapping[str, Any]], headers: Sequence[str], kind: FileKind | None
) -> Mapping[str, Any]:
    """Return the candidate that reads most of the file's headers and no header it lacks."""
    fitting = [
        (len(used), number)
        for number, candidate in enumerate(candidates)
        if (used := parse_mapping(candidate).used_headers()) <= set(headers)
        and (candidate.get("columns") or candidate["kind"] == kind)
    ]
    return candidates[max(fitting)[1]] if fitting else {}
