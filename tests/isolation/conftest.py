"""The databases of the contract suite."""

from tests.contract.conftest import (
    make_store,
    migrated_postgres,
    migrated_sqlite,
    postgres_url,
)

__all__ = ["make_store", "migrated_postgres", "migrated_sqlite", "postgres_url"]
