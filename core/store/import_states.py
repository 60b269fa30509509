"""The states of an import, and the changes that stand only while it is in one of them.

An import is looked at, answered and loaded by several processes. Whoever changes it names the
states it may be in, in the transaction of the change: what was published in the meantime stays
as it was published.
"""

from collections.abc import Sequence

from core.errors import CrmError, NotFound, Refused
from core.i18n import N_
from core.store.tenant import Transaction

RECEIVED, ASKING, PLANNED = "received", "asking", "planned"
LOADED, DISCARDED, UNDONE = "loaded", "discarded", "undone"
OPEN_STATES = (RECEIVED, ASKING, PLANNED)
GONE = N_("There is no import with this id.")
_WHY = {
    LOADED: N_(
        "This import is loaded already: nothing of it can be changed. Undo it, then import its"
        " files again."
    ),
    UNDONE: N_("This import was undone and is closed. Import its files again."),
    DISCARDED: N_(
        "This import is closed: it was given up. Take it up again, or start a new one with the"
        " same files."
    ),
}
_CHANGED = N_("This import was changed while it was being loaded. Look at it again, then load it.")
_AMONG = "tenant_id = :tenant AND import_id = :import_id AND status {among}"


def why_not_open(status: str) -> CrmError:
    """Return why an import in `status` cannot be changed; of an open one, that it was."""
    return Refused(_WHY.get(status, _CHANGED))


def refusal(tx: Transaction, import_id: str) -> CrmError:
    """Return why a change of an import did not take place, by the state it is in now."""
    status = tx.scalar(
        "SELECT status FROM imports WHERE tenant_id = :tenant AND import_id = :import_id",
        import_id=import_id,
    )
    return why_not_open(str(status)) if status else NotFound(GONE)


def hold_open(tx: Transaction, import_id: str) -> None:
    """Keep an import open until this transaction ends: nobody publishes or closes it meanwhile.

    Raises `Refused` when it is closed, `NotFound` when it is gone.
    """
    held = tx.execute(
        f"UPDATE imports SET status = status WHERE {_AMONG.format(among=tx.among('states'))}",
        import_id=import_id,
        states=tx.list_of(OPEN_STATES),
    )
    if not held:
        raise refusal(tx, import_id)


def change_open(tx: Transaction, import_id: str) -> None:
    """Hold an import open for a change of what it reads: what was confirmed of it is asked again.

    Raises as `hold_open` does.
    """
    hold_open(tx, import_id)
    tx.execute(
        """
        UPDATE imports SET opt_outs_confirmed_by = NULL
        WHERE tenant_id = :tenant AND import_id = :import_id
        """,
        import_id=import_id,
    )


def store_import_state(
    tx: Transaction,
    import_id: str,
    status: str,
    *,
    among: Sequence[str],
    report_json: str | None = None,
) -> None:
    """Move an entry that is in one of the states `among`; a report given replaces the one kept.

    One that is received anew has nothing confirmed.

    Raises `Refused` when it is in none of them, `NotFound` when it is gone.
    """
    moved = tx.execute(
        f"""
        UPDATE imports SET status = :status, report_json = coalesce(:report, report_json),
            opt_outs_confirmed_by = CASE WHEN :anew THEN NULL ELSE opt_outs_confirmed_by END
        WHERE {_AMONG.format(among=tx.among("states"))}
        """,
        import_id=import_id,
        status=status,
        anew=status == RECEIVED,
        report=report_json,
        states=tx.list_of(among),
    )
    if not moved:
        raise refusal(tx, import_id)


def remove_import(tx: Transaction, import_id: str, *, among: Sequence[str]) -> bool:
    """Remove an entry that is in one of the states `among`, with its files; tell whether it was."""
    removed = tx.execute(
        f"DELETE FROM imports WHERE {_AMONG.format(among=tx.among('states'))}",
        import_id=import_id,
        states=tx.list_of(among),
    )
    if removed:
        tx.execute(
            "DELETE FROM import_file WHERE tenant_id = :tenant AND import_id = :import_id",
            import_id=import_id,
        )
    return bool(removed)
