"""What cases are given: values of the company `alpha` by the name, or the type, of a parameter.

A function whose parameters are all named here has a case by itself. What only one function takes
stands in `tests.isolation.only`.
"""

import hashlib
from collections.abc import Mapping
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any

from core.contracts import FileKind
from core.outreach.outcomes import PauseReason
from core.outreach.protocol import Mode
from core.outreach.unsubscribe import make_token, token_secret
from core.services.accounts import SYSTEM, Role
from core.services.delivery_review import Ruling
from core.services.import_decisions import NewProduct
from core.services.reconcile_campaign import Reconciliation
from core.services.review import Subject
from core.services.uploads import FileClaim, list_uploads
from core.store import (
    backtests,
    brevo_events,
    calls,
    campaign_outcomes,
    cause_trials,
    deliveries,
    live_deliveries,
    own_changes,
    policies,
    policy_previews,
    retention,
    senders,
    wishes,
)
from core.store.api_tokens import load_tokens
from core.store.campaigns import find_campaign
from core.store.contact_pushes import Pull, PullSource
from core.store.contacts import Person
from core.store.identity import UserRow
from core.store.imports import load_import_entry
from core.store.reviews import load_decisions
from core.store.run_outputs import RunAt
from core.store.run_pairs import Pair
from core.store.run_reads import VerdictFilter
from core.store.runs import RunStatus, find_run
from core.store.schedules import load_schedules
from core.store.suppressions import Lift, find_suppression
from core.store.tenant import TenantStore, Transaction
from tests.contract.campaign_data import NOW
from tests.contract.live_data import FakeBrevo
from tests.isolation.seed import AS_OF, CUSTOMERS, EARLIER, events
from tests.isolation.users import OWN, PASSWORD

NEW = "cccccccc-0000-4000-8000-00000000000c"
ADDRESS = "person1@example.com"
SAID = '{"said": 1}'
SHA = hashlib.sha256(b"x").hexdigest()
SECRET = "a secret of the tests"
LABEL = "Pinot Noirr"

