"""Change-sets: decided labels, totals by month, imports that go on from another.

Rows that are there are brought up to date: held rows get their comparison form and amount, what
killed loads left is announced so that the next load clears it, and opt-outs whose import is gone
are given to the import that says the same, or removed.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op

from core.store.postgres import row_security

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UID = sa.Text().with_variant(sa.UUID(as_uuid=False), "postgresql")
MOMENT = sa.DateTime(timezone=True)
NEW_TABLES = ("month_total", "product_alias")
VERSIONED_TABLES = ("contact_history", "customer", "product", "sale_line")
TOUCHED_TABLES = (*VERSIONED_TABLES, "held_row", "imports", "suppression", "tenant_head")

_SUBJECTS = "UPDATE held_row SET subject_norm = subject"
_LABELS = "SELECT DISTINCT tenant_id, subject FROM held_row WHERE code = 'UNKNOWN_LABEL'"
_LABEL = """
UPDATE held_row SET subject_norm = :norm
WHERE tenant_id = :tenant AND code = 'UNKNOWN_LABEL' AND subject_norm = :label AND subject = :label
"""
_AMOUNTS = "UPDATE held_row SET amount_cents = {amount} WHERE kind = 'sales'"
_AMOUNT = {
    "sqlite": "CAST(json_extract(row_json, '$.amount_cents') AS INTEGER)",
    "postgresql": "CAST(CAST(row_json AS json) ->> 'amount_cents' AS BIGINT)",
}
_HEADS = """
INSERT INTO tenant_head (tenant_id, seq)
SELECT tenant_id, 0 FROM ({rows}) AS found
WHERE tenant_id NOT IN (SELECT tenant_id FROM tenant_head)
"""
_ANNOUNCE = "UPDATE tenant_head SET staged_seq = seq + 1"
# An import may be at work: what belongs to an open one is left to the next load.
_ORPHANED = """
import_id IS NOT NULL AND lifted_at IS NULL
    AND NOT EXISTS (
        SELECT 1 FROM imports
        WHERE imports.tenant_id = suppression.tenant_id
            AND imports.import_id = suppression.import_id
            AND imports.status <> 'discarded'
    )
"""
# A later import did not repeat an opt-out that stood there already, though it counted for nothing.
_SAID_AGAIN = """
SELECT min(CAST(imports.import_id AS TEXT)) FROM {table} AS said
JOIN imports ON imports.tenant_id = said.tenant_id AND imports.seq = said.from_seq
WHERE said.tenant_id = suppression.tenant_id AND imports.status IN ('loaded', 'undone') AND {same}
"""
_SAME = {
    "customer": """
        suppression.reason = 'opt_out' AND said.email_opt_out
        AND (said.customer = suppression.customer OR said.email_norm = suppression.email_norm)
    """,
    "contact_history": """
        said.status = suppression.reason AND said.contact_date = suppression.since
        AND (said.customer = suppression.customer OR said.email_norm = suppression.email_norm)
    """,
}
_ADOPT = """
UPDATE suppression SET import_id = {to_uid}
WHERE {orphaned} AND ({said}) IS NOT NULL
"""


def upgrade(part: str) -> None:
    if part != "data":
        return
    _add_columns()
    _create_tables()
    if op.get_bind().dialect.name == "postgresql":
        for table in NEW_TABLES:
            for statement in row_security(table):
                op.execute(statement)
        # With room beside it a superseded row keeps its page, and no index is touched.
        for table in VERSIONED_TABLES:
            op.execute(f"ALTER TABLE {table} SET (fillfactor = 90)")
    with _every_tenant_seen():
        _fill_held_rows()
        _announce_left_rows()
        _settle_orphaned_opt_outs()


def _add_columns() -> None:
    op.add_column("tenant_head", sa.Column("staged_seq", sa.BigInteger(), nullable=True))
    op.add_column("imports", sa.Column("origin", sa.Text(), nullable=False, server_default="files"))
    op.add_column("imports", sa.Column("parent_id", UID, nullable=True))
    op.add_column(
        "import_file",
        sa.Column("left_out", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.add_column("held_row", sa.Column("subject_norm", sa.Text(), nullable=True))
    op.add_column("held_row", sa.Column("amount_cents", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_held_row_tenant_id_code_subject_norm", "held_row", ["tenant_id", "code", "subject_norm"]
    )


def _create_tables() -> None:
    op.create_table(
        "product_alias",
        sa.Column("tenant_id", UID, nullable=False),
        sa.Column("label_norm", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("product_key", sa.Text(), nullable=True),
        sa.Column("decided_at", MOMENT, nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("import_id", UID, nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "label_norm", name="pk_product_alias"),
    )
    op.create_table(
        "month_total",
        sa.Column("tenant_id", UID, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("row_count", sa.BigInteger(), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "seq", "kind", "month", name="pk_month_total"),
    )


@contextmanager
def _every_tenant_seen() -> Iterator[None]:
    """Let the owner of the tables see all rows: forced row security binds even him."""
    tables = TOUCHED_TABLES if op.get_bind().dialect.name == "postgresql" else ()
    for table in tables:
        op.execute(f"ALTER TABLE public.{table} NO FORCE ROW LEVEL SECURITY")
    yield
    for table in tables:
        op.execute(f"ALTER TABLE public.{table} FORCE ROW LEVEL SECURITY")


def _fill_held_rows() -> None:
    bind = op.get_bind()
    op.execute(_SUBJECTS)
    labels = bind.execute(sa.text(_LABELS)).all()
    changed = [
        {"tenant": tenant, "label": label, "norm": norm}
        for tenant, label in labels
        if label is not None and (norm := _normalise_label(label)) != label
    ]
    if changed:
        bind.execute(sa.text(_LABEL), changed)
    op.execute(_AMOUNTS.format(amount=_AMOUNT[bind.dialect.name]))


def _normalise_label(label: str) -> str:
    """Return the comparison form of a product label as of this revision."""
    plain = unicodedata.normalize("NFKD", label.casefold())
    kept = "".join(c if c.isalnum() else " " for c in plain if not unicodedata.combining(c))
    return " ".join(kept.split())


def _announce_left_rows() -> None:
    """Make the next load of every tenant look for what killed loads left above the head."""
    tables = (*VERSIONED_TABLES, "held_row", "suppression")
    op.execute(
        _HEADS.format(rows=" UNION ".join(f"SELECT tenant_id FROM {table}" for table in tables))
    )
    op.execute(_ANNOUNCE)


def _settle_orphaned_opt_outs() -> None:
    """Give opt-outs without import to a loaded one that says the same; remove the others.

    None of them is in force: that needs an import that is loaded, or was.
    """
    on_postgres = op.get_bind().dialect.name == "postgresql"
    for table, same in _SAME.items():
        said = _SAID_AGAIN.format(table=table, same=same)
        to_uid = f"CAST(({said}) AS uuid)" if on_postgres else f"({said})"
        op.execute(_ADOPT.format(to_uid=to_uid, orphaned=_ORPHANED, said=said))
    op.execute(f"DELETE FROM suppression WHERE {_ORPHANED}")
