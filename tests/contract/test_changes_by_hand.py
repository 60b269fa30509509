"""Changes by hand: loaded, undone, dated and told like any import, and never over one unseen."""

import json
import threading
import uuid
from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from core.contracts import FileKind
from core.errors import NotAllowed, NotFound, Refused
from core.services.accounts import SYSTEM
from core.services.alias_desk import decide, take_back
from core.services.audit_trail import Action, trail_of, verify_trail
from core.services.erasure import ASKED, ask_erasure, erase
from core.services.execute_run import create_run, execute
from core.services.hand_changes import (
    as_seen,
    change_customer,
    change_products,
    create_product,
)
from core.services.hand_rows import Cell, RowChange
from core.services.home import home_of
from core.services.import_archive import archive_of
from core.services.import_decisions import change_of
from core.services.import_files import choose, load, plan, receive
from core.services.import_ledger import DISCARDED, LOADED, entry_of
from core.services.import_undo import undo, undo_outlook
from core.services.mappings import list_mappings
from core.services.person_export import person_json
from core.services.product_labels import labels_of
from core.services.review_offers import offers_for
from core.services.row_history import history_of
from core.store.tenant import TenantStore
from tests.contract import canary
from tests.contract.copies import begin_with
from tests.contract.test_alias_desk import CATALOGUE, SALES, TYPO
from tests.contract.test_import_files import AS_OF, FILES, VIEWER, bring, rows, state, write

CELLS = "product_key, name, price_cents, stock_quantity, is_active, replaces"
HOSTILE = "Côte \"A\"; B, C|D 'x' =1+1\tZ"


@pytest.fixture
def shop(tenant: TenantStore) -> TenantStore:
    return begin_with(tenant, FILES)


def new_id() -> str:
    return str(uuid.uuid4())


def seen(shop: TenantStore, key: str, /, kind: FileKind = FileKind.PRODUCTS) -> str | None:
    return as_seen(shop, kind, [key])[key].seen


def change(shop: TenantStore, key: str, /, **cells: Cell) -> RowChange:
    return RowChange(key=key, cells=cells, seen=seen(shop, key))


def save(shop: TenantStore, *changes: RowChange) -> str:
    import_id = change_products(shop, SYSTEM, changes, change_id=new_id())
    load(shop, import_id)
    return import_id


def product(shop: TenantStore, key: str) -> tuple[object, ...]:
    return next(row[1:] for row in rows(shop, "products", CELLS) if row[0] == key)


def test_the_changed_cells_change_and_no_others_and_undo_gives_them_back(
    shop: TenantStore,
) -> None:
    before, p2 = state(shop), product(shop, "P2")
    import_id = save(shop, change(shop, "P1", stock_quantity=0, is_active=False))
    assert product(shop, "P1") == ("Riesling", 950, 0, False, None)
    assert product(shop, "P2") == p2
    entry = entry_of(shop, import_id)
    assert change_of(entry) == {"products": 1}
    assert (entry.origin, entry.status, entry.files[0].kind) == ("hand", "loaded", "products")
    undo(shop, SYSTEM, import_id)
    assert state(shop) == before


def test_several_products_are_one_import(shop: TenantStore) -> None:
    save(shop, change(shop, "P1", stock_quantity=3), change(shop, "P2", is_active=False))
    assert product(shop, "P1")[2:4] == (3, None)
    assert product(shop, "P2")[2:4] == (None, False)
    assert history_of(shop, FileKind.PRODUCTS, "P1").total == 2


def test_a_file_exported_before_is_older_and_one_exported_after_is_newer(
    shop: TenantStore, tmp_path: Path
) -> None:
    save(shop, change(shop, "P1", price_cents=1200))
    older = "product_key,name,price_ttc,stock_quantity\nP1,Riesling,11.00,7\n"
    bring(shop, tmp_path / "late", {"products_20260301.csv": older})
    # The stock, of which nobody has said anything by hand, is heard all the same.
    assert product(shop, "P1")[1:3] == (1200, 7)
    newer = "product_key,name,price_ttc\nP1,Riesling,13.00\n"
    day = shop.store.now() + timedelta(days=1)
    bring(shop, tmp_path / "next", {f"products_{day:%Y%m%d}.csv": newer})
    assert product(shop, "P1")[1:3] == (1300, 7)


def test_whoever_saves_second_is_refused_and_nothing_is_loaded(shop: TenantStore) -> None:
    mine, hers = change(shop, "P1", stock_quantity=1), change(shop, "P1", stock_quantity=2)
    save(shop, hers)
    with pytest.raises(Refused, match="since you opened it"):
        save(shop, mine)
    assert product(shop, "P1")[2] == 2


