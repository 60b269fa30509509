"""Postgres: children stand under parents of their own tenant, and only owners make or empty tables.

A foreign key without the tenant would let a row point at another's; these hold the tenant first.
What is loaded in bulk or outlives its parent has none (see the decision on tenancy).
"""

from collections.abc import Sequence

from alembic import op

from core.store.engine import APP_ROLE

revision: str = "0022"
down_revision: str | None = "0021"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

CHILDREN = (
    ("import_file", "imports", "import_id"),
    ("held_row", "imports", "import_id"),
    ("campaign_holdout", "campaign", "campaign_id"),
    ("delivery", "campaign", "campaign_id"),
    ("brevo_logs", "campaign", "campaign_id"),
)


def upgrade(part: str) -> None:
    if part == "data":
        for child, parent, key in CHILDREN:
            _tie(child, parent, key)
    if op.get_bind().dialect.name == "postgresql":
        _leave_to_the_owner("public" if part == "data" else "identity")


def _tie(child: str, parent: str, key: str) -> None:
    on_postgres = op.get_bind().dialect.name == "postgresql"
    if on_postgres:  # or the owner would see none of the rows that lost their parent
        op.execute(f"ALTER TABLE {child} NO FORCE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {parent} NO FORCE ROW LEVEL SECURITY")
    op.execute(
        f"DELETE FROM {child} WHERE NOT EXISTS (SELECT 1 FROM {parent}"
        f" WHERE {parent}.tenant_id = {child}.tenant_id AND {parent}.{key} = {child}.{key})"
    )
    columns = ["tenant_id", key]
    with op.batch_alter_table(child) as batch:
        batch.create_foreign_key(
            f"fk_{child}_{parent}", parent, columns, columns, ondelete="CASCADE"
        )
    if on_postgres:
        op.execute(f"ALTER TABLE {child} FORCE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {parent} FORCE ROW LEVEL SECURITY")


def _leave_to_the_owner(schema: str) -> None:
    tables = f"ALL TABLES IN SCHEMA {schema}"
    op.execute(f"REVOKE CREATE ON SCHEMA {schema} FROM PUBLIC")
    op.execute(f"REVOKE ALL ON {tables} FROM PUBLIC")
    op.execute(f"REVOKE TRUNCATE, TRIGGER, REFERENCES ON {tables} FROM {APP_ROLE}")
