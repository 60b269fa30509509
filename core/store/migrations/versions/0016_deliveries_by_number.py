"""Indexes by which one delivery, its lines of the journal and a batch are found.

Without them each of a restored campaign's batches, and each decision about a message, goes through
the whole campaign.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0016"
down_revision: str | None = "0015"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INDEXES = (
    ("delivery", ["tenant_id", "campaign_id", "delivery_no"]),
    ("delivery", ["tenant_id", "campaign_id", "batch_no", "delivery_no"]),
    ("brevo_logs", ["tenant_id", "campaign_id", "delivery_no", "log_no"]),
)


def upgrade(part: str) -> None:
    if part != "data":
        return
    for table, columns in INDEXES:
        op.create_index(f"ix_{table}_{'_'.join(columns)}", table, columns)