def test_of_two_that_were_entered_the_one_that_is_loaded_second_is_given_up(
    shop: TenantStore,
) -> None:
    entered = [
        change_products(
            shop, SYSTEM, [change(shop, "P1", stock_quantity=number)], change_id=new_id()
        )
        for number in (1, 2)
    ]
    load(shop, entered[1])
    before = state(shop)
    with pytest.raises(Refused, match="since you opened it"):
        load(shop, entered[0])
    assert entry_of(shop, entered[0]).status == DISCARDED
    assert state(shop) == before


def test_a_file_that_wrote_the_row_meanwhile_is_seen_too(shop: TenantStore, tmp_path: Path) -> None:
    mine = change(shop, "P1", stock_quantity=1)
    waiting = receive(
        shop,
        SYSTEM,
        [
            (p.name, p)
            for p in write(tmp_path, {"products_20260201.csv": "product_key,name\nP1,X\n"})
        ],
        as_of=AS_OF,
    )
    plan(shop, waiting)
    load(shop, waiting)
    with pytest.raises(Refused, match="since you opened it"):
        save(shop, mine)
    undo(shop, SYSTEM, waiting)
    save(shop, mine)  # the row is again what was seen


def test_an_import_that_waits_in_review_is_judged_by_what_is_there_then(
    shop: TenantStore, tmp_path: Path
) -> None:
    files = {"products_20260201.csv": "product_key,name,price_ttc\nP1,Riesling,10.00\n"}
    waiting = receive(shop, SYSTEM, [(p.name, p) for p in write(tmp_path, files)], as_of=AS_OF)
    assert plan(shop, waiting)["totals"]["loaded"] == 1
    save(shop, change(shop, "P1", price_cents=1200))
    assert load(shop, waiting)["totals"]["unchanged"] == 1
    assert product(shop, "P1")[1] == 1200


def test_a_form_that_is_sent_twice_is_one_change(shop: TenantStore) -> None:
    wanted, change_id = change(shop, "P1", stock_quantity=5), new_id()
    for _ in range(2):
        load(shop, change_products(shop, SYSTEM, [wanted], change_id=change_id))
    assert history_of(shop, FileKind.PRODUCTS, "P1").total == 2
    again = load(shop, change_id)
    assert again["status"] == "loaded"


def test_the_same_cell_goes_to_and_fro_within_a_second(shop: TenantStore) -> None:
    for number in (5, 7, 5):
        save(shop, change(shop, "P1", stock_quantity=number))
        assert product(shop, "P1")[2] == number


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        ({"stock_quantity": -1}, "stock_quantity cannot be used"),
        ({"stock_quantity": 1.5}, "stock_quantity cannot be used"),
        ({"vintage": 1492}, "vintage cannot be used"),
        ({"price_cents": -1}, "price_ttc cannot be used"),
        ({"aroma_body": 5.5}, "aroma_body cannot be used"),
        ({"aroma_body": float("nan")}, "aroma_body cannot be used"),
        ({"aroma_body": True}, "aroma_body cannot be used"),
        ({"is_active": "maybe"}, "is_active cannot be used"),
        ({"name": "a\nb"}, "name cannot be used"),
        ({"name": "x" * 501}, "name cannot be used"),
        ({"name": "  "}, "name is filled"),
        ({"price_cents": None, "stock_quantity": 3}, "price_ttc is filled"),
        ({"name": " Riesling "}, "Nothing is changed"),
        ({"margin": 3}, "Nothing is changed"),
        ({}, "Nothing is changed"),
        ({"replaces": "P1"}, "cannot replace itself"),
    ],
)
def test_a_cell_that_cannot_be_used_is_named(
    shop: TenantStore, cells: dict[str, Cell], sentence: str
) -> None:
    with pytest.raises(Refused, match=sentence):
        save(shop, change(shop, "P1", **cells))
    assert rows(shop, "products", "count(*)") == [(2,)]


def test_successors_are_known_products_and_never_go_in_a_circle(shop: TenantStore) -> None:
    save(shop, change(shop, "P2", replaces="P1"))
    with pytest.raises(Refused, match="cannot replace itself"):
        save(shop, change(shop, "P1", replaces="P2"))
    with pytest.raises(NotFound, match="not in the catalogue"):
        save(shop, change(shop, "P1", replaces="P9"))
    create = create_product(
        shop, SYSTEM, " P3 ", {"name": "Sylvaner 2027", "replaces": "P2"}, change_id=new_id()
    )
    load(shop, create)
    with pytest.raises(Refused, match="cannot replace itself"):
        save(shop, change(shop, "P1", replaces="P3"))
    # A circle that two changes make together is met by the second load.
    save(shop, change(shop, "P2", name="Sylvaner 2026"))
    assert product(shop, "P3") == ("Sylvaner 2027", None, None, None, "P2")


