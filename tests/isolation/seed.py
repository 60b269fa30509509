"""What a company leaves in every table: imports, runs, reviews, campaigns, contacts, questions."""

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any

from core.errors import CrmError
from core.outreach.protocol import Mode
from core.services.accounts import SYSTEM, Actor, Role
from core.services.alias_desk import decide, ignore
from core.services.api_tokens import create_token
from core.services.backtest import create_backtest, execute_backtest
from core.services.campaign_control import confirm_live, note_restore
from core.services.campaign_reports import status_of
from core.services.cause_questions import answer_causes, ask_causes
from core.services.erase_brevo import queue_contacts
from core.services.erasure import ask_erasure
from core.services.execute_run import create_run, execute
from core.services.idempotent_calls import Reply, once
from core.services.import_files import receive
from core.services.import_paths import import_paths
from core.services.import_undo import undo
from core.services.policies import save_policy
from core.services.policy_preview import ask_preview, compute_preview
from core.services.prepare_campaign import prepare
from core.services.retention import set_retention_rule
from core.services.review import Subject as Reviewed
from core.services.review import decide_on
from core.services.review_work import apply_decisions
from core.services.schedule_work import end_occurrence
from core.services.schedules import Plan, Step, ask_now, save_schedule
from core.services.send_campaign import send
from core.services.send_live import send_live
from core.services.suppressions import lift, suppressions_of
from core.services.uploads import FileClaim, begin_upload
from core.services.webhook_secrets import create_webhook
from core.services.webhooks import receive_events
from core.store.api_replies import store_call
from core.store.campaigns import load_campaigns, store_campaign
from core.store.contact_pushes import Pull, PullSource, store_pull, store_pushes
from core.store.deliveries import load_deliveries
from core.store.event_reads import reserve_read
from core.store.retention import RetentionRule
from core.store.run_shards import finish_shard, store_part, store_shards, try_shard
from core.store.runs import start_run
from core.store.subjects import Subject
from core.store.tenant import TenantStore
from tests.contract.live_data import FakeBrevo, taken_unsaid
from tests.isolation.rare import LEAVER, PREPARING, RARE
from tests.isolation.twins import ONLY_HERE, PREPARED_HERE
from tests.isolation.users import add_users

EARLIER, AS_OF = date(2026, 2, 1), date(2026, 3, 1)
CUSTOMERS = 8
ERASED = "C7"
_SALES = (
    "document_id,line_no,product_key,product_label,client_code,quantity,amount,sale_date,channel\n"
)
_WAITING = (
    "D900,1,,Riesling Vielles Vignes,C1,1,12.00,2026-01-05,shop\n"
    "D901,1,,Frais de port,C2,1,5.00,2026-01-06,shop\n"
    "D902,1,,Pinot Noirr,C2,1,15.00,2026-01-06,shop\n"
    "D903,1,NEW,,C1,1,9.00,2026-01-07,shop\n"
    "D904,1,P1,,C99,1,9.00,2026-01-07,shop\n"
    "D905,1,P1,,C1,x,9.00,2026-01-07,shop\n"
    "D906,1,,Cremant Brutt,C2,1,15.00,2026-01-06,shop\n"
)


def clients(first: int = 1, last: int = CUSTOMERS) -> str:
    """Return a file of clients; the last of all is opted out."""
    rows = (
        f"C{n},person{n}@example.com,Prénom{n},Nom{n},03882500{n:02},{_left(n)},yes\n"
        for n in range(first, last + 1)
    )
    return "client_code,email,first_name,last_name,phone,email_opt_out,phone_consent\n" + "".join(
        rows
    )


def _left(number: int) -> str:
    return "yes" if number == CUSTOMERS else "no"


def products() -> str:
    """Return a file of products."""
    names = ("Riesling Vieilles Vignes", "Pinot Noir", "Sylvaner", "Gewurztraminer", "Crémant")
    families = ("Blanc", "Rouge", "Blanc", "Blanc", "Bulles")
    rows = (
        f"P{n},{name},{family},{8 + 3 * n}.00\n"
        for n, (name, family) in enumerate(zip(names, families, strict=True), 1)
    )
    return "product_key,name,family_crm,price_ttc\n" + "".join(rows)


def sales() -> str:
    """Return a file of sales: each customer buys three products over the year; some rows wait."""
    rows = []
    for n in range(1, CUSTOMERS + 1):
        for month in range(1, 11):
            product = 1 + (n + month % 3) % 5
            day = date(2025, 3, 1) + timedelta(days=30 * month + n)
            rows.append(
                f"D{n}-{month},1,P{product},,C{n},2,{2 * (8 + 3 * product)}.00,{day},shop\n"
            )
    return _SALES + "".join(rows) + _WAITING


