"""The tenant's state in DuckDB while an import is worked, moved on by each file.

The state of a kind is made of layers: what was fetched from the database, then what each worked
file loads, in the order of work. Rows are fetched only for what the files name, and the rows of
a file are never copied: `state_<kind>` is a view, and where a later layer holds an identity again,
`masked_<kind>` hides it in the layers below.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import datetime

from duckdb import DuckDBPyConnection

from core.contracts import FileKind
from core.ingest.changeset import FileVersion
from core.ingest.labels import build_labels
from core.store.versions import STORED
from core.store.visible import fetched_types

SAID_ADDRESSES = "said_addresses"
SOLD = "sold_said"
_OPEN_LAYERS = """
CREATE OR REPLACE TABLE state_layer (
    kind VARCHAR, place INTEGER, prefix VARCHAR, source VARCHAR, file_no INTEGER,
    exported_at TIMESTAMP, sha256 VARCHAR, cells VARCHAR, moved VARCHAR
)
"""
# Kept when the state is opened again: what was found makes the difference.
_OPEN_SOLD = f"""
CREATE TABLE IF NOT EXISTS {SOLD} (
    customer VARCHAR, product_key VARCHAR, document_id VARCHAR, sale_date DATE
)
"""
_LAYERS = """
SELECT place, prefix, source, file_no, exported_at, sha256, cells, moved FROM state_layer
WHERE kind = ? ORDER BY place
"""
_MASK = """
INSERT INTO masked_{kind}
SELECT "{identity}", {place} FROM {source}
WHERE {moved} AND "{identity}" IN (SELECT "{identity}" FROM state_{kind})
"""
_DECIDED = """(
SELECT label_norm, product_key FROM product_aliases
WHERE product_key IS NULL OR product_key IN (SELECT product_key FROM {products})
)"""


@dataclass(frozen=True, kw_only=True)
class Layer:
    """What one worked file (or group of held rows) loads of a kind: the rows of `source`.

    `cells` selects the stored fields of `source`; `moved` says which rows enter the state.
    """

    place: int
    prefix: str
    source: str
    file_no: int
    exported_at: datetime
    sha256: str
    cells: str
    moved: str

    @property
    def is_said(self) -> bool:
        """True when a file of this kind says the rows, false when lines of sales imply them."""
        return self.source == f"{self.prefix}_load"

    @property
    def said(self) -> str | None:
        """The table of what the layer's file says of this kind; None when another one tells it."""
        told = f"{self.prefix}_new_"
        if self.source.startswith(told):
            return f"{self.prefix}_told_{self.source.removeprefix(told)}"
        if self.source == self.prefix:  # lines that are withdrawn: this file says nothing of them
            return f"{self.source}_said"
        return f"{self.prefix}_history" if self.is_said else None


def state_table(kind: FileKind) -> str:
    """Return the name of the DuckDB view with the rows of `kind`, one per identity.

    Columns: the stored fields, `exported_at`, `sha256` of the file that wrote the row, `file_no`
    (NULL: as in the database). It holds what the worked files name, not every row there is.
    """
    return f"state_{kind.value}"


def visible_table(kind: FileKind) -> str:
    """Return the name of the DuckDB table of the rows of `kind` fetched from the database."""
    return f"visible_{kind.value}"


def customer_keys() -> str:
    """Return the name of the DuckDB view of the customers known, of those that the files name."""
    return "customer_keys"


def open_state(con: DuckDBPyConnection) -> None:
    """Create the state of every kind, empty."""
    con.execute(_OPEN_LAYERS)
    con.execute(_OPEN_SOLD)
    con.execute("CREATE OR REPLACE TABLE known_customers (customer VARCHAR)")
    con.execute("CREATE OR REPLACE TABLE whole_kind (kind VARCHAR)")
    for kind, stored in STORED.items():
        columns = ", ".join(f'"{name}" {of}' for name, of in fetched_types(kind).items())
        con.execute(f"CREATE OR REPLACE TABLE {visible_table(kind)} ({columns})")
        con.execute(
            f'CREATE OR REPLACE TABLE masked_{kind.value} ("{stored.identity}" VARCHAR,'
            " below INTEGER)"
        )
        _show_state(con, kind)
    con.execute(
        f"CREATE OR REPLACE VIEW {customer_keys()} AS SELECT customer FROM known_customers"
        f" UNION ALL SELECT customer FROM {state_table(FileKind.CLIENTS)}"
    )


def layers_of(con: DuckDBPyConnection, kind: FileKind) -> list[Layer]:
    """Return the layers of `kind` in the order of work."""
    rows = con.execute(_LAYERS, [kind.value]).fetchall()
    names = [field.name for field in fields(Layer)]
    return [Layer(**dict(zip(names, row, strict=True))) for row in rows]


def create_labels(con: DuckDBPyConnection) -> str:
    """Create `product_labels(label_norm, product_key)`: decided labels, and unambiguous names.

    A decision for a product that is not there any more counts for nothing.
    """
    products = state_table(FileKind.PRODUCTS)
    build_labels(con, "product_labels", products, decided=_DECIDED.format(products=products))
    return "product_labels"


def labels_for(con: DuckDBPyConnection, prefix: str) -> str | None:
    """Create the labels, as `create_labels`, for the lines of `{p}_rows` that have nothing else.

    None where there is no such line: every product's name is put into its comparison form.
    """
    unnamed = f"FROM {prefix}_rows WHERE product_key IS NULL AND product_label IS NOT NULL LIMIT 1"
    return create_labels(con) if con.execute(unnamed).fetchone() else None


