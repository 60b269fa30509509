"""Rows of guessing: who tried which account from where, and who is known from where.

Names and client addresses are stored as hashes only.
"""

from dataclasses import dataclass
from datetime import datetime

from core.store.identity import new_id
from core.store.tenant import Transaction, as_moment


@dataclass(frozen=True, kw_only=True)
class FailureRow:
    """The tries of a name within a window that did not pass, and those that had to wait."""

    username_sha256: str
    window_at: datetime
    passwords: int
    codes: int
    refused: int


def lock_tries(tx: Transaction) -> None:
    """Let one sign-in at a time count the tries (SQLite: a writer is alone already)."""
    if not tx.is_sqlite:
        tx.execute("LOCK TABLE identity.sign_in_attempt IN SHARE ROW EXCLUSIVE MODE")


def store_try(
    tx: Transaction, *, username_sha256: str, client_sha256: str, tried_at: datetime
) -> str:
    """Record one try as failed until told otherwise; return its id."""
    attempt_id = new_id()
    tx.execute(
        """
        INSERT INTO identity.sign_in_attempt (
            attempt_id, username_sha256, client_sha256, tried_at, succeeded
        )
        VALUES (:attempt_id, :username_sha256, :client_sha256, :tried_at, :succeeded)
        """,
        attempt_id=attempt_id,
        username_sha256=username_sha256,
        client_sha256=client_sha256,
        tried_at=tried_at,
        succeeded=False,
    )
    return attempt_id


def mark_success(tx: Transaction, attempt_id: str) -> None:
    """Turn a recorded try into a success, which no limit counts."""
    tx.execute(
        "UPDATE identity.sign_in_attempt SET succeeded = :yes WHERE attempt_id = :attempt_id",
        yes=True,
        attempt_id=attempt_id,
    )


def count_from_client(tx: Transaction, client_sha256: str, since: datetime) -> int:
    """Return the failed tries of a client after `since`, at whatever account."""
    return int(
        tx.scalar(
            """
            SELECT count(*) FROM identity.sign_in_attempt
            WHERE client_sha256 = :client_sha256 AND tried_at > :since AND succeeded = :no
            """,
            client_sha256=client_sha256,
            since=since,
            no=False,
        )
    )


def count_by_strangers(tx: Transaction, username_sha256: str, since: datetime) -> int:
    """Return the failed tries at an account after `since` but those of clients known to it."""
    return int(
        tx.scalar(
            """
            SELECT count(*) FROM identity.sign_in_attempt
            WHERE username_sha256 = :username_sha256 AND tried_at > :since AND succeeded = :no
                AND client_sha256 NOT IN (
                    SELECT client_sha256 FROM identity.known_client
                    WHERE username_sha256 = :username_sha256
                )
            """,
            username_sha256=username_sha256,
            since=since,
            no=False,
        )
    )


def is_known(tx: Transaction, username_sha256: str, client_sha256: str) -> bool:
    """Tell whether this account was entered from this client before."""
    found = tx.scalar(
        """
        SELECT count(*) FROM identity.known_client
        WHERE username_sha256 = :username_sha256 AND client_sha256 = :client_sha256
        """,
        username_sha256=username_sha256,
        client_sha256=client_sha256,
    )
    return bool(found)


def store_known(tx: Transaction, username_sha256: str, client_sha256: str, now: datetime) -> None:
    """Note that this account was entered from this client."""
    tx.execute(
        """
        INSERT INTO identity.known_client (username_sha256, client_sha256, seen_at)
        VALUES (:username_sha256, :client_sha256, :now)
        ON CONFLICT (username_sha256, client_sha256) DO UPDATE SET seen_at = excluded.seen_at
        """,
        username_sha256=username_sha256,
        client_sha256=client_sha256,
        now=now,
    )


def purge_tries(tx: Transaction, *, tries_before: datetime, known_before: datetime) -> None:
    """Remove tries and known clients that no rule looks at any more."""
    tx.execute(
        "DELETE FROM identity.sign_in_attempt WHERE tried_at <= :before", before=tries_before
    )
    tx.execute("DELETE FROM identity.known_client WHERE seen_at <= :before", before=known_before)


def add_failures(tx: Transaction, failures: FailureRow) -> None:
    """Add to what is counted of a name in a window; numbers below 0 take back."""
    tx.execute(
        """
        INSERT INTO identity.sign_in_failure AS failure (
            username_sha256, window_at, passwords, codes, refused
        )
        VALUES (:username_sha256, :window_at, :passwords, :codes, :refused)
        ON CONFLICT (username_sha256, window_at) DO UPDATE SET
            passwords = failure.passwords + excluded.passwords,
            codes = failure.codes + excluded.codes,
            refused = failure.refused + excluded.refused
        """,
        **vars(failures),
    )


def load_failures(tx: Transaction, before: datetime) -> list[FailureRow]:
    """Return what failed in windows that began at `before` or earlier, the oldest first."""
    rows = tx.rows(
        """
        SELECT username_sha256, window_at, passwords, codes, refused
        FROM identity.sign_in_failure
        WHERE window_at <= :before AND passwords + codes + refused > 0
        ORDER BY window_at, username_sha256
        """,
        before=before,
    )
    return [_as_failure(row) for row in rows]


def _as_failure(row: dict[str, object]) -> FailureRow:
    window_at = as_moment(row["window_at"])
    assert window_at is not None
    return FailureRow(**{**row, "window_at": window_at})  # type: ignore[arg-type]  # by the columns


def delete_failure(tx: Transaction, failure: FailureRow) -> bool:
    """Take what failed in one window out of the count; False when somebody else was faster."""
    return bool(
        tx.execute(
            """
            DELETE FROM identity.sign_in_failure
            WHERE username_sha256 = :username_sha256 AND window_at = :window_at
            """,
            username_sha256=failure.username_sha256,
            window_at=failure.window_at,
        )
    )


def purge_failures(tx: Transaction, before: datetime) -> None:
    """Remove what is counted of windows that began at `before` or earlier."""
    tx.execute("DELETE FROM identity.sign_in_failure WHERE window_at <= :before", before=before)
