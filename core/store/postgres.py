"""What Postgres is asked for at migration time: the app role, its grants, row-level security."""

from contextlib import closing

from sqlalchemy import Connection, text
from sqlalchemy.engine import URL

from core.store.engine import APP_ROLE

_MIGRATION_LOCK = 7_404_519_263_001

_FIND_ROLE = text("SELECT count(*) FROM pg_roles WHERE rolname = :name")
_MAKE_ROLE = f"""
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{APP_ROLE}') THEN
        CREATE ROLE {APP_ROLE} NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;
END
$$
"""


def prepare_database(connection: Connection) -> None:
    """Take the migration lock for this session and make the app role and its schema."""
    connection.execute(text("SELECT pg_advisory_lock(:n)"), {"n": _MIGRATION_LOCK})
    connection.execute(text(_MAKE_ROLE))
    connection.execute(text(f"GRANT {APP_ROLE} TO CURRENT_USER"))
    connection.execute(text("CREATE SCHEMA IF NOT EXISTS identity"))
    connection.execute(text(f"GRANT USAGE ON SCHEMA public, identity TO {APP_ROLE}"))
    connection.commit()


def make_login(connection: Connection, login: URL) -> None:
    """Let the login of the application work as the app role; make it where it is missing.

    It owns nothing and may do what the app role may, so a statement that steps out of the role
    (`RESET ROLE`) gains nothing.
    """
    known = connection.execute(_FIND_ROLE, {"name": login.username}).scalar()
    name = connection.dialect.identifier_preparer.quote(str(login.username))
    if not known:
        kinds = "LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE"
        # The driver puts the password in as a literal: the statement takes no parameters.
        with closing(connection.connection.cursor()) as cursor:
            cursor.execute(f"CREATE ROLE {name} {kinds} PASSWORD %s", (login.password,))
    connection.execute(text(f"GRANT {APP_ROLE} TO {name}"))
    connection.commit()


def row_security(table: str) -> tuple[str, ...]:
    """Return the statements that bind `table` of the schema public to the session's tenant."""
    tenant = "tenant_id = NULLIF(current_setting('app.tenant', true), '')::uuid"
    return (
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON public.{table} TO {APP_ROLE}",
        f"ALTER TABLE public.{table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE public.{table} FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY tenant_isolation ON public.{table} USING ({tenant}) WITH CHECK ({tenant})",
    )


def identity_grant(table: str) -> str:
    """Return the statement that opens an identity table to the app role."""
    return f"GRANT SELECT, INSERT, UPDATE, DELETE ON identity.{table} TO {APP_ROLE}"


def append_only(table: str) -> str:
    """Return the statement that leaves the app role reading and adding rows, and no more."""
    return f"REVOKE UPDATE, DELETE ON public.{table} FROM {APP_ROLE}"