def contacts() -> str:
    """Return a file of contacts."""
    return (
        "client_code,email,contact_date,status,channel,campaign\n"
        "C1,,2025-12-20,sent,email,Noël\nC2,,2025-12-20,open,email,Noël\n"
        "C7,,2025-12-20,hard_bounce,email,Noël\n"
    )


# Without purchases, and not to be written to: with an address, without one, and with one that only
# this company knows.
_PROSPECTS = (
    "C50,person50@example.com,Paul,Martin,0388250050,yes,yes\n"
    "C51,,Rose,Weber,0388250051,yes,yes\n"
    f"C52,{ONLY_HERE},Jean,Klein,0388250052,yes,yes\n"
)
FILES = {
    "clients_20260201.csv": clients() + _PROSPECTS,
    "products_20260201.csv": products(),
    "sales_20260201.csv": sales(),
    "contacts_20260201.csv": contacts(),
}
LATER = {
    "clients_20260215.csv": clients(1, 2).replace("Prénom1", "Prénom1bis"),
    "sales_20260215.csv": _SALES + "D950,,P3,,C3,6,102.00,2026-02-10,shop\n",
    "contacts_20260215.csv": "client_code,email,contact_date,status,channel,campaign\n"
    "C3,,2026-02-10,open,email,Noël\n,person4@example.com,2026-02-10,open,email,Noël\n",
}
UNDONE = {
    "sales_20260220.csv": _SALES
    + "D960,1,P4,,C4,6,102.00,2026-02-12,shop\nD961,1,,Pinot Noirr,C4,1,9.00,2026-02-12,shop\n"
    "D962,1,NEWER,,C1,1,9.00,2026-02-12,shop\nD963,1,P1,,C98,1,9.00,2026-02-12,shop\n"
}
OPEN = {"clients_20260225.csv": "client_code,created_at\nC1,03/04/2025\n"}


