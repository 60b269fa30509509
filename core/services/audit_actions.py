"""What the audit trail records, each thing by a code that stands and in words."""

from collections.abc import Mapping
from enum import StrEnum

from core.i18n import N_


class Action(StrEnum):
    """What is recorded; `ACTION_TITLES` says each in words."""

    IMPORT_LOADED = "import_loaded"
    IMPORT_UNDONE = "import_undone"
    OPT_OUTS_CONFIRMED = "opt_outs_confirmed"
    CHANGED_BY_HAND = "changed_by_hand"
    LABEL_DECIDED = "label_decided"
    LABEL_TAKEN_BACK = "label_taken_back"
    IMPORT_EXPORTED = "import_exported"
    RUN_LAUNCHED = "run_launched"
    DECISION_ENTERED = "decision_entered"
    DECISION_WITHDRAWN = "decision_withdrawn"
    RUN_EXPORTED = "run_exported"
    TRAIL_EXPORTED = "trail_exported"
    CAMPAIGN_PREPARED = "campaign_prepared"
    CAMPAIGN_CONFIRMED = "campaign_confirmed"
    CAMPAIGN_PAUSED = "campaign_paused"
    CAMPAIGN_RESUMED = "campaign_resumed"
    CAMPAIGN_CANCELLED = "campaign_cancelled"
    DELIVERY_RULED = "delivery_ruled"
    TEST_MESSAGE_SENT = "test_message_sent"
    RESTORE_NOTED = "restore_noted"
    CONTACT_SYNC_ASKED = "contact_sync_asked"
    CONTACTS_SYNCED = "contacts_synced"
    SUPPRESSION_LIFTED = "suppression_lifted"
    POLICY_SAVED = "policy_saved"
    PERSON_EXPORTED = "person_exported"
    ERASURE_ASKED = "erasure_asked"
    ERASURE_DONE = "erasure_done"
    ERASED_AGAIN = "erased_again"
    RETENTION_CHANGED = "retention_changed"
    WEBHOOK_CREATED = "webhook_created"
    WEBHOOK_REVOKED = "webhook_revoked"
    TOKEN_CREATED = "token_created"  # noqa: S105
    TOKEN_REVOKED = "token_revoked"  # noqa: S105
    JOB_STOPPED = "job_stopped"
    SCHEDULE_SAVED = "schedule_saved"
    SCHEDULE_SWITCHED_OFF = "schedule_switched_off"
    SCHEDULE_REMOVED = "schedule_removed"
    SCHEDULE_ASKED = "schedule_asked"
    SCHEDULE_PAUSED = "schedule_paused"
    SIGNED_IN = "signed_in"
    SIGNED_OUT = "signed_out"
    SIGN_IN_FAILED = "sign_in_failed"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105
    SESSIONS_ENDED = "sessions_ended"
    FACTOR_SET = "factor_set"
    FACTOR_REMOVED = "factor_removed"
    RECOVERY_CODES_RENEWED = "recovery_codes_renewed"
    USER_ADDED = "user_added"
    USER_INVITED = "user_invited"
    INVITATION_WITHDRAWN = "invitation_withdrawn"
    INVITATION_ACCEPTED = "invitation_accepted"
    ROLE_CHANGED = "role_changed"
    USER_DEACTIVATED = "user_deactivated"
    USER_REACTIVATED = "user_reactivated"
    USER_REMOVED = "user_removed"
    PASSWORD_RESET = "password_reset"  # noqa: S105
    FACTOR_RESET = "factor_reset"
    FACTOR_DEMANDED = "factor_demanded"
    FACTOR_DEMAND_LIFTED = "factor_demand_lifted"


