"""What programs were answered under their keys, so that a call made twice is done once."""

from dataclasses import dataclass
from datetime import datetime

from core.store.tenant import Transaction


@dataclass(frozen=True, kw_only=True)
class ReplyRow:
    """What is known under a key: of which request, and the answer once there is one."""

    request_sha256: str
    http_status: int | None
    body_json: str | None


def store_call(tx: Transaction, key_sha256: str, request_sha256: str, now: datetime) -> bool:
    """Note that a call is worked on; return False when its key is known."""
    return bool(
        tx.execute(
            """
            INSERT INTO api_reply (tenant_id, key_sha256, request_sha256, created_at)
            VALUES (:tenant, :key_sha256, :request_sha256, :now)
            ON CONFLICT (tenant_id, key_sha256) DO NOTHING
            """,
            key_sha256=key_sha256,
            request_sha256=request_sha256,
            now=now,
        )
    )


def find_reply(tx: Transaction, key_sha256: str) -> ReplyRow | None:
    """Return what is known under a key, or None."""
    row = tx.row(
        """
        SELECT request_sha256, http_status, body_json FROM api_reply
        WHERE tenant_id = :tenant AND key_sha256 = :key_sha256
        """,
        key_sha256=key_sha256,
    )
    return None if row is None else ReplyRow(**row)


def store_reply(tx: Transaction, key_sha256: str, http_status: int, body_json: str) -> None:
    """Keep the answer of a call."""
    tx.execute(
        """
        UPDATE api_reply SET http_status = :http_status, body_json = :body_json
        WHERE tenant_id = :tenant AND key_sha256 = :key_sha256
        """,
        key_sha256=key_sha256,
        http_status=http_status,
        body_json=body_json,
    )


def delete_call(tx: Transaction, key_sha256: str) -> None:
    """Forget a call that came to nothing, so that it may be made again."""
    tx.execute(
        """
        DELETE FROM api_reply
        WHERE tenant_id = :tenant AND key_sha256 = :key_sha256 AND http_status IS NULL
        """,
        key_sha256=key_sha256,
    )


def purge_replies(tx: Transaction, before: datetime) -> None:
    """Forget the calls that were made before a moment."""
    tx.execute(
        "DELETE FROM api_reply WHERE tenant_id = :tenant AND created_at < :before", before=before
    )


def drop_abandoned(tx: Transaction, key_sha256: str, before: datetime) -> None:
    """Forget a call that was begun before a moment and has no answer: its process is dead."""
    tx.execute(
        """
        DELETE FROM api_reply
        WHERE tenant_id = :tenant AND key_sha256 = :key_sha256 AND http_status IS NULL
            AND created_at < :before
        """,
        key_sha256=key_sha256,
        before=before,
    )
