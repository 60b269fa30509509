"""Work from end to end, in which functions are entered that take what others made of it.

Each is a case of all the functions it enters; what it returns is compared like any result.
"""

import csv
import io
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.outreach.protocol import Mode
from core.outreach.replies import EmailOutcome
from core.services.accounts import SYSTEM, Role
from core.services.alias_desk import create_customers, create_products, decide
from core.services.api_tokens import bearer_of, create_token, list_tokens
from core.services.campaign_control import confirm_live, resume
from core.services.campaign_reports import status_of
from core.services.campaign_watch import ask_brevo
from core.services.comparison_report import comparison_lines
from core.services.compute_lists import Stages
from core.services.erase_brevo import forget_contacts
from core.services.erasure import ask_erasure, erase
from core.services.execute_run import create_run, execute
from core.services.import_files import load, receive
from core.services.import_paths import import_paths
from core.services.import_rejects import rejects_file
from core.services.import_undo import undo
from core.services.inbox import inbox_of, take_in, work_on
from core.services.prepare_campaign import prepare
from core.services.progress import no_progress
from core.services.review import Subject, decide_on
from core.services.review_work import apply_decisions
from core.services.run_comparison import compare_runs, customers_of_comparison
from core.services.run_reports import summary_of
from core.services.send_campaign import send
from core.services.send_live import send_live
from core.services.shard_plan import PLANNING, plan_shards
from core.services.shard_run import complete_shards, work_shard
from core.services.sign_in import redeem_ticket, session_of, sign_in
from core.services.sync_contacts import sync_contacts
from core.services.unsubscribe import read_link, unsubscribe
from core.services.webhook_secrets import create_webhook, tenant_of_secret
from core.services.workbench import workbench
from core.store.erased import has_erased
from core.store.runs import find_run, start_run
from core.store.tenant import TenantStore
from tests.contract.brevo_double import BrevoDouble, serve_brevo
from tests.contract.live_data import FakeBrevo, said, taken_unsaid
from tests.isolation.seed import AS_OF, FILES, clients, write

Values = Mapping[str, Any]
_SECOND_SALES = (
    "document_id,line_no,product_key,client_code,quantity,amount,sale_date\n"
    "D1-1,1,P2,C1,3,42.00,2025-04-01\nD970,1,P1,C2,1,11.00,2026-02-20\n"
    "D971,1,P9,C2,1,11.00,2026-02-21\nD972,1,P1,C2,-1,-11.00,2026-02-21\n"
    "D973,1,P1,C98,1,11.00,2026-02-21\n"
)


def import_more(company: TenantStore, _values: Values) -> Any:
    """Import changed clients, corrected and new sales, and contacts."""
    files = {
        "clients_20260301.csv": clients(2, 5).replace("Nom3", "Nom3bis").replace(",no,", ",yes,"),
        "sales_20260301.csv": _SECOND_SALES,
        "contacts_20260301.csv": FILES["contacts_20260201.csv"].replace("C2", "C4"),
        "products_20260301.csv": FILES["products_20260201.csv"].replace("Sylvaner", "Sylvaner V"),
    }
    return _import(company, files)


def import_the_same(company: TenantStore, _values: Values) -> Any:
    """Import the bytes of an import that is loaded."""
    return _import(company, FILES)


def _import(company: TenantStore, files: Mapping[str, str]) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        paths = write(dict(files), Path(folder))
        return import_paths(company, SYSTEM, paths, as_of=AS_OF, confirm_opt_outs=True)


def correct(company: TenantStore, values: Values) -> Any:
    """Send rejected rows back corrected."""
    content = b"".join(rejects_file(company, values["import_id"], 3, "en").content)
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    mended = [["2" if cell == "x" else cell for cell in row] for row in rows]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "corrected.csv"
        with path.open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream).writerows(mended)
        import_id = receive(company, SYSTEM, [(path.name, path)], as_of=AS_OF)
    return load(company, import_id)


def release(company: TenantStore, _values: Values) -> Any:
    """Decide what waits, and load what is released."""
    create_products(company, SYSTEM)
    create_customers(company, SYSTEM)
    import_id = decide(company, SYSTEM, {"Pinot Noirr": "P2"})
    assert import_id
    return load(company, import_id)


def undo_all(company: TenantStore, values: Values) -> Any:
    """Undo both loads, the newest first."""
    undo(company, SYSTEM, values["later_id"])
    undo(company, SYSTEM, values["import_id"])


def take_inbox(company: TenantStore, _values: Values) -> Any:
    """Take files from the inbox."""
    write({"clients_20260301.csv": clients(1, 3)}, inbox_of(company))
    taken = take_in(company, pause=lambda _seconds: None)
    return [work_on(company, import_id) for import_id in taken]


def run(company: TenantStore, _values: Values) -> Any:
    """Run, review and apply."""
    run_id = create_run(company, SYSTEM, as_of=AS_OF)
    execute(company, run_id)
    decide_on(company, SYSTEM, run_id, "reject", Subject(customer="C1"), note="no")
    return apply_decisions(company, run_id)


class _Untimed(Stages):
    """Stages that take no time: what is packed with it would differ in its bytes."""

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        yield


