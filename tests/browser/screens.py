"""Every screen of the application, over a company in which every page has something to show."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from pathlib import Path

from core.contracts import FileKind
from core.outreach.unsubscribe import make_token, token_secret
from core.services import accounts
from core.services.accounts import Actor, Role
from core.services.alias_desk import decide
from core.services.backtest import create_backtest, execute_backtest
from core.services.execute_run import create_run, execute
from core.services.hand_changes import as_seen, change_products
from core.services.import_files import load
from core.services.import_paths import import_paths
from core.services.prepare_campaign import prepare
from core.services.schedules import Plan, Step, save_schedule
from core.services.send_dry import send_dry
from core.store.tenant import TenantStore
from ui.navigation import PAGES
from ui.views.insights_view import VIEW_TITLES

_MONTH = timedelta(days=31)
_TILL = """\
document_id,line_no,client_code,product_key,product_label,quantity,amount,sale_date
W1,1,{customer},,{label},6,72.00,{day}
W2,1,{customer},UNKNOWN-1,,3,45.00,{day}
W3,1,UNKNOWN-2,{product},,1,12.00,{day}
W4,1,{customer},{product},,-1,-12.00,{day}
"""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Files to import, with a customer and a product worth a look, and a label nobody knows."""

    files: Path
    as_of: date
    customer: str
    product: str
    label: str


@dataclass(frozen=True, kw_only=True)
class Screen:
    """One address, and the name of its picture.

    A public one is looked at signed out; a plain one is a document, drawn as soon as it is there.
    """

    name: str
    path: str
    is_public: bool = False
    is_plain: bool = False


def fill_company(store: TenantStore, sample: Sample, password: str) -> Sequence[Screen]:
    """Let everything happen that a page tells of; return the pages and what is behind their rows.

    A colleague does it all. A second import leaves rows that wait; a second run has one of a month
    before to be compared with.
    """
    colleague = accounts.create_user(store.store, store.tenant, "paul", password, Role.ANALYST)
    first = import_paths(store, colleague, [sample.files], as_of=sample.as_of)
    execute(store, create_run(store, colleague, as_of=sample.as_of - _MONTH))
    changed = _change_stock(store, colleague, sample.product)
    import_paths(store, colleague, [_write_till(store, sample)], as_of=sample.as_of)
    run = create_run(store, colleague, as_of=sample.as_of)
    execute(store, run)
    campaign = prepare(store, colleague, run, "discovery", 200)
    send_dry(store, campaign)
    execute_backtest(store, create_backtest(store, colleague, as_of=sample.as_of))
    steps = (Step.IMPORT, Step.RUN, Step.CAMPAIGN)
    save_schedule(store, colleague, Plan(name="Hebdo", days=(0,), at=time(6, 30), steps=steps))
    behind = {
        "import": f"/upload?import={first['run_id']}",
        "run": f"/runs?run={run}",
        "verdict": f"/qc?customer={sample.customer}",
        "campaign": f"/campaigns?campaign={campaign}",
        "suppressions": "/campaigns?view=people",
        "customer": f"/customers?customer={sample.customer}",
        "product": f"/products?product={sample.product}",
        **{f"insights-{view}": f"/insights?view={view}" for view in list(VIEW_TITLES)[1:]},
        "insights-movement": f"/insights?view=movement&run={run}",
        "product-history": f"/products?product={sample.product}&open=history",
        "product-edit": f"/products?product={sample.product}&open=edit",
        "change-by-hand": f"/upload?import={changed}",
    }
    paths = {entry.path: f"/{entry.path}" for entry in PAGES} | behind
    token = make_token(token_secret(store.store.settings), store.tenant_id, "anne@example.com")
    return (
        Screen(name="sign-in", path="/home", is_public=True),
        Screen(name="unsubscribe", path=f"/u/{token}", is_public=True, is_plain=True),
        *(Screen(name=name, path=path) for name, path in paths.items()),
    )


def _change_stock(store: TenantStore, colleague: Actor, product: str) -> str:
    """Let somebody count the bottles of a product, and name one more label of it."""
    seen = as_seen(store, FileKind.PRODUCTS, [product])[product]
    wanted = replace(seen, cells={"stock_quantity": 36})
    import_id = change_products(store, colleague, [wanted], change_id=str(uuid.uuid4()))
    load(store, import_id)
    decide(store, colleague, {f"{seen.cells['name']} (75 cl)": product})
    return import_id


def _write_till(store: TenantStore, sample: Sample) -> Path:
    """Write sales of which each waits for something else."""
    path = store.store.settings.data_dir / "till_sales.csv"
    lines = _TILL.format(
        customer=sample.customer, product=sample.product, label=sample.label, day=sample.as_of
    )
    path.write_text(lines, encoding="utf-8")
    return path