def test_two_changes_that_make_a_circle_together_are_one_change_and_a_refusal(
    shop: TenantStore,
) -> None:
    entered = [
        change_products(shop, SYSTEM, [change(shop, key, replaces=other)], change_id=new_id())
        for key, other in (("P1", "P2"), ("P2", "P1"))
    ]
    load(shop, entered[0])
    with pytest.raises(Refused, match="cannot replace itself"):
        load(shop, entered[1])
    assert product(shop, "P2")[4] is None


def test_a_product_is_created_once_and_undone_as_an_import(shop: TenantStore) -> None:
    before = state(shop)
    cells: dict[str, Cell] = {
        "name": HOSTILE.replace("\t", " "),
        "price_cents": 5,
        "family": "Rosé",
    }
    import_id = create_product(shop, SYSTEM, "é;1", cells, change_id=new_id())
    load(shop, import_id)
    assert product(shop, "é;1") == (cells["name"], 5, None, None, None)
    with pytest.raises(Refused, match="with this key already"):
        create_product(shop, SYSTEM, "é;1", cells, change_id=new_id())
    for key, name in (("", "A name"), ("P7", None)):
        with pytest.raises(Refused, match="a key and a name"):
            create_product(shop, SYSTEM, key, {"name": name}, change_id=new_id())
    undo(shop, SYSTEM, import_id)
    assert state(shop) == before
    assert history_of(shop, FileKind.PRODUCTS, "é;1").total == 0


def test_a_created_product_releases_the_rows_that_waited_for_it(tenant: TenantStore) -> None:
    shop = begin_with(tenant, CATALOGUE, SALES)
    cells: dict[str, Cell] = {"name": "Gewurztraminer 2022"}
    report = load(shop, create_product(shop, SYSTEM, "NEW-1", cells, change_id=new_id()))
    assert report["released"] == 1


def test_the_history_tells_who_what_and_from_where_a_page_at_a_time(
    shop: TenantStore, tmp_path: Path
) -> None:
    save(shop, change(shop, "P1", stock_quantity=4, is_active=True))
    bring(shop, tmp_path, {"products_20270101.csv": "product_key,name,price_ttc\nP1,Riesling,9\n"})
    save(shop, change(shop, "P1", is_active=False))
    history = history_of(shop, FileKind.PRODUCTS, "P1")
    told = [(v.origin, v.file_name, v.by) for v in history.versions]
    assert told == [
        ("hand", "change_by_hand.csv", "system"),
        ("files", "products_20270101.csv", "system"),
        ("hand", "change_by_hand.csv", "system"),
        ("files", "products_20260101.csv", "system"),
    ]
    changes = [[(c.column, c.before, c.after) for c in v.changes] for v in history.versions]
    assert changes == [
        [("is_active", True, False)],
        [("price_ttc", 950, 900)],
        [("stock_quantity", None, 4), ("is_active", None, True)],
        [("name", None, "Riesling"), ("price_ttc", None, 950)],
    ]
    assert [v.is_first for v in history.versions] == [False, False, False, True]
    page = history_of(shop, FileKind.PRODUCTS, "P1", limit=2, offset=1)
    assert (page.versions, page.total) == (history.versions[1:3], 4)


def test_a_customer_is_changed_by_the_same_path_and_her_consent_is_not(shop: TenantStore) -> None:
    def row(**cells: Cell) -> RowChange:
        return RowChange(key="C1", cells=cells, seen=seen(shop, "C1", FileKind.CLIENTS))

    before = rows(shop, "customers", "* EXCLUDE (customer_type)")
    load(shop, change_customer(shop, SYSTEM, row(customer_type="trade"), change_id=new_id()))
    assert rows(shop, "customers", "customer, customer_type")[0] == ("C1", "trade")
    assert rows(shop, "customers", "* EXCLUDE (customer_type)") == before
    history = history_of(shop, FileKind.CLIENTS, "C1")
    assert [c.column for c in history.versions[0].changes] == ["customer_type"]
    for cells, sentence in (
        ({"email_opt_out": False, "phone_consent": True}, "Nothing is changed"),
        ({"customer_type": "vip"}, "cannot be used"),
    ):
        with pytest.raises(Refused, match=sentence):
            change_customer(shop, SYSTEM, row(**cells), change_id=new_id())


