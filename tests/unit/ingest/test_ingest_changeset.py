import json
from datetime import UTC, datetime
from itertools import permutations

import pytest

from core.contracts import FileKind
from core.ingest.changeset import FileVersion, Known, compare
from core.ingest.clean import restore_held
from core.ingest.folding import fold_file
from core.ingest.labels import build_labels, normalise_label
from core.ingest.mapping import ColumnMapping
from tests.unit.ingest.pipeline import Bench

NAMES = ("document_id", "product_key", "client_code", "quantity", "amount", "sale_date")
ALL_MISSING = ColumnMapping(
    kind=FileKind.SALES,
    columns={name: name for name in NAMES},
    create_missing={"products": {}, "customers": {}},
)
HEADER = ",".join(NAMES) + "\n"


def sales(*lines: str) -> str:
    return HEADER + "".join(f"{line}\n" for line in lines)


@pytest.mark.parametrize(
    ("lines", "buckets", "quantities"),
    [
        (["D,P,C,1,5,2025-01-01", "D,P,C,1,5,2025-01-01"], ["loaded", "duplicate"], [1000]),
        (["D,P,C,1,5,2025-01-01", "D,P,C,2,9,2025-01-01"], ["loaded", "merged"], [3000]),
        (["D,P,C,1,5,2025-01-01", "D,P,C,1,4,2025-01-01"], ["loaded", "merged"], [2000]),
        (["D,P,C,1,5,2025-01-01", "D,P,C,1,5,2025-01-02"], ["rejected", "loaded"], [1000]),
        (
            ["D,P,C,1,5,2025-01-01", "D,P,C,2,5,2025-01-01", "D,P,C,1,5,2025-01-01"],
            ["loaded", "merged", "duplicate"],
            [3000],
        ),
        (["D,P,C,3,5,2025-01-01", "D,P,C,-1,-2,2025-01-01"], ["loaded", "merged"], [2000]),
        (["D,P,C,1,5,2025-01-01", "D,P,,1,5,2025-01-01"], ["loaded", "loaded"], [1000, 1000]),
    ],
)
def test_lines_of_one_identity_fold(
    bench: Bench, lines: list[str], buckets: list[str], quantities: list[int]
) -> None:
    bench.run(sales(*lines), mapping=ALL_MISSING)
    assert list(bench.buckets().values()) == buckets
    loaded = bench.rows("SELECT quantity_milli FROM f_load ORDER BY line_key DESC")
    assert [row[0] for row in loaded] == quantities


def test_repeated_scans_are_summed_when_the_mapping_says_so(bench: Bench) -> None:
    scans = ColumnMapping(
        kind=FileKind.SALES,
        columns=ALL_MISSING.columns,
        create_missing=ALL_MISSING.create_missing,
        repeated="sum",
    )
    bench.run(sales("D,P,C,1,5,2025-01-01", "D,P,C,1,5,2025-01-01"), mapping=scans)
    assert list(bench.buckets().values()) == ["loaded", "merged"]
    assert bench.rows("SELECT quantity_milli, amount_cents FROM f_load") == [(2000, 1000)]


def test_same_line_number_with_another_product_is_a_correction(bench: Bench) -> None:
    mapping = ColumnMapping(
        kind=FileKind.SALES,
        columns={**ALL_MISSING.columns, "line_no": "line_no"},
        create_missing=ALL_MISSING.create_missing,
    )
    text = f"{HEADER.strip()},line_no\nD,P,C,1,5,2025-01-01,1\nD,Q,C,2,7,2025-01-01,1\n"
    bench.run(text, mapping=mapping)
    assert list(bench.buckets().values()) == ["merged", "loaded"]
    assert bench.rows("SELECT product_key, quantity_milli FROM f_load") == [("Q", 2000)]


@pytest.mark.parametrize(
    ("lines", "held"),
    [
        (["D1,P,C,1,5,2025-01-02", "D2,P,C,-1,-5,2025-01-03"], {}),
        (["D1,P,C,1,5,2025-01-02", "D2,P,C,-1,-5,2025-01-01"], {3: "RETURN_WITHOUT_SALE"}),
        (["D1,P,C,1,5,2025-01-02", "D2,P,X,-1,-5,2025-01-03"], {3: "RETURN_WITHOUT_SALE"}),
        (["D1,P,C,1,5,2025-01-02", "D2,Q,C,-1,-5,2025-01-03"], {3: "RETURN_WITHOUT_SALE"}),
        (["D1,P,,-1,-5,2025-01-02"], {}),
        (["D1,P,C,-1,-5,2025-01-02", "D1,P,C,-1,-5,2025-01-02"], {2: "R", 3: "R"}),
    ],
)
def test_a_return_waits_for_its_sale(bench: Bench, lines: list[str], held: dict[int, str]) -> None:
    report = bench.run(sales(*lines), mapping=ALL_MISSING)
    assert {line for line, bucket in bench.buckets().items() if bucket == "held"} == set(held)
    assert report.held == len(held)
    assert all(code == "RETURN_WITHOUT_SALE" for _, _, code in bench.codes())


