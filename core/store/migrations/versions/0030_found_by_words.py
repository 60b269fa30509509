"""Customers found by words, postal codes and telephone numbers; figures of products by run.

Generated columns hold a name in small letters without accents, from its first, second and third
word on, and its last word: an index of each finds beginnings. They follow every change by
themselves. SQLite nests at most 28 calls, so letters are made small in a column of their own.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from core.store.postgres import row_security

revision: str = "0030"
down_revision: str | None = "0029"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UID = sa.Text().with_variant(sa.UUID(as_uuid=False), "postgresql")
_SMALL = "àâäáãçéèêëíîïñóôöùûüÿœæ"
_PLAIN = "aaaaaceeeeiiinooouuuy"
_TOGETHER = {"œ": "oe", "æ": "ae"}
_BLANKS = "-''’"  # each a blank; the quote twice, as SQL writes it
_NAME = (
    "trim(coalesce(first_name, '') || ' ' || coalesce(last_name, '') || ' ' || coalesce(name, ''))"
)
_INDEXED = ("name_folded", "name_second", "name_third", "name_last", "postal_code", "phone_end")


def upgrade(part: str) -> None:
    if part != "data":
        return
    is_postgres = op.get_bind().dialect.name == "postgresql"
    columns = _on_postgres() if is_postgres else _on_sqlite()
    kept = "STORED" if is_postgres else "VIRTUAL"
    added = [f"{name} TEXT GENERATED ALWAYS AS ({sql}) {kept}" for name, sql in columns.items()]
    if is_postgres:  # in one statement: the table is written anew once
        op.execute(f"ALTER TABLE customer {', '.join(f'ADD COLUMN {one}' for one in added)}")
    else:
        for one in added:
            op.execute(f"ALTER TABLE customer ADD COLUMN {one}")
    by_bytes = " text_pattern_ops" if is_postgres else ""
    for name in _INDEXED:
        op.execute(
            f"CREATE INDEX ix_customer_{name} ON customer (tenant_id, {name}{by_bytes})"
            f" WHERE {name} IS NOT NULL"
        )
    _create_figures()
    if is_postgres:
        for table in ("product_figure", "product_due"):
            for statement in row_security(table):
                op.execute(statement)


def _create_figures() -> None:
    op.create_table(
        "product_figure",
        sa.Column("tenant_id", UID, nullable=False),
        sa.Column("run_id", UID, nullable=False),
        sa.Column("product_key", sa.Text(), nullable=False),
        sa.Column("units_milli", sa.BigInteger(), nullable=False),
        sa.Column("revenue_cents", sa.BigInteger(), nullable=False),
        sa.Column("buyers", sa.BigInteger(), nullable=False),
        sa.Column("repeat_buyers", sa.BigInteger(), nullable=False),
        sa.Column("last_sale", sa.Date(), nullable=True),
        sa.Column("gap_days", sa.Integer(), nullable=True),
        sa.Column("due_customers", sa.BigInteger(), nullable=False),
        sa.Column("months_json", sa.Text(), nullable=False),
        sa.Column("gaps_json", sa.Text(), nullable=False),
        sa.Column("neighbours_json", sa.Text(), nullable=False),
        sa.Column("demand_json", sa.Text(), nullable=False),
        sa.Column("is_of_last_year", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "run_id", "product_key", name="pk_product_figure"),
    )
    op.create_table(
        "product_due",
        sa.Column("tenant_id", UID, nullable=False),
        sa.Column("run_id", UID, nullable=False),
        sa.Column("product_key", sa.Text(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("customer", sa.Text(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant_id", "run_id", "product_key", "place", name="pk_product_due"
        ),
    )


def _on_postgres() -> dict[str, str]:
    lowered = f"translate(lower({_NAME} COLLATE \"C\"), '{_SMALL.upper()}', '{_SMALL}')"
    folded = f"translate({lowered}, '{_SMALL[:-2]}{_BLANKS}', '{_PLAIN}   ')"
    for letter, plain in _TOGETHER.items():
        folded = f"replace({folded}, '{letter}', '{plain}')"
    folded = f"nullif(replace({folded}, '  ', ' '), '')"
    return {
        "name_lowered": f"nullif({lowered}, '')",
        "name_folded": folded,
        "name_second": f"substring({folded} from '^[^ ]+ (.+)$')",
        "name_third": f"substring({folded} from '^[^ ]+ [^ ]+ (.+)$')",
        "name_last": f"substring({folded} from '^[^ ]+ [^ ]+ [^ ]+ (?:.+ )?([^ ]+)$')",
        "phone_end": "nullif(right(regexp_replace(phone, '[^0-9]', '', 'g'), 9), '')",
    }


def _on_sqlite() -> dict[str, str]:
    lowered = f"lower({_NAME})"
    for small in _SMALL:
        lowered = f"replace({lowered}, '{small.upper()}', '{small}')"
    folded = "name_lowered"
    for small, plain in (*zip(_SMALL, _PLAIN, strict=False), *_TOGETHER.items()):
        folded = f"replace({folded}, '{small}', '{plain}')"
    for sign in ("-", "''", "’", "  "):
        folded = f"replace({folded}, '{sign}', ' ')"
    digits = "phone"
    for sign in " .-/()+":
        digits = f"replace({digits}, '{sign}', '')"
    rest = "substr({0}, nullif(instr({0}, ' '), 0) + 1)"
    before = "rtrim(name_third, replace(name_third, ' ', ''))"
    return {
        "name_lowered": f"nullif({lowered}, '')",
        "name_folded": folded,
        "name_second": rest.format("name_folded"),
        "name_third": rest.format("name_second"),
        "name_last": f"CASE WHEN instr(name_third, ' ') > 0"
        f" THEN substr(name_third, length({before}) + 1) END",
        "phone_end": f"nullif(substr({digits}, -9), '')",
    }
