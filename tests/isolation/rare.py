"""What only accidents and long use leave in the tables of a company, as statements that enter it.

A suppression by an import that waits, one that a link brought and one that was lifted; an alias of
an undone import; an address that is nobody's; a campaign and lists of a run that are not whole;
rows of earlier schemas.
"""

from tests.isolation.twins import ORPHAN, PREPARED_HERE

PREPARING = "dddddddd-0000-4000-8000-00000000000d"
LEAVER, CLAIMED = "person8@example.com", "person4@example.com"
RARE = (
    "INSERT INTO run_reserve (tenant_id, run_id, customer, candidates_json)"
    ' SELECT tenant_id, run_id, \'C3\', \'[["P2", "rebuy", "0.5"]]\' FROM run'
    " WHERE tenant_id = :tenant",
    "INSERT INTO audit_output (tenant_id, run_id, customer, issue_no, severity, rule_code,"
    " product_key, details_json) SELECT tenant_id, run_id, 'C1', 99, 'WARN',"
    " 'CROSS_SELL_NOT_NEW', 'P1', '{}' FROM run WHERE tenant_id = :tenant AND status = 'done'",
    *(
        "INSERT INTO suppression (tenant_id, suppression_id, customer, email_norm, reason, source,"
        f" since, import_id) SELECT tenant_id, '{name}', '{code}', '{address}', 'opt_out',"
        " 'import', as_of, import_id FROM imports"
        " WHERE tenant_id = :tenant AND origin = 'release'"
        for name, code, address in (
            ("waits", "C6", "person6@example.com"),
            ("waits too", "C51", "person51@example.com"),
        )
    ),
    *(
        "INSERT INTO suppression (tenant_id, suppression_id, customer, email_norm, reason, source,"
        f" since, lifted_at) SELECT tenant_id, '{name}', '{code}', '{address}', 'unsubscribe',"
        f" '{source}', '2026-03-01', {lifted} FROM tenant_head WHERE tenant_id = :tenant"
        for name, code, address, source, lifted in (
            ("linked", "C6", "person6@example.com", "unsubscribe_link", "NULL"),
            ("left", "C61", "left@example.com", "unsubscribe_link", "NULL"),
            ("former", "C2", "former@example.com", "shop", "NULL"),
            (f"shop:{LEAVER}:C8", "C8", LEAVER, "shop", "'2026-03-01T09:30:00.000000+00:00'"),
        )
    ),
    "INSERT INTO contact_history (tenant_id, event_key, from_seq, file_id, customer, email_norm,"
    " contact_date, status, channel) SELECT tenant_id, 'left', 1, 0, 'C61', 'left@example.com',"
    " '2026-03-01', 'unsubscribe', 'email' FROM tenant_head WHERE tenant_id = :tenant",
    "INSERT INTO contact_history (tenant_id, event_key, from_seq, file_id, email_norm,"
    " contact_date, status, channel) SELECT tenant_id, 'stranger', 1, 0, 'person99@example.com',"
    " '2026-02-01', 'sent', 'email' FROM tenant_head WHERE tenant_id = :tenant",
    "UPDATE next_action_output SET listed = NULL WHERE tenant_id = :tenant"
    " AND run_id = (SELECT run_id FROM run WHERE tenant_id = :tenant AND as_of < '2026-03-01')",
    "INSERT INTO product_alias (tenant_id, label_norm, label, product_key, decided_at, decided_by,"
    " import_id) SELECT tenant_id, 'cremant brutt', 'Cremant Brutt', 'P5', loaded_at, 'system',"
    " import_id FROM imports WHERE tenant_id = :tenant AND status = 'undone'",
    "INSERT INTO brevo_logs (tenant_id, campaign_id, log_no, batch_no, mode, event, detail_json,"
    " created_at) SELECT tenant_id, campaign_id, 900, 1, mode, 'cleared', '{\"epoch\": 9}',"
    " created_at FROM campaign WHERE tenant_id = :tenant AND mode = 'live' AND state = 'SENT'",
    "INSERT INTO campaign_holdout (tenant_id, campaign_id, customer, segment)"
    f" SELECT tenant_id, '{PREPARED_HERE}', 'C4', 'dormant' FROM tenant_head"
    " WHERE tenant_id = :tenant",
    "INSERT INTO product_due (tenant_id, run_id, product_key, place, customer, last_on, due_on)"
    f" SELECT tenant_id, '{ORPHAN}', 'P1', 1, 'C1', '2026-01-01', '2026-02-01' FROM tenant_head"
    " WHERE tenant_id = :tenant",
    "INSERT INTO delivery (tenant_id, campaign_id, email_norm, mode, delivery_no, batch_no,"
    " customer, state, key, key_no, ambiguous, payload, payload_sha256, not_after, claimed_at)"
    f" SELECT tenant_id, '{PREPARED_HERE}', '{CLAIMED}', 'live', 1, 1, 'C4', 'CLAIMED',"
    f" '{PREPARING}', 1, 0, payload, payload_sha256, not_after, claimed_at FROM delivery"
    " WHERE tenant_id = :tenant AND state = 'UNCONFIRMED'",
    *(
        f"INSERT INTO {table} (tenant_id, run_id, customer, {names}) SELECT tenant_id,"
        f" '{ORPHAN}', 'C1', {names} FROM {table} WHERE tenant_id = :tenant"
        " AND run_id = (SELECT run_id FROM run WHERE tenant_id = :tenant AND as_of < '2026-03-01')"
        f" AND customer = '{code}'"
        for table, code, names in (
            (
                "reco_output",
                "C1",
                "rank, scenario, product_key, score, explain_short, reasons_json, since_review",
            ),
            (
                "audit_output",
                "C1",
                "issue_no, severity, rule_code, product_key, details_json, since_review",
            ),
            (
                "next_action_output",
                "C1",
                "eligible, reason, scenario, audit_score, gate_export,"
                " state, segment, value_cents, list_digest, listed, since_review",
            ),
            ("run_reserve", "C3", "candidates_json"),
        )
    ),
)
