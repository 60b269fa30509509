"""What programs were answered under their keys, so that a call made twice is done once."""

from dataclasses import dataclass
from datetime import datetime

from core.store.tenant import Transaction


@dataclass(frozen=True, kw_only=True)
class ReplyRow:
    """What is known under a key: of which request, and the answer once there is one.

    `call_id` names what the call makes, `begun_json` is what it has begun.
    """

    request_sha256: str
    call_id: str | None
    begun_json: str | None
    http_status: int | None
    body_json: str | None


def store_call(
    tx: Transaction, key_sha256: str, request_sha256: str, call_id: str, now: datetime
) -> bool:
    """Note a call; return False when its key is known."""
    return bool(
        tx.execute(
            """
            INSERT INTO api_reply (tenant_id, key_sha256, request_sha256, call_id, created_at)
            VALUES (:tenant, :key_sha256, :request_sha256, :call_id, :now)
            ON CONFLICT (tenant_id, key_sha256) DO NOTHING
            """,
            key_sha256=key_sha256,
            request_sha256=request_sha256,
            call_id=call_id,
            now=now,
        )
    )


def find_reply(tx: Transaction, key_sha256: str) -> ReplyRow | None:
    """Return what is known under a key, or None."""
    row = tx.row(
        """
        SELECT request_sha256, CAST(call_id AS TEXT) AS call_id, begun_json, http_status, body_json
        FROM api_reply
        WHERE tenant_id = :tenant AND key_sha256 = :key_sha256
        """,
        key_sha256=key_sha256,
    )
    return None if row is None else ReplyRow(**row)


def store_begun(tx: Transaction, key_sha256: str, begun_json: str) -> None:
    """Keep what a call has begun, in the transaction that begins it."""
    tx.execute(
        """
        UPDATE api_reply SET begun_json = :begun_json
        WHERE tenant_id = :tenant AND key_sha256 = :key_sha256
        """,
        key_sha256=key_sha256,
        begun_json=begun_json,
    )


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


def forget_unbegun(tx: Transaction, key_sha256: str) -> None:
    """Forget a call that has begun nothing: its key is free for another request."""
    tx.execute(
        """
        DELETE FROM api_reply
        WHERE tenant_id = :tenant AND key_sha256 = :key_sha256 AND http_status IS NULL
            AND begun_json IS NULL
        """,
        key_sha256=key_sha256,
    )


def purge_replies(tx: Transaction, before: datetime) -> None:
    """Forget the calls that were made before a moment."""
    tx.execute(
        "DELETE FROM api_reply WHERE tenant_id = :tenant AND created_at < :before", before=before
    )
