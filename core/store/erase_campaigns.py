"""Erasure in campaigns: deliveries, events and who was held out stay as counts, of nobody."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.store.erase_rows import in_portions
from core.store.opaque import Opaque
from core.store.senders import hold_campaign
from core.store.subjects import Subject
from core.store.tenant import TenantStore, Transaction

# What a message is in while nobody knows yet whether it went out.
_UNDER_WAY = ("CLAIMED", "UNCONFIRMED")
_CODE = "ERASED_PERSON"
_DELIVERIES = " UNION ".join(
    f"""
    SELECT campaign_id, email_norm, mode, delivery_no, customer, state FROM delivery
    WHERE tenant_id = :tenant AND {column} {{{among}}}
    """
    for column, among in (("customer", "codes"), ("email_norm", "addresses"))
)
# What was to be sent is not; a message that a person had to rule on goes nowhere any more.
_FORGET = """
UPDATE delivery
SET email_norm = :address, customer = :code, payload = '{}', payload_sha256 = '',
    message_id = NULL, key = NULL,
    state = CASE state WHEN 'PLANNED' THEN 'SUPPRESSED' WHEN 'REVIEW' THEN 'CANCELLED'
        ELSE state END,
    error_code = CASE WHEN state IN ('PLANNED', 'REVIEW') THEN :why ELSE error_code END
WHERE tenant_id = :tenant AND campaign_id = :campaign_id AND email_norm = :email_norm
    AND mode = :mode AND state NOT IN ('CLAIMED', 'UNCONFIRMED')
"""
_LOGS = """
UPDATE brevo_logs SET detail_json = '{{}}'
WHERE tenant_id = :tenant AND campaign_id = :campaign_id AND delivery_no {numbers}
"""
_EVENTS_OF = """
SELECT event_key, email_norm FROM brevo_event
WHERE tenant_id = :tenant AND campaign_id = :campaign_id AND delivery_no {numbers}
"""
_EVENTS = """
SELECT event_key, email_norm FROM brevo_event WHERE tenant_id = :tenant AND email_norm {addresses}
"""
_FORGET_EVENT = """
UPDATE brevo_event SET event_key = :code, email_norm = :address, message_id = NULL
WHERE tenant_id = :tenant AND event_key = :event_key
"""
_HELD_OUT = """
SELECT campaign_id, customer FROM campaign_holdout
WHERE tenant_id = :tenant AND campaign_id = :campaign_id AND customer {codes}
"""
_FORGET_HELD_OUT = """
UPDATE campaign_holdout SET customer = :code
WHERE tenant_id = :tenant AND campaign_id = :campaign_id AND customer = :customer
"""


@dataclass(frozen=True, kw_only=True)
class CampaignEraser:
    """The erasure of one subject from the campaigns of a tenant."""

    store: TenantStore
    subject: Subject
    opaque: Opaque

    def under_way(self) -> int:
        """Return how many messages to the subject are with a sender at this moment."""
        return sum(row["state"] in _UNDER_WAY for row in self._deliveries())

    def erase(self) -> Counter[str]:
        """Erase from deliveries, their journal and events, and from who was held out."""
        done: Counter[str] = Counter()
        by_campaign: dict[str, list[dict[str, Any]]] = {}
        for row in self._deliveries():
            if row["state"] not in _UNDER_WAY:
                by_campaign.setdefault(str(row["campaign_id"]), []).append(row)
        for campaign_id, rows in by_campaign.items():
            with self.store.begin() as tx:
                done += self._forget(tx, campaign_id, rows)
        with self.store.read() as tx:
            sql = _EVENTS.format(addresses=tx.among("addresses"))
            events = tx.rows(sql, addresses=self.subject.bound(tx)["addresses"])
        in_portions(self.store, events, self._forget_events)
        done["brevo_event"] += len(events)
        done["campaign_holdout"] = self._forget_held_out()
        return done

    def _deliveries(self) -> list[dict[str, Any]]:
        with self.store.read() as tx:
            sql = _DELIVERIES.format(codes=tx.among("codes"), addresses=tx.among("addresses"))
            return tx.rows(sql, **self.subject.bound(tx))

    def _forget(
        self, tx: Transaction, campaign_id: str, rows: Sequence[Mapping[str, Any]]
    ) -> Counter[str]:
        hold_campaign(tx, campaign_id)
        numbers = tx.list_of([row["delivery_no"] for row in rows])
        named = {"campaign_id": campaign_id, "numbers": numbers}
        logs = tx.execute(_LOGS.format(numbers=tx.among("numbers")), **named)
        events = tx.rows(_EVENTS_OF.format(numbers=tx.among("numbers")), **named)
        self._forget_events(tx, events)
        tx.execute_many(_FORGET, [self._forgotten(row) for row in rows])
        return Counter(delivery=len(rows), brevo_logs=logs, brevo_event=len(events))

    def _forgotten(self, row: Mapping[str, Any]) -> dict[str, object]:
        named = {name: row[name] for name in ("campaign_id", "email_norm", "mode")}
        return {
            **named,
            "address": self.opaque.code(row["email_norm"]),
            "code": self.opaque.code(row["customer"]),
            "why": _CODE,
        }

    def _forget_events(self, tx: Transaction, rows: Sequence[Mapping[str, Any]]) -> None:
        tx.execute_many(
            _FORGET_EVENT,
            [
                {
                    "event_key": row["event_key"],
                    "code": self.opaque.code(row["event_key"]),
                    "address": self.opaque.code(row["email_norm"]),
                }
                for row in rows
            ],
        )

    def _forget_held_out(self) -> int:
        with self.store.read() as tx:
            campaigns = tx.rows("SELECT campaign_id FROM campaign WHERE tenant_id = :tenant")
            sql, codes = _HELD_OUT.format(codes=tx.among("codes")), self.subject.bound(tx)["codes"]
            found = [
                row
                for campaign in campaigns
                for row in tx.rows(sql, campaign_id=campaign["campaign_id"], codes=codes)
            ]
        in_portions(
            self.store,
            [{**row, "code": self.opaque.code(row["customer"])} for row in found],
            lambda tx, rows: tx.execute_many(_FORGET_HELD_OUT, rows),
        )
        return len(found)
