"""What only one function takes, under its name below `core`: each entry is its case.

`Given` is what the function is called with beside its store, or makes that of the known values.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import duckdb

from core.contracts import FileKind
from core.contracts.months import MonthTotal
from core.outreach.brevo_records import BlockedContact
from core.store import deliveries, live_deliveries
from core.store.aliases import LabelDecision
from core.store.contacts import Person
from core.store.customer_search import Wanted
from core.store.retention import KeptSince
from core.store.run_outputs import RunAt
from core.store.run_reads import VerdictFilter
from tests.contract.campaign_data import NOW
from tests.isolation.given import ADDRESS, LABEL, NEW, SHA
from tests.isolation.only_hand import OF_CHANGES
from tests.isolation.only_people import OF_CUSTOMERS, OF_PRIVACY, OF_USERS, Given
from tests.isolation.only_programs import OF_PROGRAMS
from tests.isolation.rare import CLAIMED, LEAVER, PREPARING
from tests.isolation.seed import AS_OF
from tests.isolation.twins import NUMBERS, PREPARED_HERE


def _key(_values: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"key": "alpha"}


def _working(**more: Any) -> Given:
    """Give an empty working database, made anew for each call."""
    return lambda _values: {"con": duckdb.connect(), **more}


def _of_shard(*names: str) -> Given:
    """Give the second shard of the run under way, whose part is there."""
    told = {"shard_no": 2, "part_no": 2, "content": b"more", "figures_json": "{}", "now": NOW}
    told |= {"error": "it failed", "tries": 1}
    return lambda v: {"run_id": v["queued_id"], **{name: told[name] for name in names}}


ONLY: Mapping[str, Given] = {
    **OF_CHANGES,
    **OF_CUSTOMERS,
    **OF_USERS,
    **OF_PRIVACY,
    **OF_PROGRAMS,
    "services.accounts.create_tenant": {"key": "gamma", "name": "Domaine Gamma"},
    "services.accounts.tenant_by_key": _key,
    "services.accounts.create_user": {"username": "newcomer"},
    "services.alias_batch.decide_and_load": {"decisions": {LABEL: "P2", "Frais de port": None}},
    "services.campaign_control.cancel": lambda v: {"campaign_id": v["ready_id"]},
    "services.campaign_control.confirm_live": lambda v: {
        "campaign_id": v["ready_id"],
        "recipients": 4,
    },
    "services.campaign_control.find_open": lambda v: {"campaign_id": v["ready_id"]},
    "services.campaign_control.pause": lambda v: {"campaign_id": v["ready_id"]},
    "services.campaign_offers.ask_live": lambda v: {"campaign_id": v["dry_id"]},
    "services.campaign_offers.may_go_live": lambda v: {"campaign_id": v["dry_id"]},
    "services.campaign_reports.cards_among": lambda v: {"campaign_ids": [v["ready_id"]]},
    "services.import_again.leave_out": lambda v: {"import_id": v["open_id"]},
    "services.import_again.leave_out_named": lambda v: {
        "import_id": v["open_id"],
        "names": frozenset(),
    },
    "services.import_again.throw_away": lambda v: {"import_id": v["open_id"]},
    "services.import_again.import_again": lambda v: {"import_id": v["undone_id"]},
    "services.import_again.reopen": lambda v: {"import_id": v["open_id"]},
    "services.import_corrections.choose_correction": lambda v: {
        "import_id": v["open_id"],
        "parent_id": v["import_id"],
        "file_no": 3,
    },
    "services.import_corrections.recognise_correction": {"files": []},
    "services.import_files.choose": lambda v: {
        "import_id": v["open_id"],
        "mapping": {"kind": "clients", "date_order": "dmy"},
    },
    "services.import_files.confirm_opt_outs": lambda v: {"import_id": v["open_id"]},
    "services.import_files.plan": lambda v: {"import_id": v["open_id"]},
    "services.import_files.load": lambda v: {"import_id": v["open_id"]},
    "services.import_files.receive": {"files": []},
    "services.import_corrections.same_correction": lambda v: {
        "entry": replace(v["entry"], parent_id=v["later_id"])
    },
    "services.import_warnings.warnings_of": lambda v: {
        "report": json.loads(v["entry"].report_json)
    },
    "services.import_forgetting.forget": lambda v: {"import_id": v["open_id"]},
    "services.import_ledger.discard": lambda v: {"import_id": v["open_id"]},
    "services.import_ledger.open_entry": lambda v: {"import_id": v["open_id"]},
    "services.import_ledger.set_state": lambda v: {"import_id": v["open_id"], "status": "planned"},
    "services.import_preview.preview": {"files": []},
    "services.import_downloads.download_rejects": {"file_no": 3},
    "services.import_rejects.rejects_file": {"file_no": 3},
    "services.import_sources.issues_path": {"file_no": 3},
    "services.import_sources.sources_of": {"file_no": 3},
    "services.import_undo.undo": lambda v: {"import_id": v["later_id"]},
    "services.import_undo.undo_outlook": lambda v: {"import_id": v["later_id"]},
    "services.mappings.put_over": lambda v: {"import_id": v["open_id"]},
    "services.mappings.answer_questions": lambda v: {
        "import_id": v["open_id"],
        "answers": {"date_order": "dmy"},
    },
    "services.mappings.go_back": lambda v: {"fingerprint": v["fingerprint"]},
    "services.pull_refusals.suppress_blocked": {
        "blocked": [BlockedContact(email=ADDRESS, sender="", reason="unsubscribed", blocked_at=NOW)]
    },
    "services.delivery_review.rule": lambda v: {"delivery_no": v["doubtful_no"]},
    "services.review.decide_on": {"kind": "reject"},
    "services.export_run.write_exports": {"names": ("reco_output.csv", "run_summary.json")},
    "services.waiting_rows.list_subjects": {"what": "products"},
    "services.waiting_rows.sum_of": {"what": "customers"},
    "services.workbench.clear_spills": {"held": "run"},
    "services.alias_desk.take_back": {"label": "Frais de port"},
    "services.uploads.receive_uploads": {"uploads": []},
    "services.uploads.clear_stale_uploads": {"tenant_key": "alpha"},
    "services.suppressions.lift": {"reason": "asked"},
    "store.addressees.fetch_items": _working(),
    "store.addressees.fetch_verdicts": _working(),
    "store.addressees.fetch_addressees": _working(),
    "store.addressees.fetch_addressees_among": _working(
        customers=["C1"], addresses=[ADDRESS, "left@example.com"]
    ),
    "store.aliases.fetch_aliases": _working(table="found"),
    "store.aliases.store_aliases": {
        "import_id": None,
        "decisions": [LabelDecision(label_norm="pinot noirr", label=LABEL, product_key="P2")],
    },
    "store.brevo_events.prove_sent": lambda v: {"delivery_no": v["doubtful_no"]},
    "store.campaign_log.find_last_log": {"event": "prepared"},
    "store.campaign_log.append_logs": {
        "entries": [{"event": "x", "delivery_no": 1, "batch_no": 1, "detail": {}}]
    },
    "services.live_start.leave_claims": _working(),
    "store.campaign_outcomes.count_places": lambda v: {"campaign_ids": [v["campaign_id"]]},
    "store.campaign_outcomes.load_purchases": {"people": "delivery"},
    "store.campaign_outcomes.sum_purchases": {"people": "delivery"},
    "store.campaigns.begin_preparing": {
        "campaign_id": PREPARED_HERE,
        "template_sha256": "changed",
        "epoch": 9,
    },
    "store.campaigns.campaigns_in": {"state": "SENT"},
    "store.campaigns.publish_campaign": {"campaign_id": PREPARING, "state": "PREPARED"},
    "store.campaigns.move_campaign": {"before": ("SENT",), "after": "PAUSED"},
    "store.campaigns.store_campaign": lambda v: {
        "campaign": replace(v["campaign"], campaign_id=NEW)
    },
    "store.contact_pushes.fetch_profiles": _working(),
    "store.dataset.load_dataset": _working(),
    "store.dataset.load_dataset_of": _working(customer="C6", email_norm="person6@example.com"),
    "store.dataset.load_revision": _working(seq=1),
    "store.deliveries.has_deliveries": {"state": "SENT"},
    "store.deliveries.move_all_deliveries": {"before": "SENT", "after": "PLANNED"},
    "store.deliveries.move_deliveries": {
        "moves": [deliveries.DeliveryMove(email_norm=ADDRESS, before="SENT", after="FAILED")]
    },
    "store.deliveries.store_contacts": {"status": "sent_by_hand"},
    "store.deliveries.store_deliveries": {"mode": "dry"},
    "store.doubtful.find_numbered": lambda v: {"delivery_no": v["doubtful_no"]},
    "store.import_answers.store_left_out": lambda v: {"import_id": v["open_id"]},
    "store.import_answers.store_opt_out_confirmation": lambda v: {"import_id": v["open_id"]},
    "store.import_states.hold_open": lambda v: {"import_id": v["open_id"]},
    "store.import_states.change_open": lambda v: {"import_id": v["open_id"]},
    "store.import_relations.store_origin": lambda v: {"import_id": v["open_id"]},
    "store.import_answers.store_file_mapping": lambda v: {
        "import_id": v["open_id"],
        "kind": "clients",
    },
    "store.import_relations.load_corrections": lambda v: {"import_ids": [v["import_id"]]},
    "store.import_relations.find_imports_by_start": lambda v: {"start": v["import_id"][:4]},
    "store.import_relations.find_same_correction": lambda v: {
        "parent_id": v["import_id"],
        "files": [(1, SHA)],
    },
    "store.import_reports.load_last_report": {"kind": "products"},
    "store.import_states.store_import_state": {"status": "planned"},
    "store.import_twins.load_loaded_with": lambda v: {"sha256s": [v["sha256"]]},
    "store.import_twins.find_loaded_twin": lambda v: {
        "files": [(file.sha256, file.mapping_json or "") for file in v["files"]]
    },
    "store.imports.entry_of_row": lambda v: {
        "row": {
            **dict.fromkeys(("seq", "loaded_at", "report_json", "parent_id")),
            "import_id": v["import_id"],
            "status": "loaded",
            "as_of": AS_OF,
            "created_at": NOW,
            "created_by": "me",
            "opt_outs_confirmed_by": None,
            "origin": "files",
        }
    },
    "store.imports.load_loaded_files": {"kind": "sales"},
    "store.imports.find_imports": {"status": "received"},
    "store.imports.store_import": {"import_id": NEW},
    "store.identity.find_tenant": _key,
    "store.live_deliveries.load_flights": {"state": "UNCONFIRMED"},
    "store.live_deliveries.settle": lambda v: {
        "settlement": live_deliveries.Settlement(
            email_norm=v["doubtful_address"], key=v["row_key"], after="SENT"
        ),
        "before": ("UNCONFIRMED",),
    },
    "store.live_deliveries.note_unclear": lambda v: {
        "campaign_id": PREPARED_HERE,
        "flight": replace(v["flight"], row=replace(v["row"], email_norm=CLAIMED), key=PREPARING),
    },
    "store.live_deliveries.planned_addresses": {
        "campaign_id": PREPARING,
        "addresses": [f"person{number}@example.com" for number in range(1, 9)],
    },
    "store.backtests.settle_backtest": lambda v: {"backtest_id": v["queued_backtest"]},
    "store.campaigns.discard_campaign": {"campaign_id": PREPARED_HERE},
    "store.dataset.import_at": {"seq": 3},
    "store.doubtful.cleared_batches": {"epoch": 9},
    "store.event_reads.reserve_read": {"now": NOW + timedelta(days=1)},
    "store.review_rows.clear_unpublished_review": lambda v: {
        "run": RunAt(run_id=v["run_id"], review=0)
    },
    "store.mappings.find_mapping_of_kind": {"kind": "sales"},
    "store.mappings.store_mapping": {"kind": "clients", "mapping_json": "{}"},
    "store.month_totals.store_month_totals": {
        "totals": [MonthTotal(kind=FileKind.SALES, month="2031-01", row_count=1, amount_cents=100)]
    },
    "store.opt_outs.fetch_opted_out": _working(table="found"),
    "store.opt_outs.fetch_wishes": _working(table="found"),
    "store.review_rows.fetch_run": _working(),
    "store.reviews.insert_decision": lambda v: {
        "decision": {
            "kind": "approve",
            "customer": "C1",
            "product_key": None,
            "replacement": None,
            "customers_like": VerdictFilter(),
            "customers": 1,
            "note": "",
            "decided_at": NOW,
            "decided_by": "me",
        }
    },
    "store.reviews.is_meant": lambda v: {"decision": v["decisions"][0], "customer": "C4"},
    "store.reviews.count_subjects": {"product_key": None},
    "store.run_pairs.load_pairs": {"kind": "changed"},
    "store.reviews.publish_review": lambda v: {"run": RunAt(run_id=v["run_id"], review=2)},
    "store.run_insights.fetch_segments": _working(table="found"),
    "store.run_insights.find_insight": {"name": "rfm"},
    "store.run_insights.store_insights": {"figures": {"more": "{}"}},
    "store.run_shards.drop_shards": _of_shard(),
    "store.run_shards.fail_shard": _of_shard("shard_no", "tries", "error"),
    "store.run_shards.finish_shard": _of_shard("shard_no", "tries", "figures_json", "now"),
    "store.run_shards.has_part": _of_shard("part_no"),
    "store.run_shards.load_part": _of_shard("part_no"),
    "store.run_shards.load_shards": _of_shard(),
    "store.run_shards.store_part": lambda v: {
        "run_id": v["older_id"],
        "part_no": 2,
        "content": b"more",
    },
    "store.run_shards.stream_figures": _of_shard(),
    "store.run_shards.try_shard": _of_shard("shard_no"),
    "store.run_shards.abandoned_runs": {"before": NOW + timedelta(days=1)},
    "store.run_shards.store_shards": lambda v: {"run_id": v["older_id"], "customers": [3]},
    "services.shard_plan.is_planned": lambda v: {"run_id": v["queued_id"]},
    "services.shard_plan.stop_shards": lambda v: {"run_id": v["queued_id"]},
    "store.runs.finish_run": lambda v: {"run_id": v["queued_id"]},
    "store.runs.fail_run": lambda v: {"run_id": v["queued_id"]},
    "store.runs.start_run": lambda v: {"run_id": v["queued_id"]},
    "store.runs.insert_run": lambda v: {"run": replace(v["run_row"], run_id=NEW)},
    "store.senders.may_claim": lambda v: {
        "campaign_id": v["dry_id"],
        "sender_no": NUMBERS + 1,
        "state": "SENT",
    },
    "store.catalogue_reads.load_visible_keys": {"kind": FileKind.PRODUCTS},
    "store.reviews.load_reserve": {"customer": "C3"},
    "store.import_states.refusal": lambda v: {"import_id": v["undone_id"]},
    "store.suppressions.count_in_force": {
        "person": Person(customers=("C6",), addresses=("person6@example.com",))
    },
    "services.review_desk.decisions_about": {"customer": "C4"},
    "store.reviews.load_decisions_near": {"customer": "C4"},
    "store.undo.count_touched": {"seq": 1},
    "store.versions.publish_import": lambda v: {"entry": v["open_entry"]},
    "store.waiting.load_names_seen": {"keys": None},
    "store.wishes.close_lifted": {"source": "shop", "addresses": [LEAVER]},
    "store.wishes.count_lifted": lambda v: {"email_norm": LEAVER, "source": v["lifted_source"]},
    "store.suppressions.is_suppressed_address": lambda v: {"email_norm": v["suppressed"]},
    "store.suppressions.load_suppressions": {"person": None, "limit": 1},
    "store.suppressions.count_suppressions": {"person": None},
    "store.undo.unpublish": lambda v: {"import_ids": [v["later_id"]], "first": 2, "last": 2},
    "store.waiting.count_waiting_up_to": {"most": 5},
    "store.versions.fetch_suppression_ids": _working(table="found"),
    "store.visible.fetch_all": _working(table="found"),
    "store.visible.fetch_people": _working(table="found"),
    "store.waiting.load_waiting": {"what": "products"},
    "store.doubtful.move_doubtful": {"after": "REVIEW"},
}

# The same functions once more, with values that meet other rows: under the name of the function,
# and of what is meant.
ALSO: Mapping[str, Given] = {
    "store.opt_outs.fetch_wishes (of a few)": _working(table="found", among=["C1", "C6", "C9"]),
    "store.row_versions.load_seen (of customers)": {"kind": FileKind.CLIENTS, "keys": ["C1", "C2"]},
    "services.sign_in.session_of (of two companies)": lambda v: {"token": v["shared_token"]},
    "store.reviews.count_subjects (of a product)": {"product_key": "NEW"},
    "store.run_reads.count_verdicts (of a rule)": lambda v: {
        "run": RunAt(run_id=v["older_id"], review=0),
        "wanted": VerdictFilter(rule="MISSING_EMAIL"),
    },
    "store.run_reads.count_verdicts (of a product)": lambda v: {
        "run": RunAt(run_id=v["older_id"], review=0),
        "wanted": VerdictFilter(product="NEW"),
    },
    "store.campaigns.discard_campaign (unfinished)": {"campaign_id": PREPARING},
    "store.campaign_outcomes.sum_purchases (held out)": {"people": "campaign_holdout"},
    "store.campaign_outcomes.sum_purchases (in a segment)": {
        "people": "delivery",
        "segments": ["champion"],
    },
    "store.run_shards.drop_parts (of a run)": lambda v: {"run_id": v["queued_id"]},
    "store.customer_search.find_codes (of a state)": lambda v: {
        "wanted": Wanted(state="prospect", run=RunAt(run_id=v["run_id"], review=0)),
        "after": "",
    },
    "store.customer_search.find_codes (of a state, searched)": lambda v: {
        "wanted": Wanted(term="person", state="active", run=RunAt(run_id=v["run_id"], review=0)),
        "after": "",
    },
    "store.customer_search.find_codes (all)": {"wanted": Wanted(), "after": ""},
    "store.erase_imports.load_archived (of one import)": lambda v: {"import_id": v["import_id"]},
    "store.retention.count_due (prospects longer)": {
        "since": KeptSince(prospects=date(2020, 1, 1), customers=date(2027, 1, 1))
    },
    "store.subjects.find_subject (whose code is an address)": {"term": "person98@example.com"},
    "store.suppressions.find_suppression (of what waits)": {"suppression_id": "waits"},
}
