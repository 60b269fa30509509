"""Schema changes, applied by Alembic to the data tables and to the identity tables."""