def test_a_viewer_and_a_stale_key_change_nothing(shop: TenantStore) -> None:
    wanted = [change(shop, "P1", stock_quantity=1)]
    for refused in (
        lambda: change_products(shop, VIEWER, wanted, change_id=new_id()),
        lambda: create_product(shop, VIEWER, "P5", {"name": "X"}, change_id=new_id()),
        lambda: change_customer(shop, VIEWER, wanted[0], change_id=new_id()),
    ):
        with pytest.raises(NotAllowed):
            refused()
    gone = RowChange(key="P9", cells={"name": "X"}, seen=wanted[0].seen)
    with pytest.raises(NotFound, match="not there any more"):
        save(shop, gone)


def test_what_waits_to_be_loaded_is_loaded_as_it_was_saved(shop: TenantStore) -> None:
    saved = change_products(
        shop, SYSTEM, [change(shop, "P1", stock_quantity=1)], change_id=new_id()
    )
    refused: tuple[Callable[[], object], ...] = (
        lambda: plan(shop, saved),
        lambda: choose(shop, SYSTEM, saved, 1, {"kind": "clients"}),
    )
    for call in refused:
        with pytest.raises(Refused, match="hange by hand"):
            call()
    assert load(shop, saved)["status"] == LOADED


def test_the_last_import_of_home_is_one_of_files(shop: TenantStore) -> None:
    before = home_of(shop).last_import
    save(shop, change(shop, "P1", stock_quantity=8))
    assert home_of(shop).last_import == before is not None


def test_the_trail_and_the_undo_name_a_change_by_hand_and_no_mapping_is_remembered(
    shop: TenantStore,
) -> None:
    mappings = list_mappings(shop)
    first = save(shop, change(shop, "P1", stock_quantity=1))
    save(shop, change(shop, "P1", stock_quantity=2))
    lines = trail_of(shop, SYSTEM, Action.CHANGED_BY_HAND)
    assert [(line.actor, line.entry.details["products"]) for line in lines] == [("system", 1)] * 2
    assert lines[1].entry.subject == first
    assert list_mappings(shop) == mappings
    assert undo_outlook(shop, first).later[0].rows == 1
    with pytest.raises(Refused, match="a change by hand, loaded on"):
        undo(shop, SYSTEM, first)


def test_two_who_load_at_once_leave_one_change(shop: TenantStore) -> None:
    entered = [
        change_products(
            shop, SYSTEM, [change(shop, "P1", stock_quantity=number)], change_id=new_id()
        )
        for number in (1, 2)
    ]
    ended: list[str] = []

    def work(import_id: str) -> None:
        try:
            ended.append(str(load(shop, import_id)["status"]))
        except Refused as error:
            ended.append(type(error).__name__)

    threads = [threading.Thread(target=work, args=(one,)) for one in entered]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # The other was refused: it was overtaken, or came while the turn was taken.
    assert sorted(ended) in (["Busy", "loaded"], ["Refused", "loaded"])


def test_the_archive_keeps_what_was_said_and_no_more(shop: TenantStore) -> None:
    import_id = save(shop, change(shop, "P1", stock_quantity=3))
    archive = archive_of(shop, import_id)
    text = archive.original(1, "change_by_hand.csv").read_text()
    head, row = text.splitlines()
    assert head == '"product_key","name","stock_quantity","seen"'
    assert row.startswith('"P1","Riesling","3",')
    assert archive.told_status() == "loaded"


def test_the_labels_of_a_product_say_who_decided_and_what_was_taken_back(
    tenant: TenantStore,
) -> None:
    shop = begin_with(tenant, CATALOGUE, SALES)
    assert decide(shop, SYSTEM, {"Silvaner": "SYL", "Sylv.": "SYL"}) is None  # no row waits
    release = decide(shop, SYSTEM, {TYPO: "RIE-21"})
    load(shop, str(release))
    found = labels_of(shop, "SYL")
    assert {label.label for label in found.labels} == {"Silvaner", "Sylv."}
    assert [(e.action, e.labels) for e in found.events] == [("label_decided", 2)]
    take_back(shop, SYSTEM, "Sylv.")
    found = labels_of(shop, "SYL", limit=1)
    assert (found.total, [label.label for label in found.labels]) == (1, ["Silvaner"])
    assert found.events[0].action == "label_taken_back"
    assert [label.label for label in labels_of(shop, "RIE-21").labels] == [TYPO]
    assert labels_of(shop, "RIE-19").total == 0
    for line in trail_of(shop, SYSTEM):
        assert "SYL" not in str(line.entry)


