"""The stored contract is the vendor's, and ours is stricter."""

import pytest

from scripts.trim_brevo_contract import DOCUMENT, TARGET, read_document, trim, written
from tests.contract.brevo_contract import find_operation, operations, violations_of_request


@pytest.mark.shared_data
def test_the_stored_contract_is_the_vendors() -> None:
    if not DOCUMENT.exists():
        pytest.skip("the vendor's OpenAPI document is not beside the checkout")
    theirs = {name: written(content) for name, content in trim(read_document(DOCUMENT)).items()}
    ours = {path.name: path.read_text(encoding="utf-8") for path in TARGET.glob("*.vendor.json")}
    assert ours == theirs


def test_every_request_has_a_strict_schema_too() -> None:
    strict = {path.name.partition(".")[0] for path in TARGET.glob("*.strict.json")}
    assert {operation.request for operation in operations() if operation.request} == strict


@pytest.mark.parametrize(
    ("method", "path", "query", "body", "broken"),
    [
        ("GET", "/smtp/statistics/events", {"tag": "x"}, b"", "query tag"),
        ("GET", "/smtp/statistics/events", {"limit": "5001"}, b"", "query limit"),
        ("GET", "/smtp/statistics/events", {"event": "open"}, b"", "query event"),
        ("GET", "/smtp/templates", {"templateStatus": "True"}, b"", "query templateStatus"),
        ("GET", "/account", {}, b"{}", "a body"),
        ("POST", "/contacts", {}, b"{", "no JSON"),
        ("PUT", "/contacts/a%40example.com", {}, b'{"emailBlacklisted": false}', "const"),
        ("POST", "/contacts/lists/7/contacts/add", {}, b'{"emails": []}', "minItems"),
    ],
)
def test_a_request_outside_the_contract_is_found(
    method: str, path: str, query: dict[str, str], body: bytes, broken: str
) -> None:
    found = find_operation(method, path)
    assert found is not None
    (violation, *_) = violations_of_request(found[0], query, body)
    assert broken in violation


def test_a_fixed_path_is_not_taken_for_a_contact() -> None:
    found = find_operation("GET", "/contacts/lists")
    assert found is not None
    assert found[0].name == "getLists"
    assert find_operation("GET", "/contacts/a/b") is None