def run_in_shards(company: TenantStore, _values: Values) -> Any:
    """Plan a run, let others work on its shards, and publish it."""
    run_id = create_run(company, SYSTEM, as_of=AS_OF)
    start_run(company, run_id)
    with company.read() as tx:
        launched = find_run(tx, run_id)
    assert launched
    with workbench(company, "run") as con:
        plan_shards(company, launched, con, _Untimed(no_progress, PLANNING))
    complete_shards(company, launched, no_progress, work_shard)
    return summary_of(company, run_id)


def send_dry(company: TenantStore, values: Values) -> Any:
    """Rehearse a campaign."""
    return send(company, prepare(company, SYSTEM, values["run_id"], "winback"))


def send_for_real(company: TenantStore, values: Values) -> Any:
    """Send a live campaign to a Brevo that loses an answer, and resume it."""
    clock: Any = company.store.now
    live = prepare(company, SYSTEM, values["run_id"], "discovery", mode=Mode.LIVE)
    confirm_live(company, SYSTEM, live, status_of(company, live).pending)
    brevo = FakeBrevo(clock=clock)
    brevo.plan[5] = [taken_unsaid] * 9
    send_live(company, live, brevo, sleep=clock.sleep)
    return [status_of(company, live), sorted(brevo.accepted.items())]


def send_without_credit(company: TenantStore, values: Values) -> Any:
    """Send to a Brevo that has no credit left."""
    clock: Any = company.store.now
    live = prepare(company, SYSTEM, values["run_id"], "winback", 251, mode=Mode.LIVE)
    confirm_live(company, SYSTEM, live, status_of(company, live).pending)
    brevo = FakeBrevo(clock=clock)
    for number in range(1, 9):
        brevo.plan[number] = [said(EmailOutcome.REFUSED)]
    return send_live(company, live, brevo, sleep=clock.sleep)


def synchronise(company: TenantStore, values: Values) -> Any:
    """Push contacts to a double of Brevo, and read the events of a campaign there."""
    clock: Any = company.store.now
    with _served(company):
        pushed = sync_contacts(company, SYSTEM, sleep=clock.sleep)
        return [pushed, ask_brevo(company, values["campaign_id"])]


def forget_at_brevo(company: TenantStore, _values: Values) -> Any:
    """Let a double of Brevo delete the contact of one who was erased."""
    with _served(company) as brevo:
        done = forget_contacts(company)
        return [done, [entry.operation for entry in brevo.ledger.entries]]


@contextmanager
def _served(company: TenantStore) -> Iterator[BrevoDouble]:
    settings, clock = company.store.settings, company.store.now
    with serve_brevo(clock) as brevo:
        company.store.settings = settings.model_copy(update={"brevo_base_url": brevo.base_url})
        try:
            yield brevo
        finally:
            company.store.settings = settings


def explain(company: TenantStore, values: Values) -> Any:
    """Compare two runs, and put the comparison into words."""
    ids = values["older_id"], values["run_id"]
    comparison = compare_runs(company, *ids)
    customers = customers_of_comparison(company, *ids)
    return comparison_lines(comparison, customers, "en")


def resume_prepared(company: TenantStore, values: Values) -> Any:
    """Confirm the prepared campaign and resume what stands still after a restore."""
    confirm_live(company, SYSTEM, values["ready_id"], 4)
    return resume(company, SYSTEM, values["ready_id"])


def leave(company: TenantStore, values: Values) -> Any:
    """Leave by the link of a message."""
    unsubscribe(read_link(company.store, values["token"]))


def enter(company: TenantStore, _values: Values) -> Any:
    """Sign in and find the session."""
    ticket = sign_in(company.store, "user-alpha", "long enough pass", "127.0.0.1")
    return session_of(company.store, redeem_ticket(company.store, ticket))


def hear(company: TenantStore, _values: Values) -> Any:
    """Find the company of a webhook's secret."""
    made = create_webhook(company, SYSTEM)
    found = tenant_of_secret(company.store, made.url.rsplit("/", 1)[-1])
    return found.tenant if found else None


def forget_two(company: TenantStore, _values: Values) -> Any:
    """Erase one who was written to, and one who was held out."""
    asked = [
        ask_erasure(company, SYSTEM, code, reason="asked", confirmation=code)
        for code in ("C2", "C5")
    ]
    return [erase(company, request_id) for request_id in asked]


def ask_after_nobody(company: TenantStore, _values: Values) -> Any:
    """Ask whether anybody was erased where nobody was."""
    with company.begin() as tx:
        tx.execute("DELETE FROM erased_identity WHERE tenant_id = :tenant")
        return has_erased(tx)


def call(company: TenantStore, _values: Values) -> Any:
    """Find whom a token speaks for, and who answers for the company's tokens."""
    made = create_token(company, SYSTEM, "n8n", Role.VIEWER)
    found = bearer_of(company.store, made.secret)
    return [found.tenant if found else None, [one.name for one in list_tokens(company, SYSTEM)]]


Story = Callable[[TenantStore, Values], Any]
STORIES: Mapping[str, Story] = {
    story.__name__: story
    for story in (
        import_more,
        import_the_same,
        correct,
        release,
        undo_all,
        take_inbox,
        run,
        run_in_shards,
        send_dry,
        send_for_real,
        send_without_credit,
        synchronise,
        forget_at_brevo,
        explain,
        resume_prepared,
        leave,
        enter,
        hear,
        forget_two,
        ask_after_nobody,
        call,
    )
}
