"""The parts of the pages that know no Streamlit."""

import pytest

from core.contracts import COLUMNS, RuleCode, Severity
from core.errors import Refused
from core.policy import AuditPolicy, ExtraRules, Policy
from core.services.review_offers import Offer
from ui.views.column_titles import COLUMN_TITLES
from ui.views.plain import plain
from ui.views.review_offer import audit_title
from ui.views.upload_answers import cells_asked_about
from ui.views.upload_issues import remarks_of
from ui.views.upload_mapping import MappedHeader, compute_mapping

SALES = {
    "kind": "sales",
    "columns": {"document_id": "No", "quantity": "Qty"},
    "derive": {"amount": {"op": "add_tax", "of": "Net", "rate": "0.20"}},
    "date_order": "dmy",
}


def line(header: str, column: str | None, *, is_inverse: bool = False) -> MappedHeader:
    return MappedHeader(header=header, column=column, is_inverse=is_inverse)


def test_every_column_of_the_contract_has_a_title_and_no_other() -> None:
    assert set(COLUMN_TITLES) == {c.name for columns in COLUMNS.values() for c in columns}


def test_the_table_replaces_the_columns_and_keeps_the_rest() -> None:
    changed = compute_mapping(SALES, [line("No", "document_id"), line("Qty", None)])
    assert changed == {**SALES, "columns": {"document_id": "No"}}


def test_a_mapped_amount_is_no_longer_derived() -> None:
    changed = compute_mapping(SALES, [line("Net", "amount")])
    assert changed["columns"] == {"amount": "Net"}
    assert "derive" not in changed


def test_only_a_yes_or_no_column_can_say_the_contrary() -> None:
    lines = [
        line("Gift", "is_gift", is_inverse=True),
        line("Qty", "quantity", is_inverse=True),
    ]
    assert compute_mapping(SALES, lines)["inverse"] == ["is_gift"]


def test_two_headers_for_one_column_are_refused() -> None:
    with pytest.raises(Refused, match="quantity"):
        compute_mapping(SALES, [line("Qty", "quantity"), line("Units", "quantity")])


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("**bold** [a](b)", "\\*\\*bold\\*\\* \\[a\\]\\(b\\)"),
        ("two\nlines", "two lines"),
        (":material/x: $x$", "\\:\u2060material/x\\: \\$x\\$"),
        ("https://a.b www.c &lt;", "https\\:\u2060//a\\.b www\u2060\\.c \\&lt;"),
        ("a@b -> 12:30", "a\u2060@b \\-\u2060\\> 12\\:30"),
        ("<b>", "\\<b\\>"),
        ("12\u202f000\u00a0€\u00a0;\r\n oui ", "12\u202f000\u00a0€\u00a0; oui"),
    ],
)
def test_values_of_files_are_no_markdown(value: str, shown: str) -> None:
    assert plain(value) == shown


def test_an_offer_says_how_grave_is_what_it_would_break_also_by_a_further_rule() -> None:
    severities = {RuleCode.OUT_OF_STOCK: Severity.ERROR}
    policy = Policy(audit=AuditPolicy(extra=ExtraRules(severities=severities)))
    offer = Offer(
        product_key="P",
        name="P",
        family=None,
        price_cents=None,
        scenario="rebuy",
        rules=("SUGAR_MISMATCH", "OUT_OF_STOCK"),
        is_candidate=False,
    )
    titles = "Warning: Unusual sweetness, Error: Sold out or not active"
    assert audit_title(offer, policy) == titles


def test_remarks_are_gathered_over_files_and_rejections_come_first() -> None:
    issue = {"effect": "warn", "examples": [{"line": 2, "column": "email", "value": None}]}
    files = [
        {"name": "a.csv", "issues": [{**issue, "code": "MISSING_EMAIL", "rows": 9}]},
        {
            "name": "b.csv",
            "issues": [
                {**issue, "code": "MISSING_EMAIL", "rows": 1},
                {**issue, "code": "BAD_DATE", "rows": 1},
            ],
        },
    ]
    remarks = remarks_of(files)
    assert [(r.known.code, r.rows) for r in remarks] == [("BAD_DATE", 1), ("MISSING_EMAIL", 10)]
    assert [example["file"] for example in remarks[1].examples] == ["a.csv", "b.csv"]


def test_a_question_shows_cells_of_the_column_it_names() -> None:
    recognition = {
        "headers": [
            {"header": "Qty", "samples": ["2,5"]},
            {"header": "Net", "samples": ["9,90", "12"]},
        ],
    }
    assert cells_asked_about(recognition, {"values": {"header": "Net"}}) == ("9,90", "12")
    assert cells_asked_about(recognition, {"values": {}}) == ()
