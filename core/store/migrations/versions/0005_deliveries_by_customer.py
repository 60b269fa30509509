"""Deliveries by customer: what was sent to her between two runs, without reading all campaigns."""

from collections.abc import Sequence

from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade(part: str) -> None:
    if part == "data":
        op.create_index("ix_delivery_tenant_id_customer", "delivery", ["tenant_id", "customer"])
