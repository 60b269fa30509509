"""A company whose every text is an attack, and what of a page a browser reads as markup."""

import csv
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf.message import Message
from streamlit.testing.v1 import AppTest

from core.services import accounts
from core.services.accounts import SYSTEM, Role
from core.services.execute_run import create_run, execute
from core.services.import_files import plan, receive
from core.services.import_ledger import list_imports
from core.services.import_paths import import_paths
from core.services.policies import save_policy
from core.services.prepare_campaign import prepare
from core.services.review import Subject, decide_on
from core.services.review_work import apply_decisions
from core.services.run_reports import customer_of_run
from core.services.send_dry import send_dry
from core.store.tenant import Store, TenantStore
from tests.golden.small_tenant import AS_OF, FOLDER
from tests.pages.conftest import PASSWORD

EVIL = "<img src=x onerror=alert(1)>"
ANALYST, ADMIN = "hanna", "hedda"
CUSTOMER = f"A1{EVIL}"
_HOSTILE = frozenset(
    {"client_code", "name", "product_key", "replaces", "family_crm", "cepage", "document_id"}
    | {"campaign"}
)
_LABEL = f"Rieslling 2023{EVIL}"
_SALES = ("document_id", "line_no", "client_code", "product_key", "product_label", "quantity",
          "amount", "sale_date", EVIL)  # fmt: skip
_UNESCAPED = re.compile(r"(?<!\\)<img", re.IGNORECASE)
# What Streamlit shows as text, by the message and its field; everything else may be Markdown.
_SHOWN_AS_TEXT = frozenset(
    {
        ("Dataframe", "columns"),
        ("CodeBlock", "code_text"),
        ("Code", "code_text"),
        ("Selectbox", "options"),
        ("MultiSelect", "options"),
        ("TextInput", "default"),
        ("TextInput", "value"),
        ("Text", "body"),
    }
)
_NOT_SHOWN = frozenset({"id", "form_id", "user_key", "element_id"})


@dataclass(frozen=True, kw_only=True)
class HostileWorld:
    """The company, with what can be opened by an address."""

    store: TenantStore
    run_id: str
    later_run_id: str
    campaign_id: str
    loaded: str
    waiting: str
    asking: str


def build_hostile_world(store: Store, folder: Path) -> HostileWorld:
    """Import, run, review, prepare, send: a hostile text wherever a file or a user has one."""
    tenant = accounts.create_tenant(store, "hostile", f"Cave {EVIL}", "en")
    accounts.create_user(store, tenant, ANALYST, PASSWORD, Role.ANALYST)
    accounts.create_user(store, tenant, ADMIN, PASSWORD, Role.ADMIN)
    own = store.tenant_store(tenant)
    import_paths(own, SYSTEM, [_hostile_copy(folder / "first")], as_of=AS_OF)
    more = _write(folder / f"more {EVIL}.csv", _SALES, _more_sales("2025-02-01"))
    import_paths(own, SYSTEM, [more], as_of=AS_OF)
    loaded = list_imports(own)[0].import_id
    run_id = create_run(own, SYSTEM, as_of=AS_OF)
    execute(own, run_id)
    _decide(own, run_id)
    campaign_id = prepare(own, SYSTEM, run_id, "discovery", 250)
    send_dry(own, campaign_id)
    save_policy(own, SYSTEM, {"top_n": 4}, note=EVIL)
    later_run_id = create_run(own, SYSTEM, as_of=AS_OF)
    execute(own, later_run_id)
    return HostileWorld(
        store=own,
        run_id=run_id,
        later_run_id=later_run_id,
        campaign_id=campaign_id,
        loaded=loaded,
        waiting=_planned(own, folder, "2025-02-20"),
        asking=_planned(own, folder, "03/02/2025"),
    )


def _decide(own: TenantStore, run_id: str) -> None:
    first, *_others = customer_of_run(own, run_id, CUSTOMER).items
    rejected = Subject(customer=CUSTOMER, product_key=first.product_key)
    decide_on(own, SYSTEM, run_id, "reject", rejected, note=EVIL)
    apply_decisions(own, run_id)


def _planned(own: TenantStore, folder: Path, day: str) -> str:
    path = _write(folder / f"next {EVIL}.csv", _SALES, _more_sales(day))
    import_id = receive(own, SYSTEM, [(path.name, path)], as_of=AS_OF)
    plan(own, import_id)
    return import_id


def _more_sales(day: str) -> list[tuple[str, ...]]:
    """Return a known line, an unknown label, key and customer, a return, and a bad date."""
    one = ("1", "12.00", day, EVIL)
    return [
        (f"X1{EVIL}", "1", CUSTOMER, f"RIE23{EVIL}", "", *one),
        (f"X2{EVIL}", "1", CUSTOMER, "", _LABEL, *one),
        (f"X3{EVIL}", "1", CUSTOMER, f"unknown{EVIL}", "", *one),
        (f"X4{EVIL}", "1", f"nobody{EVIL}", f"RIE23{EVIL}", "", *one),
        (f"X5{EVIL}", "1", CUSTOMER, f"GEW{EVIL}", "", "-9", "-99.00", day, EVIL),
        (f"X6{EVIL}", "1", CUSTOMER, f"RIE23{EVIL}", "", "1", "12.00", EVIL, EVIL),
        (f"X7{EVIL}", "1", CUSTOMER, f"RIE23{EVIL}", "", EVIL, "12.00", day, EVIL),
    ]


def _hostile_copy(folder: Path) -> Path:
    for path in (FOLDER / "input").glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        names = tuple(rows[0])
        cells = [tuple(_hostile(name, row[name]) for name in names) for row in rows]
        _write(folder / path.name, (*names, EVIL), [(*row, EVIL) for row in cells])
    return folder


def _hostile(column: str, cell: str) -> str:
    return f"{cell}{EVIL}" if cell and column in _HOSTILE else cell


def _write(path: Path, header: tuple[str, ...], rows: list[tuple[str, ...]]) -> Path:
    path.parent.mkdir(exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])
    return path


def drawn_markup(page: AppTest) -> list[str]:
    """Return every place of a page where the attack would be read as markup, with its text."""
    return [
        f"{kind}.{name}: {text[:200]}"
        for node in _nodes(page._tree)
        for kind, name, text in _texts(node.proto)
        if (kind, name) not in _SHOWN_AS_TEXT and _UNESCAPED.search(text)
    ]


def carries_the_attack(page: AppTest) -> bool:
    """Tell whether the attack is on the page in any spelling."""
    return any(
        "onerror" in text for node in _nodes(page._tree) for _k, _n, text in _texts(node.proto)
    ) or any("onerror" in str(table.value) for table in page.dataframe)


def _nodes(block: Any) -> Iterator[Any]:
    for child in block.children.values():
        if child.proto is not None:
            yield child
        if hasattr(child, "children"):
            yield from _nodes(child)


def _texts(message: Message) -> Iterator[tuple[str, str, str]]:
    for field, value in message.ListFields():
        if field.name in _NOT_SHOWN:
            continue
        values = value if field.is_repeated else [value]
        for one in values.values() if isinstance(values, Mapping) else values:
            if isinstance(one, Message):
                yield from _texts(one)
            elif isinstance(one, str):
                yield message.DESCRIPTOR.name, field.name, _as_read(one)


def _as_read(text: str) -> str:
    """Return JSON as a browser reads it: charts come with `<` written as `\u003c`."""
    if not text.startswith("{"):
        return text
    try:
        return json.dumps(json.loads(text), ensure_ascii=False)
    except ValueError:
        return text
