import json
from pathlib import Path

import pytest

from core.contracts import COLUMNS, FileKind
from core.errors import QuestionOpen, Refused
from core.i18n import translate
from core.ingest.mapping import (
    ColumnMapping,
    dump_mapping,
    header_fingerprint,
    load_mapping,
    parse_mapping,
)
from core.ingest.suggest import suggest_mapping

MAPPINGS = Path(__file__).parents[3] / "samples" / "mappings"


def filled(headers: list[str]) -> dict[str, tuple[str, ...]]:
    return dict.fromkeys(headers, ("x",))


@pytest.mark.parametrize("kind", list(FileKind))
def test_the_contract_names_are_recognised_with_their_kind(kind: FileKind) -> None:
    headers = [column.name for column in COLUMNS[kind]]
    suggestion = suggest_mapping(headers, filled(headers))
    assert suggestion.kind is kind
    assert suggestion.columns == {name: name for name in headers}


@pytest.mark.parametrize(
    ("headers", "kind", "columns"),
    [
        (["Code Client", "E-mail", "Nom"], FileKind.CLIENTS, {"email": "E-mail"}),
        (["N° pièce", "Réf", "Client", "Qté", "Total TTC", "Date"], FileKind.SALES, {}),
        (["reference", "désignation", "Couleur"], FileKind.PRODUCTS, {"family_crm": "Couleur"}),
        (["courriel", "date envoi", "statut"], FileKind.CONTACTS, {"status": "statut"}),
        (["Code Client", "Telephonne"], FileKind.CLIENTS, {"phone": "Telephonne"}),
    ],
)
def test_french_headers(headers: list[str], kind: FileKind, columns: dict[str, str]) -> None:
    suggestion = suggest_mapping(headers, filled(headers))
    assert suggestion.kind is kind
    assert columns.items() <= suggestion.columns.items()


@pytest.mark.parametrize(
    "header", ["Newsletter", "opt in", "Accepte emails", "Inscrit newsletter", "OPT-IN"]
)
def test_a_subscription_column_is_the_inverse_of_the_opt_out(header: str) -> None:
    mapping = suggest_mapping(["Code client", header], filled([header])).to_mapping()
    assert mapping.columns["email_opt_out"] == header
    assert mapping.inverse == ("email_opt_out",)


SALES = ["facture", "article", "client", "quantite", "date"]


def test_amounts_before_tax_are_never_taken_for_amounts() -> None:
    headers = [*SALES, "Montant HT"]
    suggestion = suggest_mapping(headers, filled(headers))
    assert "amount" not in suggestion.columns
    with pytest.raises(QuestionOpen) as asked:
        suggestion.to_mapping()
    assert asked.value.question == "tax_rate"
    derived = suggestion.to_mapping(tax_rate="20 %").derive["amount"]
    assert derived == {"op": "add_tax", "of": "Montant HT", "rate": "20 %"}


def test_a_unit_price_becomes_a_product() -> None:
    headers = [*SALES, "Prix unitaire"]
    mapping = suggest_mapping(headers, filled(headers)).to_mapping()
    assert mapping.derive["amount"] == {"op": "multiply", "of": ["quantite", "Prix unitaire"]}


def test_headers_of_nothing_ask_for_the_kind() -> None:
    suggestion = suggest_mapping(["foo", "bar"], filled(["foo", "bar"]))
    assert suggestion.unknown == ("foo", "bar")
    with pytest.raises(QuestionOpen) as asked:
        suggestion.to_mapping()
    assert asked.value.question == "kind"


def test_shipped_mappings_load_and_survive_a_round_trip() -> None:
    for path in sorted(MAPPINGS.glob("*.json")):
        for mapping in load_mapping(path).values():
            assert parse_mapping(json.loads(json.dumps(dump_mapping(mapping)))) == mapping