_IDS: Mapping[str, str] = {
    "run_id": "SELECT run_id FROM run WHERE tenant_id = :tenant AND status = 'done'"
    " ORDER BY as_of DESC",
    "queued_id": "SELECT run_id FROM run WHERE tenant_id = :tenant AND status = 'running'",
    "older_id": "SELECT run_id FROM run WHERE tenant_id = :tenant ORDER BY as_of",
    "dry_id": "SELECT campaign_id FROM campaign WHERE tenant_id = :tenant AND mode = 'dry'"
    " AND state = 'SENT'",
    "campaign_id": "SELECT campaign_id FROM delivery WHERE tenant_id = :tenant"
    " AND state = 'UNCONFIRMED'",
    "ready_id": "SELECT campaign_id FROM campaign WHERE tenant_id = :tenant"
    " AND mode = 'live' AND confirmed_at IS NULL",
    "doubtful_no": "SELECT delivery_no FROM delivery WHERE tenant_id = :tenant"
    " AND state = 'UNCONFIRMED'",
    "doubtful_address": "SELECT email_norm FROM delivery WHERE tenant_id = :tenant"
    " AND state = 'UNCONFIRMED'",
    "import_id": "SELECT import_id FROM imports WHERE tenant_id = :tenant AND seq = 1",
    "product_writer": "SELECT imports.import_id FROM imports JOIN product"
    " ON product.tenant_id = imports.tenant_id AND product.from_seq = imports.seq"
    " WHERE imports.tenant_id = :tenant AND imports.status = 'loaded'"
    " AND product.product_key = 'P1' AND product.to_seq IS NULL",
    "customer_writer": "SELECT imports.import_id FROM imports JOIN customer"
    " ON customer.tenant_id = imports.tenant_id AND customer.from_seq = imports.seq"
    " WHERE imports.tenant_id = :tenant AND imports.status = 'loaded'"
    " AND customer.customer = 'C1' AND customer.to_seq IS NULL",
    "later_id": "SELECT import_id FROM imports WHERE tenant_id = :tenant AND seq = 2",
    "undone_id": "SELECT import_id FROM imports WHERE tenant_id = :tenant AND status = 'undone'",
    "open_id": "SELECT import_id FROM imports WHERE tenant_id = :tenant AND loaded_at IS NULL"
    " AND report_json IS NULL AND origin = 'files'",
    "backtest_id": "SELECT backtest_id FROM backtest WHERE tenant_id = :tenant AND status = 'done'",
    "queued_backtest": "SELECT backtest_id FROM backtest WHERE tenant_id = :tenant"
    " AND status <> 'done'",
    "trial_id": "SELECT trial_id FROM cause_trial WHERE tenant_id = :tenant",
    "preview_id": "SELECT preview_id FROM policy_preview WHERE tenant_id = :tenant",
    "suppression_id": "SELECT suppression_id FROM suppression WHERE tenant_id = :tenant"
    " AND lifted_at IS NULL AND suppression_id NOT IN ('waits', 'waits too', 'linked')",
    "fingerprint": "SELECT fingerprint FROM import_mapping WHERE tenant_id = :tenant ORDER BY kind",
    "mapping_json": "SELECT mapping_json FROM import_mapping WHERE tenant_id = :tenant",
    "sha256": "SELECT sha256 FROM import_file WHERE tenant_id = :tenant"
    " AND name LIKE 'sales%1.csv'",
    "customer": "SELECT customer FROM audit_output WHERE tenant_id = :tenant"
    " AND severity <> 'INFO' ORDER BY issue_no DESC",
    "lifted_source": "SELECT source FROM suppression WHERE tenant_id = :tenant"
    " AND lifted_at IS NOT NULL AND source <> 'shop'",
    "suppressed": "SELECT email_norm FROM suppression WHERE tenant_id = :tenant"
    " AND lifted_at IS NULL AND email_norm IS NOT NULL AND source = 'brevo_webhook'",
    "row_key": "SELECT key FROM delivery WHERE tenant_id = :tenant AND state = 'UNCONFIRMED'",
    "head": "SELECT seq FROM tenant_head WHERE tenant_id = :tenant",
    "erasure_id": "SELECT erasure_id FROM brevo_erasure WHERE tenant_id = :tenant",
    "erased_digest": "SELECT digest FROM erased_identity WHERE tenant_id = :tenant ORDER BY digest",
    "reply_key": "SELECT key_sha256 FROM api_reply WHERE tenant_id = :tenant"
    " AND http_status IS NOT NULL",
    "open_reply_key": "SELECT key_sha256 FROM api_reply WHERE tenant_id = :tenant"
    " AND http_status IS NULL",
    "occurrence_id": "SELECT occurrence_id FROM occurrence WHERE tenant_id = :tenant"
    " AND outcome = 'open'",
    "event_key": "SELECT event_key FROM brevo_event WHERE tenant_id = :tenant ORDER BY event_key",
}


def known_values(company: TenantStore) -> dict[str, Any]:
    """Return what cases of `alpha` are given, by the name of the parameter."""
    with company.read() as tx:
        found = {name: tx.scalar(sql) for name, sql in _IDS.items()}
        found |= _records(tx, found)
    (upload,) = list_uploads(company, SYSTEM)
    with company.store.identity() as tx:
        (api_token,) = load_tokens(tx, company.tenant_id)
        schedules = {one.name: one for one in load_schedules(tx, company.tenant_id)}
        api_sha256 = tx.scalar("SELECT token_sha256 FROM identity.api_token")
    secret = token_secret(company.store.settings)
    return {
        **_CONSTANT,
        **found,
        "newer_id": found["run_id"],
        "upload_id": upload.upload_id,
        "token": make_token(secret, company.tenant_id, ADDRESS),
        "bodies": events(company, found["campaign_id"]),
        "tenant_id": company.tenant_id,
        "tenant": company.tenant,
        "username": OWN,
        "api_token_id": api_token.token_id,
        "api_token_sha256": api_sha256,
        "schedule_id": schedules["Monday"].schedule_id,
        "schedule_due_at": schedules["Monday"].next_at,
        "idle_schedule_id": schedules["Friday"].schedule_id,
    }


