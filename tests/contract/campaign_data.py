"""A tenant with a finished run, filled by hand, for the campaign tests."""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from core.policy import Policy
from core.services.accounts import SYSTEM, Actor, Role
from core.store.tenant import TenantStore

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
AS_OF = date(2026, 3, 1)
ANALYST = SYSTEM
VIEWER = Actor(user_id="v", username="viewer", role=Role.VIEWER, language="en")

PRODUCTS: Sequence[Mapping[str, object]] = (
    {"product_key": "RIE", "name": "Riesling Vieilles Vignes", "family": "Blanc", "price": 1250},
    {"product_key": "PIN", "name": "Pinot <b>Noir</b> & Cie", "family": "Rouge", "price": 1890},
    {"product_key": "GIFT", "name": "Coffret", "family": None, "price": None},
)


@dataclass(frozen=True, kw_only=True)
class Person:
    """One customer of the run; `items` is the length of the list, at most 3."""

    code: str
    email: str | None
    items: int = 2
    gate: bool = True
    reason: str = "OK"
    value: int = 1000
    first_name: str | None = None
    language: str | None = None
    opt_out: bool = False
    known: bool = True
    segment: str = "regular"


def people(count: int) -> list[Person]:
    """Return `count` customers who can all be written to."""
    return [
        Person(code=f"C{n:05}", email=f"person{n}@example.com", first_name=f"Prénom{n}")
        for n in range(1, count + 1)
    ]


def fill_run(
    store: TenantStore,
    persons: Sequence[Person],
    *,
    status: str = "done",
    run_id: str | None = None,
) -> str:
    """Store products, customers and a run with its outputs; return the run's id."""
    run_id = run_id or str(uuid.uuid4())
    with store.begin() as tx:
        tx.execute_many(
            "INSERT INTO product (tenant_id, product_key, from_seq, file_id, name, family,"
            " price_cents) VALUES (:tenant, :product_key, 0, 0, :name, :family, :price)"
            " ON CONFLICT DO NOTHING",
            PRODUCTS,
        )
        tx.execute_many(
            "INSERT INTO customer (tenant_id, customer, from_seq, file_id, email, email_norm,"
            " first_name, language, email_opt_out)"
            " VALUES (:tenant, :code, 0, 0, :email, :email, :first_name, :language, :opt_out)",
            [vars(person) for person in persons if person.known],
        )
        tx.execute(
            "INSERT INTO run (tenant_id, run_id, status, as_of, policy_json, created_at,"
            " created_by) VALUES (:tenant, :run_id, :status, :as_of, :policy, :now, 'test')",
            run_id=run_id,
            status=status,
            as_of=AS_OF,
            policy=Policy().canonical_json(),
            now=NOW,
        )
        tx.execute_many(
            "INSERT INTO next_action_output (tenant_id, run_id, customer, eligible, reason,"
            " scenario, audit_score, gate_export, state, segment, value_cents)"
            " VALUES (:tenant, :run_id, :code, :gate, :reason, '', 100, :gate, 'active', :segment,"
            " :value)",
            [{**vars(person), "run_id": run_id} for person in persons],
        )
        tx.execute_many(
            "INSERT INTO reco_output (tenant_id, run_id, customer, rank, scenario, product_key,"
            " score, explain_short, reasons_json)"
            " VALUES (:tenant, :run_id, :code, :rank, 'rebuy', :product_key, 0.5, :sentence, '{}')",
            [
                {
                    "run_id": run_id,
                    "code": person.code,
                    "rank": rank,
                    "product_key": PRODUCTS[rank - 1]["product_key"],
                    "sentence": "Déjà acheté <deux> fois & apprécié",
                }
                for person in persons
                for rank in range(1, person.items + 1)
            ],
        )
    return run_id


def suppress(
    store: TenantStore,
    *,
    customer: str | None = None,
    email: str | None = None,
    lifted: bool = False,
) -> None:
    """Enter a suppression by hand."""
    with store.begin() as tx:
        tx.execute(
            "INSERT INTO suppression (tenant_id, suppression_id, customer, email_norm, reason,"
            " source, since, lifted_at)"
            " VALUES (:tenant, :id, :customer, :email, 'manual', 'test', :since, :lifted)",
            id=str(uuid.uuid4()),
            customer=customer,
            email=email,
            since=AS_OF,
            lifted=NOW if lifted else None,
        )


def add_contact(
    store: TenantStore,
    status: str,
    day: date,
    *,
    customer: str | None = None,
    email: str | None = None,
    channel: str = "email",
) -> None:
    """Enter a contact event as an import would."""
    with store.begin() as tx:
        tx.execute(
            "INSERT INTO contact_history (tenant_id, event_key, from_seq, file_id, customer,"
            " email_norm, contact_date, status, channel)"
            " VALUES (:tenant, :key, 0, 0, :customer, :email, :day, :status, :channel)",
            key=str(uuid.uuid4()),
            customer=customer,
            email=email,
            day=day,
            status=status,
            channel=channel,
        )


def deliveries_of(store: TenantStore, campaign_id: str) -> dict[str, dict[str, object]]:
    """Return the deliveries of a campaign by customer, payloads parsed."""
    with store.read() as tx:
        rows = tx.rows(
            "SELECT * FROM delivery WHERE tenant_id = :tenant AND campaign_id = :id",
            id=campaign_id,
        )
    return {row["customer"]: {**row, "body": json.loads(row["payload"])} for row in rows}


def count(store: TenantStore, table: str) -> int:
    """Return the number of the tenant's rows in `table`."""
    with store.read() as tx:
        return int(tx.scalar(f"SELECT count(*) FROM {table} WHERE tenant_id = :tenant"))
