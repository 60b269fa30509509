"""What Postgres' own catalogue says of tables, rights and functions: each query finds faults."""

from collections.abc import Mapping

from sqlalchemy import Connection, text

from core.store.engine import APP_ROLE

_OURS = "n.nspname IN ('public', 'identity', 'dbos')"
_TENANT_TABLES = """
SELECT c.oid, c.relname, c.relrowsecurity, c.relforcerowsecurity FROM pg_class AS c
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
"""

FAULTS: Mapping[str, str] = {
    "a table with a tenant is not under forced row security": f"""
        SELECT relname FROM ({_TENANT_TABLES}) AS t
        WHERE NOT (relrowsecurity AND relforcerowsecurity)
    """,
    "a policy does not bind what is read and what is written to the tenant": f"""
        SELECT t.relname FROM ({_TENANT_TABLES}) AS t
        LEFT JOIN pg_policy AS p ON p.polrelid = t.oid
        GROUP BY t.relname
        HAVING count(p.oid) <> 1 OR NOT bool_and(
            p.polpermissive AND p.polcmd = '*' AND p.polroles = '{{0}}'
            AND pg_get_expr(p.polqual, p.polrelid) LIKE '(tenant_id = %app.tenant%'
            AND pg_get_expr(p.polwithcheck, p.polrelid) = pg_get_expr(p.polqual, p.polrelid)
        )
    """,
    "a table of the tenants' data has no tenant": """
        SELECT c.relname FROM pg_class AS c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
            AND c.relname <> 'alembic_version' AND NOT EXISTS (
                SELECT 1 FROM pg_attribute AS a
                WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND a.attnotnull
            )
    """,
    "a key is unique among all tenants": f"""
        SELECT i.indexrelid::regclass::text FROM ({_TENANT_TABLES}) AS t
        JOIN pg_index AS i ON i.indrelid = t.oid AND i.indisunique
        JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum = i.indkey[0]
        WHERE a.attname <> 'tenant_id'
    """,
    "a foreign key does not hold the tenant": """
        SELECT k.conname FROM pg_constraint AS k
        JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
        JOIN pg_attribute AS b ON b.attrelid = k.confrelid AND b.attnum = k.confkey[1]
        WHERE k.contype = 'f' AND k.connamespace = 'public'::regnamespace
            AND (a.attname <> 'tenant_id' OR b.attname <> 'tenant_id')
    """,
    "a view is not bound by its reader's rights": f"""
        SELECT c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE {_OURS} AND c.relkind = 'v'
            AND NOT coalesce(c.reloptions @> '{{security_invoker=true}}', false)
    """,
    "there is a materialised view": f"""
        SELECT c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE {_OURS} AND c.relkind = 'm'
    """,
    "the app role may empty, tie or watch a table": f"""
        SELECT c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname IN ('public', 'identity') AND c.relkind IN ('r', 'p')
            AND has_table_privilege('{APP_ROLE}', c.oid, 'TRUNCATE, TRIGGER, REFERENCES')
    """,
    "a sequence is shared by tenants": """
        SELECT c.relname FROM pg_class AS c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'S'
    """,
    "a function works with its owner's rights and the caller's search path": f"""
        SELECT p.proname FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
        WHERE {_OURS} AND p.prosecdef
            AND NOT coalesce(array_to_string(p.proconfig, ',') LIKE '%search_path=%', false)
    """,
    "the app role is more than a reader and writer of rows": f"""
        SELECT rolname FROM pg_roles WHERE rolname = '{APP_ROLE}'
            AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication
                OR rolcanlogin)
    """,
    "the app role belongs to another role": f"""
        SELECT m.roleid::regrole::text FROM pg_auth_members AS m
        WHERE m.member = '{APP_ROLE}'::regrole
    """,
    "the app role owns something": f"""
        SELECT c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE {_OURS} AND pg_has_role('{APP_ROLE}', c.relowner, 'USAGE')
    """,
    "the app role may make tables": f"""
        SELECT n.nspname FROM pg_namespace AS n
        WHERE {_OURS} AND has_schema_privilege('{APP_ROLE}', n.oid, 'CREATE')
    """,
    "everybody may read or write a table": f"""
        SELECT c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace,
            LATERAL aclexplode(c.relacl) AS granted
        WHERE {_OURS} AND granted.grantee = 0
    """,
}


def faults_of(connection: Connection) -> dict[str, list[str]]:
    """Return the names of what is at fault, by fault; nothing where all is well."""
    found = {fault: list(connection.execute(text(sql)).scalars()) for fault, sql in FAULTS.items()}
    return {fault: names for fault, names in found.items() if names}