def move_state(
    con: DuckDBPyConnection, kind: FileKind, prefix: str, version: FileVersion, file_no: int
) -> None:
    """Put what the compared file of `prefix` changes into the state, as of `file_no`."""
    add_layer(con, kind, prefix, f"{prefix}_load", version, file_no)


def add_layer(
    con: DuckDBPyConnection,
    kind: FileKind,
    prefix: str,
    source: str,
    version: FileVersion,
    file_no: int,
) -> None:
    """Put the rows of the DuckDB table `source`, which must stay, over the state of `kind`."""
    place, there = 1 + len(layers_of(con, kind)), _columns(con, source)
    moved = "action <> 'older'" if "action" in there else "true"
    mask = {"kind": kind.value, "identity": STORED[kind].identity, "place": place}
    con.execute(_MASK.format(**mask, source=source, moved=moved))
    layer = (kind.value, place, prefix, source, file_no, version.exported_at, version.sha256)
    con.execute(
        "INSERT INTO state_layer VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [*layer, _cells(kind, there), moved],
    )
    _show_state(con, kind)


def withdraw(
    con: DuckDBPyConnection, kind: FileKind, table: str, version: FileVersion, file_no: int
) -> None:
    """Take the rows of `table`, all of action `older`, out of the state of `kind`."""
    add_layer(con, kind, table, table, version, file_no)
    place = len(layers_of(con, kind))
    identity = STORED[kind].identity
    con.execute(f'INSERT INTO masked_{kind.value} SELECT "{identity}", {place} FROM {table}')
    _show_state(con, kind)


def _show_state(con: DuckDBPyConnection, kind: FileKind) -> None:
    names = ", ".join(f'"{name}"' for name in STORED[kind].types)
    below = f"SELECT {names}, exported_at, sha256, CAST(NULL AS INTEGER) AS file_no"
    unmasked = _unmasked(kind, 0, _highest_mask(con, kind))
    fetched = f"{below} FROM {visible_table(kind)} WHERE {unmasked}"
    con.execute(
        f"CREATE OR REPLACE VIEW {state_table(kind)} AS "
        + " UNION ALL ".join((fetched, *_layer_selects(con, kind)))
    )


def _layer_selects(con: DuckDBPyConnection, kind: FileKind) -> Iterator[str]:
    """Yield the SELECT of what each layer moves: stored fields, version, `file_no`."""
    highest = _highest_mask(con, kind)
    for layer in layers_of(con, kind):
        yield (
            f"SELECT {layer.cells},"
            f" TIMESTAMP '{layer.exported_at}' AS exported_at, '{layer.sha256}' AS sha256,"
            f" {layer.file_no} AS file_no FROM {layer.source}"
            f" WHERE {layer.moved} AND {_unmasked(kind, layer.place, highest)}"
        )


def _cells(kind: FileKind, there: set[str]) -> str:
    return ", ".join(
        f'"{name}"' if name in there else f'CAST(NULL AS {of}) AS "{name}"'
        for name, of in STORED[kind].types.items()
    )


def _columns(con: DuckDBPyConnection, table: str) -> set[str]:
    return {row[0] for row in con.execute(f"DESCRIBE {table}").fetchall()}


def _highest_mask(con: DuckDBPyConnection, kind: FileKind) -> int:
    """Return the highest layer that holds an identity of one below again, 0 for none."""
    query = f"SELECT coalesce(max(below), 0) FROM masked_{kind.value}"
    [(place,)] = con.execute(query).fetchall()
    return int(place)


def _unmasked(kind: FileKind, place: int, highest: int) -> str:
    """Return the condition that no layer above holds the identity again, usually nothing."""
    identity = f'"{STORED[kind].identity}"'
    if highest <= place:
        return "true"
    return f"{identity} NOT IN (SELECT {identity} FROM masked_{kind.value} WHERE below > {place})"


def staged_select(con: DuckDBPyConnection, kind: FileKind) -> str:
    """Return the SELECT of what a load stages of `kind`, in no order.

    Columns: the stored fields, `file_no`, `is_older`, `replaces_visible`.
    """
    names = ", ".join(f'"{name}"' for name in STORED[kind].types)
    identity = f'"{STORED[kind].identity}"'
    replaces = f"{identity} IN (SELECT {identity} FROM {visible_table(kind)})"
    moved = [
        f"SELECT {names}, file_no, false AS is_older, {replaces} AS replaces_visible FROM ({layer})"
        for layer in _layer_selects(con, kind)
    ]
    nothing = (
        f"SELECT {names}, 0 AS file_no, false AS is_older, false AS replaces_visible"
        f" FROM {visible_table(kind)} WHERE false"
    )
    return " UNION ALL ".join((nothing, *moved, *_older_select(con, kind, names)))


def _older_select(con: DuckDBPyConnection, kind: FileKind, names: str) -> Iterator[str]:
    """Yield the SELECT of the rows that enter history only, when there are any.

    What is withdrawn does too, and what was visible of it is so no more.
    """
    identity = f'"{STORED[kind].identity}"'
    older = [
        f"SELECT {names}, {layer.file_no} AS file_no, {layer.prefix == layer.source} AS is_gone"
        f" FROM {layer.source} WHERE action = 'older'"
        for layer in layers_of(con, kind)
        if layer.is_said or layer.prefix == layer.source
    ]
    rows = " UNION ALL ".join(older)
    if not older or con.execute(f"{rows} LIMIT 1").fetchone() is None:
        return
    moved = " UNION ALL ".join(_layer_selects(con, kind))
    yield (
        f"SELECT {names}, file_no, true, is_gone FROM ({rows})"
        f" WHERE {identity} NOT IN (SELECT {identity} FROM ({moved}))"
        f" QUALIFY row_number() OVER (PARTITION BY {identity} ORDER BY file_no DESC) = 1"
    )
