"""Erasure in the tables: rows of people deleted, or left without whom they name.

Whose row goes and whose stays is said by `core.store.personal_columns`. Every transaction is
small, and each of them may be done twice.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from core.store.opaque import Opaque, opaque_line_key
from core.store.person_rows import names_subject
from core.store.run_shards import drop_parts
from core.store.subjects import Subject
from core.store.tenant import TenantStore, Transaction

_PEOPLE_AT_ONCE = 10
_ROWS_AT_ONCE = 500
_PAUSE_SECONDS = 0.12  # a writer that waits looks again every tenth of a second at the latest
_BY_CODE = ("customer", "contact_history", "cause_trial")
_BY_ADDRESS = ("contact_history", "suppression", "contact_push")
RUN_TABLES = ("reco_output", "audit_output", "next_action_output", "run_reserve", "product_due")
_FORMER_ADDRESS = """
UPDATE customer SET email = NULL, email_norm = NULL
WHERE tenant_id = :tenant AND email_norm {addresses}
"""
# An opt-out is of the address too: where others have it, it goes on without the person.
_SHARED_SUPPRESSIONS = """
SELECT suppression_id FROM suppression
WHERE tenant_id = :tenant AND customer {codes} AND email_norm IS NOT NULL
"""
_LINES = """
SELECT line_key, from_seq, document_id, line_no, customer FROM sale_line
WHERE tenant_id = :tenant AND customer {codes}
"""
_ANONYMOUS = """
UPDATE sale_line SET customer = NULL, document_id = :document, line_key = :key
WHERE tenant_id = :tenant AND line_key = :line_key AND from_seq = :from_seq
"""
_DELETE_HELD = """
DELETE FROM held_row
WHERE tenant_id = :tenant AND import_id = :import_id AND file_no = :file_no AND line = :line
"""
T = TypeVar("T")

__all__ = ["RUN_TABLES", "RowEraser", "in_portions"]


@dataclass(frozen=True, kw_only=True)
class RowEraser:
    """The erasure of one subject from the tables of a tenant; each method returns its rows."""

    store: TenantStore
    subject: Subject
    opaque: Opaque

    def erase(self) -> Counter[str]:
        """Erase from every table but campaigns' and texts; return the rows by table."""
        done: Counter[str] = Counter()
        done["sale_line"] = self.make_sales_anonymous()
        done["suppression"] = self.leave_shared_suppressions()
        for table in _BY_CODE:
            done[table] += self._delete(table, "customer", self.subject.customers)
        done["suppression"] += self._delete("suppression", "customer", self.subject.customers)
        for table in _BY_ADDRESS:
            done[table] += self._delete(table, "email_norm", self.subject.addresses)
        done["customer"] += self._blank_former_addresses()
        done["held_row"] = self.delete_held()
        for run_id in self._runs():
            for table in RUN_TABLES:
                done[table] += self._delete_of_run(table, run_id)
        done["review_decision"] = self.make_decisions_opaque()
        drop_parts(self.store)
        return done

    def make_sales_anonymous(self) -> int:
        """Leave the lines to popularity and accounts, without customer and document."""

        def read(tx: Transaction, codes: object) -> list[dict[str, Any]]:
            return tx.rows(_LINES.format(codes=tx.among("codes")), codes=codes)

        def write(tx: Transaction, rows: Sequence[dict[str, Any]]) -> None:
            tx.execute_many(_ANONYMOUS, [self._anonymous(row) for row in rows])

        return self._read_then_write(read, write)

    def _anonymous(self, row: dict[str, Any]) -> dict[str, object]:
        document = self.opaque.document(row["document_id"], row["customer"])
        key = opaque_line_key(row["line_key"], row["document_id"], row["line_no"], document)
        named = {"line_key": row["line_key"], "from_seq": row["from_seq"]}
        return {"document": document, "key": key, **named}

    def leave_shared_suppressions(self) -> int:
        """Let suppressions of an address that others have go on without the person."""

        def read(tx: Transaction, codes: object) -> list[dict[str, Any]]:
            sql = _SHARED_SUPPRESSIONS.format(codes=tx.among("codes"))
            sql += f" AND NOT (email_norm {tx.among('addresses')})"
            addresses = self.subject.bound(tx)["addresses"]
            return tx.rows(sql, codes=codes, addresses=addresses)

        def write(tx: Transaction, rows: Sequence[dict[str, Any]]) -> None:
            tx.execute_many(
                "UPDATE suppression SET customer = NULL, suppression_id = :code"
                " WHERE tenant_id = :tenant AND suppression_id = :suppression_id",
                [{**row, "code": self.opaque.code(row["suppression_id"])} for row in rows],
            )

        return self._read_then_write(read, write)

    def delete_held(self) -> int:
        """Delete the rows that wait and name the subject."""
        with self.store.read() as tx:
            condition, used = names_subject(tx, "held_row", self.subject)
            found = tx.rows(
                "SELECT import_id, file_no, line FROM held_row"
                f" WHERE tenant_id = :tenant AND {condition}",
                **used,
            )
        self._in_portions(found, lambda tx, rows: tx.execute_many(_DELETE_HELD, rows))
        return len(found)

    def make_decisions_opaque(self) -> int:
        """Leave the decisions of reviews in their order, without whom they were about."""

        def read(tx: Transaction, codes: object) -> list[dict[str, Any]]:
            return tx.rows(
                "SELECT run_id, decision_no, customer FROM review_decision"
                f" WHERE tenant_id = :tenant AND customer {tx.among('codes')}",
                codes=codes,
            )

        def write(tx: Transaction, rows: Sequence[dict[str, Any]]) -> None:
            tx.execute_many(
                "UPDATE review_decision SET customer = :code, note = ''"
                " WHERE tenant_id = :tenant AND run_id = :run_id AND decision_no = :decision_no",
                [{**row, "code": self.opaque.code(row["customer"])} for row in rows],
            )

        return self._read_then_write(read, write)

    def _delete(self, table: str, column: str, values: frozenset[str]) -> int:
        def delete(tx: Transaction, part: Sequence[str]) -> int:
            return tx.execute(
                f"DELETE FROM {table} WHERE tenant_id = :tenant AND {column} {tx.among('part')}",
                part=tx.list_of(part),
            )

        return self._in_portions(sorted(values), delete, _PEOPLE_AT_ONCE)

    def _delete_of_run(self, table: str, run_id: str) -> int:
        def delete(tx: Transaction, part: Sequence[str]) -> int:
            return tx.execute(
                f"DELETE FROM {table} WHERE tenant_id = :tenant AND run_id = :run_id"
                f" AND customer {tx.among('part')}",
                run_id=run_id,
                part=tx.list_of(part),
            )

        # Two dozen rows a person at most.
        return self._in_portions(sorted(self.subject.customers), delete, 10 * _PEOPLE_AT_ONCE)

    def _blank_former_addresses(self) -> int:
        """Blank the addresses in records of others who once had them."""

        def blank(tx: Transaction, part: Sequence[str]) -> int:
            sql = _FORMER_ADDRESS.format(addresses=tx.among("part"))
            return tx.execute(sql, part=tx.list_of(part))

        return self._in_portions(sorted(self.subject.addresses), blank, _PEOPLE_AT_ONCE)

    def _runs(self) -> list[str]:
        with self.store.read() as tx:
            rows = tx.rows("SELECT run_id FROM run WHERE tenant_id = :tenant ORDER BY created_at")
        return [str(row["run_id"]) for row in rows]

    def _read_then_write(
        self,
        read: Callable[[Transaction, object], list[dict[str, Any]]],
        write: Callable[[Transaction, Sequence[dict[str, Any]]], None],
    ) -> int:
        """Find the rows of a few people at a time, then change them in portions."""
        changed, codes = 0, sorted(self.subject.customers)
        for start in range(0, len(codes), _PEOPLE_AT_ONCE):
            with self.store.read() as tx:
                rows = read(tx, tx.list_of(codes[start : start + _PEOPLE_AT_ONCE]))
            self._in_portions(rows, write)
            changed += len(rows)
        return changed

    def _in_portions(
        self,
        items: Sequence[T],
        work: Callable[[Transaction, Sequence[T]], int | None],
        size: int = _ROWS_AT_ONCE,
    ) -> int:
        return in_portions(self.store, items, work, size)


def in_portions(
    store: TenantStore,
    items: Sequence[T],
    work: Callable[[Transaction, Sequence[T]], int | None],
    size: int = _ROWS_AT_ONCE,
) -> int:
    """Do `work` on so many items per transaction; return the sum of what it returns."""
    done = 0
    for start in range(0, len(items), size):
        if start:
            time.sleep(_PAUSE_SECONDS)
        with store.begin() as tx:
            done += work(tx, items[start : start + size]) or 0
    return done