def test_a_held_return_is_loaded_once_its_sale_is_there(bench: Bench) -> None:
    bench.run(sales("D2,P,C,-1,-5,2025-01-03"), mapping=ALL_MISSING)
    bench.run(sales("D1,P,C,1,5,2025-01-02"), mapping=ALL_MISSING, prefix="g")
    there = bench.keep("there", "g")
    again = restore_held(bench.con, "f_held", FileKind.SALES, "h")
    fold_file(bench.con, again, ALL_MISSING)
    version = FileVersion(exported_at=datetime(2026, 1, 1, tzinfo=UTC), sha256="f")
    compare(bench.con, again, ALL_MISSING, Known(existing=there), version)
    assert bench.rows("SELECT document_id, action FROM h_load") == [("D2", "new")]


def test_unknown_keys_are_held_and_listed(bench: Bench) -> None:
    bench.con.execute("CREATE TABLE products AS SELECT 'P' AS product_key, 'Pinot Noir' AS name")
    bench.con.execute("CREATE TABLE customers AS SELECT 'C' AS customer")
    build_labels(bench.con, "labels", "products")
    text = (
        "document_id,product_key,libelle,client_code,quantity,amount,sale_date\n"
        "D,P,,C,1,5,2025-01-01\nD,Q,,C,1,5,2025-01-01\nD,P,,X,1,5,2025-01-01\n"
        "E,,PINOT  noir,C,1,5,2025-01-01\nE,,Merlot,C,1,5,2025-01-01\nF,,merlot,,2,7,2025-01-01\n"
    )
    known = Known(products="products", customers="customers")
    bench.run(text, known=known, labels="labels")
    assert bench.rows("SELECT line, code, subject FROM f_held ORDER BY line") == [
        (3, "UNKNOWN_PRODUCT", "Q"),
        (4, "UNKNOWN_CUSTOMER", "X"),
        (6, "UNKNOWN_LABEL", "Merlot"),
        (7, "UNKNOWN_LABEL", "merlot"),
    ]
    assert bench.rows("SELECT * FROM f_labels") == [("merlot", "Merlot", 2, 1200)]
    assert bench.rows("SELECT product_key, line_key FROM f_load WHERE document_id = 'E'") == [
        ("P", "E\x1fP\x1fC")
    ]


def test_a_name_of_two_products_is_no_label_and_decisions_go_first(bench: Bench) -> None:
    bench.con.execute(
        "CREATE TABLE products AS FROM (VALUES ('A', 'Rosé'), ('B', 'rose'), ('C', 'Gris')) "
        "AS t (product_key, name)"
    )
    bench.con.execute("CREATE TABLE decided AS SELECT 'gris' AS label_norm, 'B' AS product_key")
    build_labels(bench.con, "labels", "products", "decided")
    assert bench.rows("FROM labels") == [("gris", "B")]
    assert normalise_label("  ROSÉ, d'Alsace ") == "rose d alsace"


def test_created_products_and_customers_take_the_most_frequent_text(bench: Bench) -> None:
    mapping = ColumnMapping(
        kind=FileKind.SALES,
        columns=ALL_MISSING.columns,
        create_missing={"products": {"name": "label"}, "customers": {"country": "land"}},
        not_recommendable=("POST", "/gift_.*/"),
    )
    rows = [
        "1,P,C,1,1,2025-01-01,b,FR",
        "2,P,C,1,1,2025-01-01,a,DE",
        "3,P,C,1,1,2025-01-01,,FR",
        "4,POST,,1,1,2025-01-01,post,",
        "5,gift_1,,1,1,2025-01-01,,",
    ]
    bench.run(f"{HEADER.strip()},label,land\n" + "\n".join(rows), mapping=mapping)
    assert bench.rows("FROM f_new_products") == [
        ("P", "a", True),
        ("POST", "post", False),
        ("gift_1", "gift_1", False),
    ]
    assert bench.rows("FROM f_new_customers") == [("C", "FR")]


