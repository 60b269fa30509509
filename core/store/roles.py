"""What the role may do that the application signs in to Postgres with.

Every connection works as the app role, which row-level security binds, but `RESET ROLE` in a
statement that somebody slipped in leads back to the role that signed in. A login that owns nothing
and bypasses nothing gains nothing by that.
"""

import logging

from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from core.settings import Settings
from core.store.engine import APP_ROLE, make_engine, normalise_url
from core.store.tenant import Store

_LOG = logging.getLogger(__name__)
_DANGERS = text("""
SELECT
    role.rolsuper AS "is a superuser",
    role.rolbypassrls AS "bypasses row-level security",
    role.rolcreaterole AS "makes roles",
    EXISTS (
        SELECT 1 FROM pg_class AS owned
        WHERE owned.relnamespace IN ('public'::regnamespace, to_regnamespace('identity'))
            AND owned.relkind IN ('r', 'p', 'v', 'm')
            AND pg_has_role(session_user, owned.relowner, 'MEMBER')
    ) AS "owns the tables"
FROM pg_roles AS role
WHERE role.rolname = session_user
""")


def login_dangers(store: Store) -> list[str]:
    """Return what the role of `DATABASE_URL` may do beyond the app role; nothing on SQLite."""
    if store.data_engine.dialect.name != "postgresql":
        return []
    with store.data_engine.connect() as connection:
        found = connection.execute(_DANGERS).mappings().one()
    return [danger for danger, is_so in found.items() if is_so]


def warn_of_login(store: Store) -> None:
    """Say in the log when the application signs in as a role that could step around the tenants."""
    try:
        dangers = login_dangers(store)
    except OperationalError:  # the health of the instance tells that
        return
    if dangers:
        _LOG.warning(
            "The role of DATABASE_URL %s: a statement slipped in could read every tenant."
            " Give DATABASE_URL a login of its own and the owner to DATABASE_OWNER_URL.",
            " and ".join(dangers),
        )


def keep_from_truncating(settings: Settings, schema: str) -> None:
    """Take the right to empty tables of `schema` from the app role, which row security ignores."""
    engine = make_engine(normalise_url(settings.database_url), as_app_role=False)
    with engine.begin() as connection:
        connection.execute(
            text(f"REVOKE TRUNCATE ON ALL TABLES IN SCHEMA {schema} FROM {APP_ROLE}")
        )
    engine.dispose()
