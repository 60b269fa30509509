"""How a database would look for what is asked of it, as if no table were small."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

import pytest

from core.store import transaction
from core.store.tenant import Transaction

LARGE = (
    "customer",
    "sale_line",
    "contact_history",
    "delivery",
    "brevo_logs",
    "reco_output",
    "audit_output",
    "next_action_output",
)
# Rows that wait are gone through as far as they are counted, so they do not stand above.
_NAMES = "|".join(LARGE)
_GONE_THROUGH = re.compile(
    rf"(?:\bSCAN|Seq Scan on) ({_NAMES})\b|SEARCH ({_NAMES})\b[^(\n]*\(tenant_id=\?\)"
)


class Explaining(Transaction):
    """Keeps the plan of every statement that is read."""

    plans: ClassVar[list[str]]

    def rows(self, sql: str, /, **values: object) -> list[dict[str, object]]:
        self._explain(sql, values)
        return super().rows(sql, **values)

    def scalar(self, sql: str, /, **values: object) -> object:
        self._explain(sql, values)
        return super().scalar(sql, **values)

    def _explain(self, sql: str, values: dict[str, object]) -> None:
        if not self.is_sqlite:  # on small tables too, what an index can find is not gone through
            self.connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        explain = "EXPLAIN QUERY PLAN" if self.is_sqlite else "EXPLAIN"
        steps = super().rows(f"{explain} {sql}", **values)
        self.plans.append("\n".join(str(s.get("detail") or s.get("QUERY PLAN")) for s in steps))

    @classmethod
    def gone_through(cls) -> list[str]:
        """Return the large tables that a plan goes through from end to end.

        On SQLite those too of which a plan reads all rows of the tenant by an index: it plans alike
        for few rows and for many. On Postgres small tables tell nothing of that.
        """
        found = {found for plan in cls.plans for found in _GONE_THROUGH.findall(plan)}
        return sorted({name for names in found for name in names if name})


@contextmanager
def explained() -> Iterator[type[Explaining]]:
    """Let every transaction of the block keep its plans; yields who keeps them."""

    class Kept(Explaining):
        plans: ClassVar[list[str]] = []

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(transaction, "Transaction", Kept)
        yield Kept
