"""What becomes of a record of a file that names an erased person, by the kind of the file.

A sale stays as an anonymous line; of a client or a contact the code and the address become an
erasure mark, which no import loads, so that the account of the file's rows stays true.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.contracts import FileKind
from core.store.opaque import Opaque
from core.store.subjects import ERASED_MARK, Subject

_CODE, _EMAIL, _DOCUMENT = "client_code", "email", "document_id"
# Of a contact these stay: without whom they were about they are counts.
_HARMLESS = {
    FileKind.CLIENTS: frozenset[str](),
    FileKind.CONTACTS: frozenset({"contact_date", "status", "channel", "campaign"}),
}


@dataclass(frozen=True, kw_only=True)
class Columns:
    """The kind of a file, None where nobody knows it, and the place of its contract columns."""

    kind: FileKind | None
    places: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Redaction:
    """What an erasure takes out of cells; `sale_mark` takes the place of a sale's customer."""

    subject: Subject
    opaque: Opaque
    sale_mark: str = ""

    def change(self, columns: Columns, cells: Sequence[str]) -> list[str] | None:
        """Return what the cells of a record become, None when they name nobody erased."""
        if not self._is_named(columns, cells):
            told = [self.subject.addresses_removed_from(cell) for cell in cells]
            return told if told != list(cells) else None
        if columns.kind is None or columns.kind is FileKind.PRODUCTS:
            return [ERASED_MARK if self.subject.is_named_by(cell) else "" for cell in cells]
        if columns.kind is FileKind.SALES:
            return self._sale(columns, cells)
        kept = {columns.places.get(name) for name in _HARMLESS[columns.kind]}
        marked = self._marked(columns)
        return [
            ERASED_MARK if place in marked else cell if place in kept else ""
            for place, cell in enumerate(cells)
        ]

    def _is_named(self, columns: Columns, cells: Sequence[str]) -> bool:
        if columns.kind is None:
            return any(map(self.subject.is_named_by, cells))
        if columns.kind is FileKind.PRODUCTS:
            return False
        places = [columns.places[name] for name in (_CODE, _EMAIL) if name in columns.places]
        return any(self.subject.is_named_by(cells[at]) for at in places if at < len(cells))

    def _sale(self, columns: Columns, cells: Sequence[str]) -> list[str]:
        code, document = columns.places.get(_CODE), columns.places.get(_DOCUMENT)
        known = set(columns.places.values())
        told = [cell if place in known else "" for place, cell in enumerate(cells)]
        customer = cells[code].strip() if code is not None and code < len(cells) else ""
        if code is not None and code < len(told):
            told[code] = self.sale_mark
        if document is not None and document < len(told):
            told[document] = self.opaque.document(cells[document].strip(), customer)
        return told

    def _marked(self, columns: Columns) -> set[int]:
        named = {columns.places[name] for name in (_CODE, _EMAIL) if name in columns.places}
        return named or {0}