def test_many_labels_decided_at_once_are_told_of_each_product(
    tenant: TenantStore, tmp_path: Path
) -> None:
    keys = [f"K{number:03}" for number in range(101)]
    lines = "\n".join(f"{key},Vin {key}" for key in keys)
    bring(tenant, tmp_path, {"products.csv": f"product_key,name\n{lines}\n"})
    decide(tenant, SYSTEM, {f"{label} {key}": key for key in keys for label in ("Ein", "Un")})
    for key in (keys[0], keys[-1]):
        assert [(e.action, e.labels) for e in labels_of(tenant, key).events] == [
            ("label_decided", 2)
        ]
    assert verify_trail(tenant, SYSTEM).broken_at is None


def test_a_customer_changed_by_hand_is_exported_and_erased_with_that_change(
    tenant: TenantStore, tmp_path: Path
) -> None:
    canary.import_all(tenant, canary.write_files(tmp_path))
    row = as_seen(tenant, FileKind.CLIENTS, [canary.CODE])[canary.CODE]
    wanted = RowChange(key=row.key, cells={"customer_type": "trade"}, seen=row.seen)
    import_id = change_customer(tenant, SYSTEM, wanted, change_id=new_id())
    load(tenant, import_id)
    folder = archive_of(tenant, import_id).folder
    assert canary.found_in_files(folder)
    exported = json.dumps(json.loads(b"".join(person_json(tenant, SYSTEM, canary.CODE))))
    assert '"customer_type": "trade"' in exported
    request = ask_erasure(tenant, SYSTEM, canary.CODE, reason=ASKED, confirmation=canary.CODE)
    erase(tenant, request)
    assert canary.found_in_files(folder) == []
    assert history_of(tenant, FileKind.CLIENTS, canary.CODE).total == 0
    with tenant.read() as tx:
        kept = tx.rows("SELECT report_json FROM imports WHERE tenant_id = :tenant")
    assert not [row for row in kept if canary.CODE in str(row["report_json"])]


TASTES = {
    "clients_20260101.csv": "client_code,email\n"
    + "".join(f"C{n},c{n}@shop.example.com\n" for n in range(1, 30)),
    "products_20260101.csv": (
        "product_key,name,family_crm,sucrosite_niveau,price_ttc,stock_quantity\n"
        "DRY,Riesling,Blanc,sec,10.00,50\nDRY2,Sylvaner,Blanc,sec,9.00,50\n"
        "SWEET,Gewurztraminer,Blanc,moelleux,11.00,50\nRED,Pinot,Rouge,sec,10.00,50\n"
    ),
    "sales_20260101.csv": "document_id,product_key,client_code,quantity,amount,sale_date\n"
    + "".join(
        f"D{n}{key}{month},{key},C{n},6,60.00,2025-{month:02d}-10\n"
        for n in range(1, 30)
        for month in (3, 6, 9, 12)
        for place, key in enumerate(("DRY", "SWEET", "DRY2", "RED"))
        if (n, key) not in ((1, "SWEET"), (1, "RED"), (2, "DRY2")) and (n + month // 3 + place) % 4
    ),
}


def test_the_next_run_respects_a_changed_taste_and_stock(tenant: TenantStore) -> None:
    shop = begin_with(tenant, TASTES)
    run_id, before = lists_of(shop)
    assert "SWEET" not in before["C1"], "she buys dry whites alone"
    assert "DRY2" in before["C2"]
    assert rules_on_sweet(shop, run_id) == {"SUGAR_MISMATCH"}, "the audit says so too"
    save(shop, change(shop, "SWEET", sweetness="sec"), change(shop, "DRY2", stock_quantity=0))
    assert rules_on_sweet(shop, run_id) == set()
    _, after = lists_of(shop)
    assert "SWEET" in after["C1"]
    assert "DRY2" not in {key for listed in after.values() for key in listed}


def rules_on_sweet(shop: TenantStore, run_id: str) -> set[str]:
    """Return the rules of the audit that the sweet wine would break in the list of C1."""
    (offer,) = offers_for(shop, run_id, "C1", "RED", "gewurz")
    return set(offer.rules)


def lists_of(shop: TenantStore) -> tuple[str, dict[str, list[str]]]:
    """Return a run as of today and the list of each customer."""
    run_id = create_run(shop, SYSTEM)
    execute(shop, run_id)
    with shop.read() as tx:
        rows = tx.rows(
            "SELECT customer, product_key FROM reco_output WHERE tenant_id = :tenant"
            " AND run_id = :run ORDER BY rank",
            run=run_id,
        )
    lists: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        lists[row["customer"]].append(row["product_key"])
    return run_id, lists
