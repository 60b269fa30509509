"""Who must not be written to: the audit's own rules, asked again at preparation and at the send."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from duckdb import DuckDBPyConnection

from core.audit import RULES
from core.audit.scope import Query, Scope
from core.contracts import RuleCode, Severity
from core.outreach.audience import ADDRESS_CHANGED, CUSTOMER_GONE, DEADLINE_PASSED, PAYLOAD_CHANGED
from core.outreach.payload import payload_sha256
from core.policy import AuditPolicy
from core.store.addressees import fetch_addressees_among
from core.store.deliveries import DeliveryRow
from core.store.live_deliveries import PossibleSend, load_possible_sends
from core.store.tenant import TenantStore, Transaction

_ADDRESS_MARK = "\x1f"  # begins the code of a stand-in for a delivery's frozen address


def local_day(store: TenantStore, moment: datetime | None = None) -> date:
    """Return the date of `moment`, or of now, where the tenant lives."""
    moment = moment or store.store.now()
    return moment.astimezone(ZoneInfo(store.tenant.time_zone)).date()


def mark_suppressed(con: DuckDBPyConnection, policy: AuditPolicy, day: date) -> None:
    """Create `suppressed(customer)` from `customers`, `contacts` and `suppressions`."""
    failing = sorted(_failing(con, RuleCode.OPTOUT_OR_BOUNCE, policy, day))
    con.execute("CREATE OR REPLACE TABLE suppressed (customer VARCHAR)")
    con.execute("INSERT INTO suppressed SELECT unnest($codes::VARCHAR[])", {"codes": failing})


def _failing(
    con: DuckDBPyConnection, code: RuleCode, policy: AuditPolicy, day: date
) -> frozenset[str]:
    rule = next(rule for rule in RULES if rule.code == code)
    query = rule.query(Scope(items="", as_of=day, policy=policy))
    if query.needs is not None and not _has_rows(con, query.needs):
        return frozenset()
    rows = con.execute(f"SELECT customer FROM ({query.sql})", dict(query.values)).fetchall()
    return frozenset(customer for (customer,) in rows)


def _has_rows(con: DuckDBPyConnection, query: Query) -> bool:
    return con.execute(query.sql, dict(query.values)).fetchone() is not None


def judge_deliveries(
    tx: Transaction,
    con: DuckDBPyConnection,
    deliveries: Sequence[DeliveryRow],
    policy: AuditPolicy,
    *,
    now: datetime,
    zone: ZoneInfo,
) -> dict[int, str]:
    """Return why deliveries must not be sent at `now`, by delivery number; the others are absent.

    Asked both of the customer and of the frozen address: neither may be suppressed, nor written
    to within the silence window that ends today in `zone`, nor as often as the cap allows where the
    policy makes that an error. A message of which nobody knows yet whether it was taken counts as
    written. Replaces the tables of `con`.
    """
    reasons = {d.delivery_no: reason for d in deliveries if (reason := _own_reason(d, now))}
    codes, addresses = [d.customer for d in deliveries], [d.email_norm for d in deliveries]
    # Read before the contacts: what is recorded as sent in between is seen twice, not nowhere.
    possible = load_possible_sends(tx, codes, addresses)
    fetch_addressees_among(tx, con, codes, addresses)
    if possible:
        _add_possible_sends(con, possible, zone)
    found = con.execute("SELECT customer, email_norm FROM customers").fetchall()
    _note_address_changes(reasons, deliveries, dict(found))
    _add_stand_ins(con, deliveries)
    day = now.astimezone(zone).date()
    for code in _asked_again(policy):
        failing = _failing(con, code, policy, day)
        for delivery in deliveries:
            if {delivery.customer, _stand_in(delivery)} & failing:
                reasons.setdefault(delivery.delivery_no, code.value)
    return reasons


def _asked_again(policy: AuditPolicy) -> Sequence[RuleCode]:
    codes = [RuleCode.OPTOUT_OR_BOUNCE, RuleCode.SILENCE_WINDOW]
    if policy.severity_of(RuleCode.FREQUENCY_CAP) == Severity.ERROR:
        codes.append(RuleCode.FREQUENCY_CAP)
    return codes


def _own_reason(delivery: DeliveryRow, now: datetime) -> str | None:
    if delivery.not_after < now:
        return DEADLINE_PASSED
    if payload_sha256(delivery.payload) != delivery.payload_sha256:
        return PAYLOAD_CHANGED
    return None


def _note_address_changes(
    reasons: dict[int, str],
    deliveries: Sequence[DeliveryRow],
    addresses: Mapping[str, str | None],
) -> None:
    for delivery in deliveries:
        if delivery.customer not in addresses:
            reasons.setdefault(delivery.delivery_no, CUSTOMER_GONE)
        elif addresses[delivery.customer] != delivery.email_norm:
            reasons.setdefault(delivery.delivery_no, ADDRESS_CHANGED)


def _stand_in(delivery: DeliveryRow) -> str:
    return f"{_ADDRESS_MARK}{delivery.delivery_no}"


def _add_possible_sends(
    con: DuckDBPyConnection, possible: Sequence[PossibleSend], zone: ZoneInfo
) -> None:
    con.execute(
        "INSERT INTO contacts (customer, email_norm, contact_date, status, channel)"
        " SELECT unnest($customers::VARCHAR[]), unnest($addresses::VARCHAR[]),"
        " unnest($days::DATE[]), 'sent', 'email'",
        {
            "customers": [send.customer for send in possible],
            "addresses": [send.email_norm for send in possible],
            "days": [send.claimed_at.astimezone(zone).date() for send in possible],
        },
    )


def _add_stand_ins(con: DuckDBPyConnection, deliveries: Sequence[DeliveryRow]) -> None:
    con.execute(
        "INSERT INTO customers (customer, email_norm)"
        " SELECT unnest($codes::VARCHAR[]), unnest($addresses::VARCHAR[])",
        {
            "codes": [_stand_in(delivery) for delivery in deliveries],
            "addresses": [delivery.email_norm for delivery in deliveries],
        },
    )