@pytest.mark.parametrize(
    ("data", "place"),
    [
        ({}, "kind"),
        ({"kind": "wines"}, "kind"),
        ({"kind": "sales", "colums": {}}, "colums"),
        ({"kind": "sales", "columns": {"montant": "x"}}, "columns.montant"),
        ({"kind": "clients", "inverse": ["email"]}, "inverse.email"),
        ({"kind": "sales", "derive": {"amount": {"op": "add_tax", "of": "x"}}}, "rate"),
        ({"kind": "sales", "derive": {"sale_date": {"op": "multiply", "of": []}}}, "op"),
        ({"kind": "sales", "date_order": "ymd"}, "date_order"),
        ({"kind": "sales", "rates": {"USD": "much"}}, "rates.USD"),
        ({"kind": "sales", "create_missing": {"documents": True}}, "create_missing.documents"),
        ({"kind": "sales", "columns": ["a"]}, "columns"),
        ({"kind": "sales", "columns": {"amount": 3}}, "columns"),
    ],
)
def test_an_unusable_mapping_names_its_value(data: dict[str, object], place: str) -> None:
    with pytest.raises(Refused, match=place):
        parse_mapping(data)


def test_a_mapping_file_holds_mappings_by_kind_and_by_file_name(tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    clients = {"columns": {"client_code": "a"}}
    taxed = {"kind": "sales", "tax_rate": "0.20"}
    path.write_text(json.dumps({"files": {"clients": clients, "x.csv": taxed}}))
    mappings = load_mapping(path)
    assert mappings["clients"].columns == {"client_code": "a"}
    assert (mappings["x.csv"].kind, mappings["x.csv"].tax_rate) == ("sales", "0.20")


def test_the_fingerprint_sees_order_but_not_spelling() -> None:
    assert header_fingerprint(["Code Client", "É"]) == header_fingerprint(["code_client", "e"])
    assert header_fingerprint(["a", "b"]) != header_fingerprint(["b", "a"])


def test_a_required_column_is_named_when_missing() -> None:
    mapping = ColumnMapping(kind=FileKind.CLIENTS, columns={})
    with pytest.raises(Refused, match='"client_code", which is required'):
        mapping.check(["a"])


def test_all_required_columns_that_are_missing_are_named_in_one_sentence() -> None:
    mapping = ColumnMapping(kind=FileKind.SALES, columns={"quantity": "a"})
    with pytest.raises(Refused) as refused:
        mapping.check(["a"])
    missing = "document_id; client_code; amount; sale_date; product_key / product_label"
    assert f"which are required: {missing}. Map them." in refused.value.sentence("en")
    assert f"obligatoires\xa0: {missing}." in refused.value.sentence("fr")


@pytest.mark.parametrize(
    ("told", "place", "remedy"),
    [
        ({"inverse": 5}, "inverse", "email_opt_out"),
        ({"inverse": [["email_opt_out"]]}, "inverse", "email_opt_out"),
        ({"not_recommendable": 5}, "not_recommendable", "between slashes"),
        ({"not_recommendable": ["PORT", "/[/"]}, "not_recommendable./[/", "between slashes"),
        ({"not_recommendable": ["/(?=x)/"]}, "not_recommendable./(?=x)/", "between slashes"),
        ({"create_missing": {"products": 3}}, "create_missing.products", "true"),
        ({"create_missing": {"products": {"name": 3}}}, "create_missing.products", "true"),
        ({"create_missing": {"wines": True}}, "create_missing.wines", "true"),
        ({"exported_at": "9999-12-31T23:59:59-10:00"}, "exported_at", "2026-03-14"),
        ({"exported_at": "0001-01-01"}, "exported_at", "2026-03-14"),
        ({"exported_at": "soon"}, "exported_at", "2026-03-14"),
        ({"derive": {"amount": {"op": "multiply", "of": [1, "x"]}}}, "derive.amount.of", ""),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_with_its_place_and_the_remedy(
    told: dict[str, object], place: str, remedy: str
) -> None:
    data = {"kind": "sales", "columns": {"product_key": "Réf"}, **told}
    with pytest.raises(Refused) as refused:
        parse_mapping(data)
    assert refused.value.values["place"] == place
    assert remedy in str(refused.value)
    assert translate("fr", refused.value.message) != refused.value.message