def _records(tx: Transaction, ids: Mapping[str, Any]) -> dict[str, Any]:
    run, entry = find_run(tx, ids["run_id"]), load_import_entry(tx, ids["import_id"])
    address = ids["doubtful_address"]
    row = deliveries.find_delivery(tx, ids["campaign_id"], address, Mode.LIVE)
    sent = deliveries.load_deliveries(tx, ids["campaign_id"], state="SENT", limit=2)
    assert run
    assert entry
    assert row
    flight = live_deliveries.Flight(row=row, key=NEW, claimed_at=NOW, unclear=0)
    return {
        "run_row": run,
        "entry": entry,
        "open_entry": load_import_entry(tx, ids["open_id"]),
        "entries": [entry],
        "files": entry.files,
        "entered": entry.files[0],
        "parent": entry,
        "campaign": find_campaign(tx, ids["campaign_id"]),
        "row": row,
        "flight": flight,
        "sent_row": sent[0],
        "deliveries": sent,
        "decisions": load_decisions(tx, ids["run_id"]),
        "kept": find_suppression(tx, ids["suppression_id"]),
        "pair": Pair(older=ids["older_id"], newer=ids["run_id"]),
    }


_CONSTANT: Mapping[str, Any] = MappingProxyType(
    {
        "actor": SYSTEM,
        "address": ADDRESS,
        "addresses": [ADDRESS, "person2@example.com"],
        "after": "CANCELLED",
        "alarm": None,
        "among": ("loaded", "received", "asking", "planned"),
        "answer": {},
        "answers": {},
        "as_of": AS_OF,
        "at": NOW,
        "attempt_id": NEW,
        "audience": {"said": 1},
        "basis_json": SAID,
        "batch_no": 1,
        "batch_size": 250,
        "before": "PLANNED",
        "besides": NEW,
        "between": own_changes.Between(
            older_seq=1,
            newer_seq=2,
            older_read=NOW - timedelta(days=99),
            newer_read=NOW + timedelta(days=9),
            older_as_of=EARLIER,
            newer_as_of=AS_OF,
        ),
        "begin": NOW - timedelta(days=9),
        "brought": Reconciliation(),
        "busy_sentence": "busy",
        "by": "somebody",
        "changes": {"top_n": 2},
        "channel": "email",
        "client_address": "127.0.0.1",
        "client_sha256": SHA,
        "column": "customer",
        "created_at": NOW,
        "created_by": "system",
        "customers": [f"C{n}" for n in range(1, CUSTOMERS + 1)],
        "customers_like": VerdictFilter(),
        "day": AS_OF,
        "delivery_no": 2,
        "digests": {ADDRESS: "other"},
        "email_norm": ADDRESS,
        "epoch": 1,
        "error": "it failed",
        "expires_at": NOW,
        "file_no": 1,
        "finished_at": NOW,
        "first": 1,
        "folder": None,
        "given": None,
        "held_out": [("C1", "regular")],
        "holdout_share": 0.3,
        "is_live": True,
        "is_whole": True,
        "keys": ["P1", "P2", "NEW"],
        "label": LABEL,
        "label_norm": "riesling vielles vignes",
        "labels": [LABEL],
        "language": "en",
        "last": 2,
        "left_out": True,
        "limit": 1000,
        "log_no": 1,
        "message_id": "<0@brevo.example>",
        "missed_before": NOW + timedelta(days=9),
        "claimed_before": NOW + timedelta(days=9),
        "mode": Mode.LIVE,
        "n": 1000,
        "name": "reco_output.csv",
        "names": frozenset({"sales_20260201.csv"}),
        "norms": ["pinot noirr", "riesling vielles vignes"],
        "note": "because",
        "now": NOW,
        "number": 1,
        "offset": 0,
        "password": PASSWORD,
        "product_key": "P1",
        "products": {LABEL: "P2"},
        "proof": "webhook",
        "purpose": "test",
        "pushed_at": NOW,
        "qc_json": SAID,
        "reason": "asked",
        "received_at": NOW,
        "recipients": 3,
        "report": {},
        "report_json": SAID,
        "result_json": SAID,
        "review_no": 1,
        "secret": SECRET,
        "secret_sha256": SHA,
        "sender_no": 1,
        "seq": 2,
        "since": NOW - timedelta(days=9),
        "source": "unsubscribe_link",
        "states": ("REVIEW", "UNCONFIRMED", "CLAIMED"),
        "summary_json": SAID,
        "table": "reco_output",
        "template": "discovery",
        "term": ADDRESS,
        "ticket": "t",
        "ticket_sha256": SHA,
        "token_sha256": SHA,
        "tried_at": NOW,
        "tickets_before": NOW,
        "tries_before": NOW,
        "sessions_before": NOW,
        "until": NOW + timedelta(days=1),
        "user": "somebody",
        "username_sha256": SHA,
        "known_before": NOW,
        "version": 1,
        "what": "labels",
        "with_live": True,
        "window_days": 14,
        "worker_id": "w",
    }
)

