"""Tables that are read before a tenant is known: sign-in, sessions, tenants, workers, webhooks.

On Postgres they live in the schema `identity`; on SQLite in a file of their own, so that a
sign-in never waits for a load.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Index,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    false,
)
from sqlalchemy.dialects import postgresql

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(referred_table_name)s",
}
identity_metadata = MetaData(naming_convention=NAMING, schema="identity")

Uid = Text().with_variant(postgresql.UUID(as_uuid=False), "postgresql")
Moment = DateTime(timezone=True)

tenant = Table(
    "tenant",
    identity_metadata,
    Column("tenant_id", Uid, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("demo_as_of", Date),
    Column("created_at", Moment, nullable=False),
    Column("demands_factor", Boolean, nullable=False, server_default=false()),
)

app_user = Table(
    "app_user",
    identity_metadata,
    Column("user_id", Uid, primary_key=True),
    Column("username", Text, nullable=False, unique=True),
    Column("password_hash", Text, nullable=False),
    Column("language", Text),
    Column("is_demo", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("must_change", Boolean, nullable=False, server_default=false()),
)

membership = Table(
    "membership",
    identity_metadata,
    Column("user_id", Uid, primary_key=True),
    Column("tenant_id", Uid, primary_key=True),
    Column("role", Text, nullable=False),
    Column("deactivated_at", Moment),
    Index(None, "tenant_id"),
)

invitation = Table(
    "invitation",
    identity_metadata,
    Column("tenant_id", Uid, primary_key=True),
    Column("username", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("invited_at", Moment, nullable=False),
    Index(None, "username"),
)

second_factor = Table(
    "second_factor",
    identity_metadata,
    Column("user_id", Uid, primary_key=True),
    Column("secret_sealed", Text, nullable=False),
    Column("confirmed_at", Moment),
    Column("last_step", BigInteger, nullable=False),
)

recovery_code = Table(
    "recovery_code",
    identity_metadata,
    Column("user_id", Uid, primary_key=True),
    Column("code_sha256", Text, primary_key=True),
)

session = Table(
    "session",
    identity_metadata,
    Column("token_sha256", Text, primary_key=True),
    Column("user_id", Uid, nullable=False),
    Column("tenant_id", Uid, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("revoked_at", Moment),
    Index(None, "user_id"),
)

login_ticket = Table(
    "login_ticket",
    identity_metadata,
    Column("ticket_sha256", Text, primary_key=True),
    Column("user_id", Uid, nullable=False),
    Column("tenant_id", Uid),
    Column("code_passed", Boolean, nullable=False),
    Column("began_at", Moment),
    Column("expires_at", Moment, nullable=False),
    Index(None, "user_id"),
)

sign_in_attempt = Table(
    "sign_in_attempt",
    identity_metadata,
    Column("attempt_id", Uid, primary_key=True),
    Column("username_sha256", Text, nullable=False),
    Column("client_sha256", Text, nullable=False),
    Column("tried_at", Moment, nullable=False),
    Column("succeeded", Boolean, nullable=False),
    Index(None, "username_sha256", "tried_at"),
    Index(None, "client_sha256", "tried_at"),
)

sign_in_failure = Table(
    "sign_in_failure",
    identity_metadata,
    Column("username_sha256", Text, primary_key=True),
    Column("window_at", Moment, primary_key=True),
    Column("passwords", BigInteger, nullable=False),
    Column("codes", BigInteger, nullable=False),
    Column("refused", BigInteger, nullable=False),
    Index(None, "window_at"),
)

known_client = Table(
    "known_client",
    identity_metadata,
    Column("username_sha256", Text, primary_key=True),
    Column("client_sha256", Text, primary_key=True),
    Column("seen_at", Moment, nullable=False),
)

worker_heartbeat = Table(
    "worker_heartbeat",
    identity_metadata,
    Column("worker_id", Text, primary_key=True),
    Column("started_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
)

webhook_secret = Table(
    "webhook_secret",
    identity_metadata,
    Column("secret_sha256", Text, primary_key=True),
    Column("tenant_id", Uid, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("revoked_at", Moment),
    Index(None, "tenant_id"),
)

api_token = Table(
    "api_token",
    identity_metadata,
    Column("token_sha256", Text, primary_key=True),
    Column("tenant_id", Uid, nullable=False),
    Column("token_id", Uid, nullable=False),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment),
    Column("revoked_at", Moment),
    Column("used_at", Moment),
    UniqueConstraint("tenant_id", "token_id"),
)

schedule = Table(
    "schedule",
    identity_metadata,
    Column("tenant_id", Uid, primary_key=True),
    Column("schedule_id", Uid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("weekdays", Text, nullable=False),
    Column("at_time", Text, nullable=False),
    Column("steps", Text, nullable=False),
    Column("template", Text, nullable=False),
    Column("user_id", Uid, nullable=False),
    Column("saved_at", Moment, nullable=False),
    Column("next_at", Moment),
    Column("pause_reason", Text),
    Index(None, "next_at"),
)
