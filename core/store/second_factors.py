"""Rows of second factors: the sealed secret, the last step used, recovery codes as hashes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.store.tenant import Transaction


@dataclass(frozen=True, kw_only=True)
class FactorRow:
    """A user's secret as stored; it counts once it is confirmed."""

    secret_sealed: str
    is_confirmed: bool
    last_step: int


def find_factor(tx: Transaction, user_id: str) -> FactorRow | None:
    """Return the second factor of a user, or None."""
    row = tx.row(
        """
        SELECT secret_sealed, confirmed_at, last_step
        FROM identity.second_factor WHERE user_id = :user_id
        """,
        user_id=user_id,
    )
    if row is None:
        return None
    return FactorRow(
        secret_sealed=row["secret_sealed"],
        is_confirmed=row["confirmed_at"] is not None,
        last_step=int(row["last_step"]),
    )


def store_draft(tx: Transaction, user_id: str, secret_sealed: str) -> None:
    """Keep a secret that is not confirmed yet, in place of an earlier one like it."""
    tx.execute(
        """
        INSERT INTO identity.second_factor AS factor (user_id, secret_sealed, last_step)
        VALUES (:user_id, :secret_sealed, 0)
        ON CONFLICT (user_id) DO UPDATE SET secret_sealed = excluded.secret_sealed
        WHERE factor.confirmed_at IS NULL
        """,
        user_id=user_id,
        secret_sealed=secret_sealed,
    )


def confirm_factor(tx: Transaction, user_id: str, secret_sealed: str, now: datetime) -> bool:
    """Ask for this secret from now on; False when another took its place, or one is on."""
    return bool(
        tx.execute(
            """
            UPDATE identity.second_factor SET confirmed_at = :now
            WHERE user_id = :user_id AND secret_sealed = :secret_sealed AND confirmed_at IS NULL
            """,
            user_id=user_id,
            secret_sealed=secret_sealed,
            now=now,
        )
    )


def take_step(
    tx: Transaction, user_id: str, step: int, factor: FactorRow, secret_sealed: str
) -> bool:
    """Use a time step of `factor` up and keep its secret sealed anew.

    False when the step, or a later one, was used before, or another secret took its place.
    """
    return bool(
        tx.execute(
            """
            UPDATE identity.second_factor SET last_step = :step, secret_sealed = :secret_sealed
            WHERE user_id = :user_id AND last_step < :step AND secret_sealed = :held
            """,
            user_id=user_id,
            step=step,
            secret_sealed=secret_sealed,
            held=factor.secret_sealed,
        )
    )


def store_recovery_codes(tx: Transaction, user_id: str, hashes: Sequence[str]) -> None:
    """Keep recovery codes, in place of all earlier ones."""
    tx.execute("DELETE FROM identity.recovery_code WHERE user_id = :user_id", user_id=user_id)
    tx.execute_many(
        "INSERT INTO identity.recovery_code (user_id, code_sha256) VALUES (:user_id, :code_sha256)",
        [{"user_id": user_id, "code_sha256": code} for code in hashes],
    )


def take_recovery_code(tx: Transaction, user_id: str, code_sha256: str) -> bool:
    """Use a recovery code up; False when it is not one, or not any more."""
    return bool(
        tx.execute(
            """
            DELETE FROM identity.recovery_code
            WHERE user_id = :user_id AND code_sha256 = :code_sha256
            """,
            user_id=user_id,
            code_sha256=code_sha256,
        )
    )


def count_recovery_codes(tx: Transaction, user_id: str) -> int:
    """Return how many recovery codes are left."""
    return int(
        tx.scalar(
            "SELECT count(*) FROM identity.recovery_code WHERE user_id = :user_id", user_id=user_id
        )
    )


def delete_factor(tx: Transaction, user_id: str) -> None:
    """Take a second factor away with its recovery codes."""
    tx.execute("DELETE FROM identity.second_factor WHERE user_id = :user_id", user_id=user_id)
    tx.execute("DELETE FROM identity.recovery_code WHERE user_id = :user_id", user_id=user_id)


def demands_factor(tx: Transaction, tenant_id: str) -> bool:
    """Tell whether a tenant lets nobody in without a second factor."""
    return bool(
        tx.scalar(
            "SELECT demands_factor FROM identity.tenant WHERE tenant_id = :tenant_id",
            tenant_id=tenant_id,
        )
    )


def store_demand(tx: Transaction, tenant_id: str, *, is_demanded: bool) -> bool:
    """Let a tenant demand a second factor, or no more; False when it was so before."""
    return bool(
        tx.execute(
            """
            UPDATE identity.tenant SET demands_factor = :is_demanded
            WHERE tenant_id = :tenant_id AND demands_factor <> :is_demanded
            """,
            tenant_id=tenant_id,
            is_demanded=is_demanded,
        )
    )


def owes_factor(tx: Transaction, user_id: str, tenant_id: str) -> bool:
    """Tell whether a tenant demands a second factor that a user has not."""
    found = find_factor(tx, user_id)
    has_one = found is not None and found.is_confirmed
    return not has_one and demands_factor(tx, tenant_id)