ACTION_TITLES = {
    Action.IMPORT_LOADED: N_("Import loaded"),
    Action.IMPORT_UNDONE: N_("Import undone"),
    Action.OPT_OUTS_CONFIRMED: N_("Many opt-outs confirmed"),
    Action.CHANGED_BY_HAND: N_("Change by hand"),
    Action.LABEL_DECIDED: N_("Label decided"),
    Action.LABEL_TAKEN_BACK: N_("Decision on a label taken back"),
    Action.IMPORT_EXPORTED: N_("Rows of an import downloaded"),
    Action.RUN_LAUNCHED: N_("Run launched"),
    Action.DECISION_ENTERED: N_("Decision entered"),
    Action.DECISION_WITHDRAWN: N_("Decision withdrawn"),
    Action.RUN_EXPORTED: N_("File of a run downloaded"),
    Action.TRAIL_EXPORTED: N_("Audit trail downloaded"),
    Action.CAMPAIGN_PREPARED: N_("Campaign prepared"),
    Action.CAMPAIGN_CONFIRMED: N_("Live campaign confirmed"),
    Action.CAMPAIGN_PAUSED: N_("Campaign paused"),
    Action.CAMPAIGN_RESUMED: N_("Campaign resumed"),
    Action.CAMPAIGN_CANCELLED: N_("Campaign cancelled"),
    Action.DELIVERY_RULED: N_("Doubtful delivery ruled on"),
    Action.TEST_MESSAGE_SENT: N_("Test message sent"),
    Action.RESTORE_NOTED: N_("Restore of a backup noted"),
    Action.CONTACT_SYNC_ASKED: N_("Push of contacts asked for"),
    Action.CONTACTS_SYNCED: N_("Contacts pushed to Brevo"),
    Action.SUPPRESSION_LIFTED: N_("Suppression lifted"),
    Action.POLICY_SAVED: N_("Policy saved"),
    Action.PERSON_EXPORTED: N_("Person exported"),
    Action.ERASURE_ASKED: N_("Erasure asked for"),
    Action.ERASURE_DONE: N_("Erasure done"),
    Action.ERASED_AGAIN: N_("Erased people looked for again after a restore"),
    Action.RETENTION_CHANGED: N_("Retention changed"),
    Action.WEBHOOK_CREATED: N_("Webhook created"),
    Action.WEBHOOK_REVOKED: N_("Webhooks revoked"),
    Action.TOKEN_CREATED: N_("API token created"),
    Action.TOKEN_REVOKED: N_("API token revoked"),
    Action.JOB_STOPPED: N_("Job stopped"),
    Action.SCHEDULE_SAVED: N_("Schedule saved"),
    Action.SCHEDULE_SWITCHED_OFF: N_("Schedule switched off"),
    Action.SCHEDULE_REMOVED: N_("Schedule removed"),
    Action.SCHEDULE_ASKED: N_("Schedule started by hand"),
    Action.SCHEDULE_PAUSED: N_("Schedule paused"),
    Action.SIGNED_IN: N_("Signed in"),
    Action.SIGNED_OUT: N_("Signed out"),
    Action.SIGN_IN_FAILED: N_("Tries to sign in failed"),
    Action.PASSWORD_CHANGED: N_("Own password changed"),
    Action.SESSIONS_ENDED: N_("Sessions ended"),
    Action.FACTOR_SET: N_("Second factor switched on"),
    Action.FACTOR_REMOVED: N_("Second factor switched off"),
    Action.RECOVERY_CODES_RENEWED: N_("Recovery codes renewed"),
    Action.USER_ADDED: N_("User added"),
    Action.USER_INVITED: N_("User invited"),
    Action.INVITATION_WITHDRAWN: N_("Invitation withdrawn"),
    Action.INVITATION_ACCEPTED: N_("Invitation accepted"),
    Action.ROLE_CHANGED: N_("Role changed"),
    Action.USER_DEACTIVATED: N_("User deactivated"),
    Action.USER_REACTIVATED: N_("User reactivated"),
    Action.USER_REMOVED: N_("User removed from the company"),
    Action.PASSWORD_RESET: N_("Password reset"),
    Action.FACTOR_RESET: N_("Second factor reset"),
    Action.FACTOR_DEMANDED: N_("Second factor demanded of everybody"),
    Action.FACTOR_DEMAND_LIFTED: N_("Second factor demanded no more"),
}

# What an entry tells beside its subject, by the name it is kept under.
DETAIL_TITLES: Mapping[str, str] = {
    "as_of": N_("As of"),
    "codes": N_("Wrong codes"),
    "customer_months": N_("Months, customers"),
    "customers": N_("Customers"),
    "delivery_no": N_("Message"),
    "ended": N_("Suppressions ended"),
    "file": N_("File"),
    "files": N_("Files"),
    "from_other_company": N_("Coming from another company"),
    "kind": N_("Kind"),
    "labels": N_("Labels"),
    "mode": N_("Mode"),
    "number": N_("Number"),
    "opted_out": N_("Unsubscribed"),
    "passwords": N_("Wrong passwords"),
    "people": N_("People"),
    "policy_version": N_("Version of the settings"),
    "prospect_months": N_("Months, prospects"),
    "pushed": N_("Contacts changed"),
    "reason": N_("Reason"),
    "recipients": N_("Recipients"),
    "refused": N_("Refused"),
    "removed": N_("Contacts removed"),
    "revoked": N_("Revoked"),
    "revoked_others": N_("The others revoked"),
    "role": N_("Role"),
    "rows": N_("Rows"),
    "ruling": N_("Ruling"),
    "seq": N_("Load"),
    "sessions": N_("Sessions"),
    "sha256": N_("SHA-256"),
    "since": N_("Since"),
    "values": N_("Values"),
    "version": N_("Version"),
}
