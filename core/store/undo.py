"""What stands against undoing an import, and taking it back."""

from collections import Counter
from collections.abc import Sequence

from core.store.dataset import head_of
from core.store.import_states import LOADED, UNDONE, store_import_state
from core.store.tenant import Transaction
from core.store.versions import STORED, move_head

# Rows that a later import wrote again, by the sequence number of that import.
_WRITTEN_AGAIN = """
SELECT later.from_seq AS seq, count(DISTINCT mine.{identity}) AS touched
FROM {table} AS mine
JOIN {table} AS later
    ON later.tenant_id = mine.tenant_id AND later.{identity} = mine.{identity}
WHERE mine.tenant_id = :tenant AND mine.from_seq = :seq
    AND later.from_seq > :seq AND later.from_seq <= :head
GROUP BY later.from_seq
"""
_RELEASED_LATER = """
SELECT released_seq AS seq, count(*) AS touched
FROM held_row
WHERE tenant_id = :tenant AND import_id = :import_id AND released_seq <= :head
GROUP BY released_seq
"""
# The next load takes the same number: its rows must not be taken for this import's.
_NAMELESS = """
UPDATE import_file SET file_id = NULL WHERE tenant_id = :tenant AND import_id = :import_id
"""


def count_touched(tx: Transaction, import_id: str, seq: int) -> dict[int, int]:
    """Return how many rows of the import at `seq` each later loaded import touched, by its seq."""
    head = head_of(tx)
    touched: Counter[int] = Counter()
    for stored in STORED.values():
        sql = _WRITTEN_AGAIN.format(table=stored.table, identity=f'"{stored.identity}"')
        for row in tx.rows(sql, seq=seq, head=head):
            touched[row["seq"]] += row["touched"]
    for row in tx.rows(_RELEASED_LATER, import_id=import_id, head=head):
        touched[row["seq"]] += row["touched"]
    return dict(touched)


def unpublish(tx: Transaction, import_ids: Sequence[str], first: int, last: int) -> bool:
    """Take the head back to before `first` when it stands at `last`; tell whether it did.

    `import_ids` are all the imports published in between. One small transaction: every reader
    sees all of them or none. Raises `Refused`, and nothing is taken back, when one is not loaded.
    """
    if head_of(tx) != last:
        return False
    for import_id in import_ids:
        store_import_state(tx, import_id, UNDONE, among=(LOADED,))
        tx.execute(_NAMELESS, import_id=import_id)
    move_head(tx, first - 1, staged_seq=last)
    return True