def write(files: dict[str, str], folder: Path) -> list[Path]:
    """Write files into a folder and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in files]


def fill(tenant: TenantStore) -> Mapping[str, Any]:
    """Let a company without any rows do all that leaves some; return what it said once."""
    told = add_users(tenant)
    _import(tenant)
    runs = _run(tenant)
    _ask(tenant, runs)
    _review(tenant, runs[1])
    _send(tenant, runs[1])
    _administer(tenant)
    _schedule(tenant, told["shared_user"])
    return {**told, "request_id": _forget(tenant)}


def _import(tenant: TenantStore) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for files in (FILES, LATER, UNDONE):
            paths = write(files, Path(folder) / next(iter(files)))
            report = import_paths(tenant, SYSTEM, paths, as_of=AS_OF, confirm_opt_outs=True)
        undo(tenant, SYSTEM, report["import_id"], clears=False)
        decide(tenant, SYSTEM, {"Riesling Vielles Vignes": "P1"})
        ignore(tenant, SYSTEM, ["Frais de port"])
        (path,) = write(OPEN, Path(folder) / "open")
        receive(tenant, SYSTEM, [(path.name, path)], as_of=AS_OF)


def _run(tenant: TenantStore) -> tuple[str, str]:
    save_policy(tenant, SYSTEM, {"audit.gate_score": 40, "top_n": 3}, note="gate")
    older, newer = (create_run(tenant, SYSTEM, as_of=day) for day in (EARLIER, AS_OF))
    execute(tenant, older)
    execute(tenant, newer)
    _share_out(tenant, create_run(tenant, SYSTEM, as_of=AS_OF))
    return older, newer


def _share_out(tenant: TenantStore, run_id: str) -> None:
    """Leave a run under way: of its shards one is done, one is worked on, one waits."""
    start_run(tenant, run_id)
    for part_no in range(4):
        store_part(tenant, run_id, part_no, f"part {part_no}".encode())
    store_shards(tenant, run_id, [5, 4, 2])
    for shard_no in (1, 2):
        try_shard(tenant, run_id, shard_no)
    finish_shard(tenant, run_id, 1, 1, '{"repairs": 1}', tenant.store.now())


def _ask(tenant: TenantStore, runs: tuple[str, str]) -> None:
    compute_preview(tenant, ask_preview(tenant, SYSTEM, {"top_n": 2}))
    answer_causes(tenant, ask_causes(tenant, SYSTEM, *runs, "C3"))
    execute_backtest(tenant, create_backtest(tenant, SYSTEM, as_of=AS_OF, window_days=30, dates=2))
    create_backtest(tenant, SYSTEM, as_of=AS_OF, window_days=30, dates=3)


def _review(tenant: TenantStore, run_id: str) -> None:
    decide_on(tenant, SYSTEM, run_id, "reject", Reviewed(customer="C4"), note="moved away")
    decide_on(tenant, SYSTEM, run_id, "approve", Reviewed(customer="C5"), note="")
    apply_decisions(tenant, run_id)
    decide_on(tenant, SYSTEM, run_id, "reject", Reviewed(customer="C2"), note="not applied yet")


def _send(tenant: TenantStore, run_id: str) -> None:
    clock = tenant.store.now
    send(tenant, prepare(tenant, SYSTEM, run_id, "discovery"))
    live = prepare(tenant, SYSTEM, run_id, "discovery", mode=Mode.LIVE, holdout_share=0.3)
    confirm_live(tenant, SYSTEM, live, status_of(tenant, live).pending)
    brevo = FakeBrevo(clock=clock)  # type: ignore[arg-type]
    brevo.plan[3] = [taken_unsaid] * 9
    send_live(tenant, live, brevo, sleep=clock.sleep)
    receive_events(tenant, events(tenant, live))
    prepare(tenant, SYSTEM, run_id, "winback", mode=Mode.LIVE)


def events(tenant: TenantStore, campaign_id: str) -> list[dict[str, object]]:
    """Return what Brevo tells of the first messages of a live campaign."""
    with tenant.read() as tx:
        sent = load_deliveries(tx, campaign_id, state="SENT", limit=2)
    told = (("opened", sent[0]), ("click", sent[1]), ("unsubscribed", sent[1]))
    return [
        {
            "event": event,
            "email": row.email_norm,
            "message-id": f"<{row.delivery_no}@brevo.example>",
            "ts_event": 1_772_400_000 + row.delivery_no,
            "X-Mailin-custom": f"{campaign_id}.{row.delivery_no}",
        }
        for event, row in told
    ]


def _administer(tenant: TenantStore) -> None:
    note_restore(tenant, SYSTEM)
    create_webhook(tenant, SYSTEM)
    create_token(tenant, SYSTEM, "cron", Role.ANALYST)
    once(tenant, SYSTEM, "monday", {}, lambda _call: Reply(status=202, body={"run": "known"}))
    with tenant.begin() as tx:
        begun_at = tenant.store.now() - timedelta(hours=1)
        store_call(tx, "under way", "of a process that died", tenant.tenant_id, begun_at)
    begin_upload(tenant, SYSTEM, FileClaim(name="x.csv", bytes=9, modified=1, sample="s"))
    (kept, *_) = suppressions_of(tenant, LEAVER)
    lift(tenant, SYSTEM, kept.suppression_id, "asked in the shop")
    _speak_with_brevo(tenant)


def _schedule(tenant: TenantStore, owner: Actor) -> None:
    """Let one schedule be at work and have been before; another one waits for its first time."""
    plan = Plan(name="Monday", days=(0,), at=time(6), steps=(Step.IMPORT,))
    busy = save_schedule(tenant, owner, plan)
    end_occurrence(tenant, ask_now(tenant, owner, busy), CrmError("was enough"))
    tenant.store.now.sleep(1)  # type: ignore[attr-defined]
    ask_now(tenant, owner, busy)
    save_schedule(tenant, owner, replace(plan, name="Friday", days=(4,)))


def _forget(tenant: TenantStore) -> str:
    """Ask for an erasure, which waits as that of a contact at Brevo does; return its id."""
    set_retention_rule(tenant, SYSTEM, RetentionRule(prospect_months=24))
    request_id = ask_erasure(tenant, SYSTEM, ERASED, reason="asked", confirmation=ERASED)
    queue_contacts(tenant, request_id, Subject(frozenset(), frozenset({ONLY_HERE})))
    return request_id


def _speak_with_brevo(tenant: TenantStore) -> None:
    now = tenant.store.now()
    with tenant.begin() as tx:
        pushed = dict.fromkeys((LEAVER, "person1@example.com", ONLY_HERE), "digest")
        store_pushes(tx, pushed, now)
        store_pull(tx, Pull(source=PullSource.BLOCKED, since=now, begun_at=now, next_offset=3))
        reserve_read(tx, now)
        kept = next(each for each in load_campaigns(tx, limit=9) if each.mode == Mode.DRY)
        for campaign_id, state in ((PREPARING, "PREPARING"), (PREPARED_HERE, "PREPARED")):
            store_campaign(tx, replace(kept, campaign_id=campaign_id, state=state))
        for sql in RARE:
            tx.execute(sql)
