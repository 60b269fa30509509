"""Addresses and codes found by their beginning; pages of suppressions read from one index.

On Postgres an index finds beginnings only where its text is compared by bytes, whatever the
collation of the database; it finds whole addresses as before. On SQLite all indexes do.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0019"
down_revision: str | None = "0018"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_ADDRESSED = ("customer", "suppression", "contact_history")


def upgrade(part: str) -> None:
    if part != "data":
        return
    op.create_index(
        "ix_suppression_page", "suppression", ["tenant_id", "since", "suppression_id", "import_id"]
    )
    _index_bytes("ix_customer_code", "customer", "customer")
    if op.get_bind().dialect.name == "postgresql":
        for table in _ADDRESSED:
            name = f"ix_{table}_tenant_id_email_norm"
            op.drop_index(name, table)
            _index_bytes(name, table, "email_norm")


def _index_bytes(name: str, table: str, column: str) -> None:
    ops = {column: "text_pattern_ops"}
    op.create_index(name, table, ["tenant_id", column], postgresql_ops=ops)
