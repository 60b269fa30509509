"""Campaigns with their frozen audience; one that is being prepared is visible to nobody."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from core.store.identity import is_id
from core.store.tenant import Transaction, as_moment

PREPARING = "PREPARING"
_PREPARED_PARTS = ("delivery", "campaign_holdout")

_CAMPAIGN_COLUMNS = (
    "campaign_id, run_id, template, template_sha256, batch_size, mode, state, created_at,"
    " created_by, finished_at, pause_reason, review_no, epoch, confirmed_recipients, confirmed_by,"
    " confirmed_user, confirmed_at, start_at, holdout_share, last_batch"
)


@dataclass(frozen=True, kw_only=True)
class CampaignRow:
    """One campaign, its audience left out."""

    campaign_id: str
    run_id: str
    template: str
    template_sha256: str
    batch_size: int
    mode: str
    state: str
    created_at: datetime
    created_by: str
    finished_at: datetime | None = None
    pause_reason: str | None = None
    review_no: int = 0
    epoch: int = 0
    confirmed_recipients: int | None = None
    confirmed_by: str | None = None
    confirmed_user: str | None = None
    confirmed_at: datetime | None = None
    start_at: datetime | None = None
    holdout_share: float = 0.0
    last_batch: int | None = None


def store_campaign(tx: Transaction, campaign: CampaignRow) -> None:
    """Enter a campaign without its audience.

    One of this id that is being prepared is asked for anew, by another maybe; any other stays.
    """
    tx.execute(
        f"""
        INSERT INTO campaign (tenant_id, {_CAMPAIGN_COLUMNS}, audience_json)
        VALUES (
            :tenant, :campaign_id, :run_id, :template, :template_sha256, :batch_size, :mode,
            :state, :created_at, :created_by, :finished_at, :pause_reason, :review_no, :epoch,
            :confirmed_recipients, :confirmed_by, :confirmed_user, :confirmed_at, :start_at,
            :holdout_share, :last_batch,
            '{{}}'
        )
        ON CONFLICT (tenant_id, campaign_id) DO UPDATE
        SET created_at = excluded.created_at, created_by = excluded.created_by
        WHERE campaign.state = '{PREPARING}'
        """,
        **asdict(campaign),
    )


def begin_preparing(tx: Transaction, campaign_id: str, template_sha256: str, epoch: int) -> bool:
    """Remove what a dead process prepared of a campaign, and note from what it is made now.

    Tells whether the campaign is there and is not prepared yet.
    """
    touched = tx.execute(
        """
        UPDATE campaign SET template_sha256 = :template_sha256, epoch = :epoch
        WHERE tenant_id = :tenant AND campaign_id = :campaign_id AND state = :state
        """,
        campaign_id=campaign_id,
        template_sha256=template_sha256,
        epoch=epoch,
        state=PREPARING,
    )
    _discard(tx, campaign_id, _PREPARED_PARTS)
    return touched == 1


def discard_campaign(tx: Transaction, campaign_id: str) -> None:
    """Remove a campaign that is not prepared yet; a prepared one stays."""
    _discard(tx, campaign_id, (*_PREPARED_PARTS, "campaign"))


def _discard(tx: Transaction, campaign_id: str, tables: Sequence[str]) -> None:
    unfinished = "SELECT campaign_id FROM campaign WHERE tenant_id = :tenant AND state = :state"
    for table in tables:
        tx.execute(
            f"""
            DELETE FROM {table}
            WHERE tenant_id = :tenant AND campaign_id = :campaign_id
                AND campaign_id IN ({unfinished})
            """,
            campaign_id=campaign_id,
            state=PREPARING,
        )


def find_campaign(
    tx: Transaction, campaign_id: str, *, with_preparing: bool = False
) -> CampaignRow | None:
    """Return a campaign or None; one in preparation only when asked for.

    A malformed id finds none.
    """
    if not is_id(campaign_id):
        return None
    row = tx.row(
        f"""
        SELECT {_CAMPAIGN_COLUMNS} FROM campaign
        WHERE tenant_id = :tenant AND campaign_id = :campaign_id
        """,
        campaign_id=campaign_id,
    )
    if row is None or (row["state"] == PREPARING and not with_preparing):
        return None
    return _campaign(row)


def load_campaigns(
    tx: Transaction, *, limit: int, offset: int = 0, run_id: str | None = None
) -> list[CampaignRow]:
    """Return the campaigns, newest first, of one run or of all."""
    if run_id is not None and not is_id(run_id):
        return []
    chosen = "" if run_id is None else "AND run_id = :run_id"
    rows = tx.rows(
        f"""
        SELECT {_CAMPAIGN_COLUMNS} FROM campaign
        WHERE tenant_id = :tenant AND state <> :preparing {chosen}
        ORDER BY created_at DESC, campaign_id LIMIT :limit OFFSET :offset
        """,
        preparing=PREPARING,
        limit=limit,
        offset=offset,
        **({} if run_id is None else {"run_id": run_id}),
    )
    return [_campaign(row) for row in rows]


def count_campaigns(tx: Transaction) -> int:
    """Return how many campaigns there are that can be seen."""
    found = tx.scalar(
        "SELECT count(*) FROM campaign WHERE tenant_id = :tenant AND state <> :preparing",
        preparing=PREPARING,
    )
    return int(found)


def newest_sent(tx: Transaction, mode: str) -> str | None:
    """Return the id of the campaign of a mode that was finished last, or None."""
    found = tx.scalar(
        """
        SELECT CAST(campaign_id AS TEXT) FROM campaign
        WHERE tenant_id = :tenant AND mode = :mode AND state = 'SENT'
        ORDER BY finished_at DESC LIMIT 1
        """,
        mode=mode,
    )
    return None if found is None else str(found)


def load_campaigns_held_out(tx: Transaction, *, mode: str, limit: int) -> list[CampaignRow]:
    """Return the newest campaigns of a mode that hold somebody out."""
    rows = tx.rows(
        f"""
        SELECT {_CAMPAIGN_COLUMNS} FROM campaign
        WHERE tenant_id = :tenant AND state <> :preparing AND mode = :mode AND holdout_share > 0
        ORDER BY created_at DESC, campaign_id LIMIT :limit
        """,
        preparing=PREPARING,
        mode=mode,
        limit=limit,
    )
    return [_campaign(row) for row in rows]


def campaigns_in(tx: Transaction, state: str) -> list[str]:
    """Return the ids of the campaigns that are in a state."""
    rows = tx.rows(
        "SELECT campaign_id FROM campaign WHERE tenant_id = :tenant AND state = :state",
        state=state,
    )
    return sorted(str(row["campaign_id"]) for row in rows)


def due_campaigns(tx: Transaction, now: datetime) -> list[str]:
    """Return the campaigns that are confirmed for a moment which has come."""
    rows = tx.rows(
        """
        SELECT campaign_id FROM campaign
        WHERE tenant_id = :tenant AND state = 'PREPARED' AND confirmed_at IS NOT NULL
            AND start_at <= :now
        """,
        now=now,
    )
    return sorted(str(row["campaign_id"]) for row in rows)


def stranded_campaigns(tx: Transaction) -> list[str]:
    """Return the campaigns not being sent of which something is claimed: a dead sender left it."""
    rows = tx.rows(
        """
        SELECT campaign_id FROM campaign
        WHERE tenant_id = :tenant AND state <> 'SENDING' AND EXISTS (
            SELECT 1 FROM delivery
            WHERE delivery.tenant_id = campaign.tenant_id
                AND delivery.campaign_id = campaign.campaign_id AND delivery.state = 'CLAIMED'
        )
        """
    )
    return sorted(str(row["campaign_id"]) for row in rows)


def load_campaigns_like(
    tx: Transaction,
    *,
    run_id: str,
    review_no: int,
    template: str,
    batch_size: int,
    mode: str,
    holdout_share: float,
) -> list[CampaignRow]:
    """Return the campaigns prepared by the same choices from the same lists, oldest first."""
    rows = tx.rows(
        f"""
        SELECT {_CAMPAIGN_COLUMNS} FROM campaign
        WHERE tenant_id = :tenant AND run_id = :run_id AND template = :template
            AND batch_size = :batch_size AND mode = :mode AND state <> :preparing
            AND review_no = :review_no AND holdout_share = :holdout_share
        ORDER BY created_at, campaign_id
        """,
        run_id=run_id,
        review_no=review_no,
        template=template,
        batch_size=batch_size,
        mode=mode,
        holdout_share=holdout_share,
        preparing=PREPARING,
    )
    return [_campaign(row) for row in rows]


def _campaign(row: Mapping[str, Any]) -> CampaignRow:
    created_at = as_moment(row["created_at"])
    assert created_at is not None
    moments = {
        "created_at": created_at,
        "finished_at": as_moment(row["finished_at"]),
        "confirmed_at": as_moment(row["confirmed_at"]),
        "start_at": as_moment(row["start_at"]),
    }
    ids = {name: str(row[name]) for name in ("campaign_id", "run_id")}
    return CampaignRow(**{**row, **ids, **moments})


def publish_campaign(
    tx: Transaction,
    campaign_id: str,
    state: str,
    audience: Mapping[str, Any],
    template: Mapping[str, Any] | None = None,
) -> None:
    """Make a prepared campaign visible with its frozen audience, and what its template says."""
    tx.execute(
        """
        UPDATE campaign
        SET state = :state, audience_json = :audience, template_json = :template
        WHERE tenant_id = :tenant AND campaign_id = :campaign_id AND state = :preparing
        """,
        campaign_id=campaign_id,
        state=state,
        audience=json.dumps(audience, ensure_ascii=False, separators=(",", ":")),
        template=None if template is None else json.dumps(template, ensure_ascii=False),
        preparing=PREPARING,
    )


def move_campaign(
    tx: Transaction,
    campaign_id: str,
    before: Sequence[str],
    after: str,
    *,
    finished_at: datetime | None = None,
    pause_reason: str | None = None,
) -> bool:
    """Move a campaign from one of the states `before`; tell whether it was in one.

    Until the transaction ends nobody else can move it.
    """
    touched = tx.execute(
        f"""
        UPDATE campaign
        SET state = :after, finished_at = :finished_at, pause_reason = :pause_reason
        WHERE tenant_id = :tenant AND campaign_id = :campaign_id
            AND state {tx.among("before")}
        """,
        campaign_id=campaign_id,
        before=tx.list_of(before),
        after=after,
        finished_at=finished_at,
        pause_reason=pause_reason,
    )
    return touched == 1