# By the name of the type, where the name of the parameter means several things.
TYPES: Mapping[str, Any] = {
    "RunAt": lambda v: RunAt(run_id=v["run_id"], review=1),
    "Run": lambda v: v["run_row"],
    "FileKind": FileKind.SALES,
    "VerdictFilter": VerdictFilter(),
    "Person": Person(customers=("C1",), addresses=(ADDRESS,)),
    "PauseReason": next(iter(PauseReason)),
    "Ruling": next(iter(Ruling)),
    "Role": Role.VIEWER,
    "RunStatus": RunStatus.DONE,
    "Subject": Subject(customer="C1"),
    "FileClaim": FileClaim(name="y.csv", bytes=5, modified=1, sample="s"),
    "PullSource": PullSource.BLOCKED,
    "Pull": Pull(source=PullSource.BLOCKED, since=NOW, begun_at=NOW, next_offset=7),
    "Window": campaign_outcomes.Window(first_day=date(2025, 1, 1), last_day=AS_OF),
    "NewProduct": NewProduct(product_key="PX", name="New wine"),
    "Lift": Lift(at=NOW, by="me", reason="asked"),
    "Confirmation": senders.Confirmation(recipients=3, username="me", user_id=NEW, at=NOW),
    "UserRow": UserRow(
        user_id=NEW, username="newcomer", password_hash="x", language="fr", is_demo=False
    ),
    "RetentionRule": retention.RetentionRule(prospect_months=12),
    "KeptSince": retention.KeptSince(prospects=date(2027, 1, 1), customers=date(2027, 1, 1)),
    "CallTerms": calls.CallTerms(
        as_of=AS_OF, silent_since=AS_OF, channels=["phone"], reasons=["OK"]
    ),
    "Mailer": lambda _v: FakeBrevo(clock=lambda: NOW),
    "Poster": lambda _v: FakeBrevo(clock=lambda: NOW),
    "EventSource": lambda _v: FakeBrevo(clock=lambda: NOW),
    "ContactEvent": wishes.ContactEvent(
        event_key=NEW, customer="C1", email_norm=ADDRESS, contact_date=AS_OF, status="unsubscribe"
    ),
    "BrevoEvent": lambda v: brevo_events.BrevoEvent(
        event_key=v["event_key"],
        campaign_id=v["campaign_id"],
        delivery_no=1,
        message_id="<0@brevo.example>",
        email_norm=ADDRESS,
        event="opened",
        at=NOW,
    ),
    "Suppression": wishes.Suppression(
        suppression_id=NEW,
        customer="C1",
        email_norm=ADDRESS,
        reason="manual",
        source="t",
        since=AS_OF,
    ),
    "StoredPolicy": policies.StoredPolicy(
        version=2, policy_json=SAID, sha256=SHA, created_at=NOW, created_by="me", note=""
    ),
    "StoredPreview": lambda v: policy_previews.StoredPreview(
        preview_id=NEW, run_id=v["run_id"], policy_json=SAID, created_at=NOW, created_by="system"
    ),
    "StoredTrial": lambda v: cause_trials.StoredTrial(
        trial_id=NEW,
        older_id=v["older_id"],
        newer_id=v["run_id"],
        customer="C1",
        created_at=NOW,
        created_by="system",
    ),
    "Backtest": backtests.Backtest(
        backtest_id=NEW, status=RunStatus.DONE, options_json=SAID, created_at=NOW, created_by="me"
    ),
}