CLIENTS = "client_code,email,phone,newsletter\n"


def test_last_row_wins_and_blank_cells_never_erase(bench: Bench) -> None:
    text = CLIENTS + "1,a@b.fr,01,oui\n1,,02,\n2,x@y.fr,,\n2,x@y.fr,,\n"
    report = bench.run(text)
    assert list(bench.buckets().values()) == ["merged", "loaded", "loaded", "duplicate"]
    assert bench.rows("SELECT customer, email, phone FROM f_load") == [
        ("1", "a@b.fr", "02"),
        ("2", "x@y.fr", None),
    ]
    assert report.rows_in == 4
    assert json.loads(json.dumps(report.to_dict())) == report.to_dict()


def test_an_import_never_removes_an_opt_out(bench: Bench) -> None:
    bench.run(CLIENTS + "1,a@b.fr,,non\n2,c@d.fr,,oui\n3,e@f.fr,,\n")
    there = bench.keep("there")
    later = datetime(2026, 2, 1, tzinfo=UTC)
    text = CLIENTS + "1,a@b.fr,,oui\n2,c@d.fr,,non\n3,e@f.fr,,non\n"
    report = bench.run(text, known=Known(existing=there), exported_at=later, prefix="g")
    assert bench.rows("SELECT customer, email_opt_out FROM g_load") == [("2", True), ("3", True)]
    assert (report.unchanged, report.opt_outs_added, report.opt_outs_kept) == (1, 2, 1)
    assert (2, "email_opt_out", "OPT_OUT_KEPT") in bench.codes("g")


def test_changes_are_told_field_by_field(
    bench: Bench,
) -> None:
    bench.run(CLIENTS + "1,a@b.fr,01,\n2,c@d.fr,,\n")
    there = bench.keep("there")
    later = datetime(2026, 2, 1, tzinfo=UTC)
    bench.run(
        CLIENTS + "1,a@b.fr,02,\n2,c@d.fr,,\n3,,,\n",
        known=Known(existing=there),
        exported_at=later,
        prefix="g",
    )
    assert list(bench.buckets("g").values()) == ["loaded", "unchanged", "loaded"]
    assert bench.rows("FROM g_changes") == [("1", "phone", "01", "02")]
    assert bench.rows("SELECT customer, action FROM g_load ORDER BY customer") == [
        ("1", "changed"),
        ("3", "new"),
    ]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_any_order_of_arrival_gives_the_same_content(bench: Bench, order: tuple[int, ...]) -> None:
    texts = ["1,a@b.fr,01,\n", "1,,02,\n", "1,z@b.fr,,\n"]
    history: str | None = None
    for step, k in enumerate(order):
        prefix = f"v{k}"
        version = datetime(2026, 1, 1 + k, tzinfo=UTC)
        bench.run(
            CLIENTS + texts[k], known=Known(versions=history), exported_at=version, prefix=prefix
        )
        so_far = f"UNION ALL BY NAME FROM {history}" if history else ""
        history = f"history{step}"
        bench.con.execute(
            f"CREATE TABLE {history} AS SELECT *, TIMESTAMP '{version:%Y-%m-%d}' AS exported_at, "
            f"'{prefix}' AS sha256 FROM {prefix}_history {so_far}"
        )
    found = bench.rows(
        f"SELECT arg_max(email, exported_at), arg_max(phone, exported_at) FROM {history}"
    )
    assert found == [("z@b.fr", "02")]
    last = f"v{order[-1]}"
    assert bench.rows(f"SELECT email, phone FROM {last}_load") == [("z@b.fr", "02")]
    assert bench.rows(f"SELECT older FROM {last}_load") == [(order[-1] != 2,)]


def test_contacts_follow_the_address_and_hold_only_the_nameless(bench: Bench) -> None:
    bench.con.execute("CREATE TABLE customers AS SELECT 'C' AS customer")
    text = (
        "client_code,email,contact_date,status\n"
        "C,,2025-01-01,sent\nX,,2025-01-01,sent\nX,A@b.fr,2025-01-01,Ouvert\n"
        ",A@b.fr,2025-01-01,ouvert\n,a@B.fr,2025-01-01,open\n"
    )
    bench.run(text, known=Known(customers="customers"))
    assert list(bench.buckets().values()) == ["loaded", "held", "loaded", "loaded", "duplicate"]
    assert bench.rows("SELECT customer, email_norm FROM f_load ORDER BY line") == [
        ("C", None),
        ("X", "a@b.fr"),
        (None, "a@b.fr"),
    ]
