"""Who writes much may let Postgres look at it: the right is called MAINTAIN, since Postgres 17."""

from collections.abc import Sequence

from alembic import op

from core.store.engine import APP_ROLE

revision: str = "0032"
down_revision: str | None = "0031"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_POSTGRES_17 = (17, 0)
_TABLES = (
    *("contact_history", "customer", "held_row", "product", "sale_line", "suppression"),
    *("audit_output", "next_action_output", "product_due", "product_figure", "reco_output"),
    "run_reserve",
)


def upgrade(part: str) -> None:
    dialect = op.get_bind().dialect
    if part != "data" or dialect.name != "postgresql":
        return
    version = dialect.server_version_info
    if version is not None and version >= _POSTGRES_17:
        tables = ", ".join(f"public.{table}" for table in _TABLES)
        op.execute(f"GRANT MAINTAIN ON {tables} TO {APP_ROLE}")
