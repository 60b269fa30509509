"""What a company has is not there for any other: every address that names an id says 404."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from api.rest import make_rest
from core.services.accounts import Role
from core.store.tenant import Store
from tests.contract.api_world import Company, listening, new_company, patient_application

DOCUMENT = make_rest().openapi()
NOBODYS = "5f0c1f6e-4a57-4b5d-9f0e-0a6f3f1f7d11"


@dataclass(frozen=True, kw_only=True)
class Ask:
    """How a call names the id: `{…}` in its address, or in its body."""

    address: str
    body: Mapping[str, object] | None = None
    answer: int = 200


TABLE: Mapping[tuple[str, str], Ask] = {
    ("get", "/reco/runs/{run_id}"): Ask(address="/reco/runs/{run_id}"),
    ("get", "/export/runs/{run_id}/qc_report.html"): Ask(
        address="/export/runs/{run_id}/qc_report.html"
    ),
    ("get", "/export/runs/{run_id}/{name}"): Ask(address="/export/runs/{run_id}/reco_output.csv"),
    ("get", "/brevo/logs"): Ask(address="/brevo/logs?run_id={run_id}"),
    ("post", "/brevo/sync_contacts"): Ask(
        address="/brevo/sync_contacts", body={"run_id": "{run_id}"}
    ),
    ("get", "/brevo/sync_contacts/{run_id}"): Ask(address="/brevo/sync_contacts/{run_id}"),
    ("post", "/brevo/send_batch"): Ask(
        address="/brevo/send_batch", body={"run_id": "{run_id}", "template": "discovery"}
    ),
    ("get", "/brevo/campaigns/{campaign_id}"): Ask(address="/brevo/campaigns/{campaign_id}"),
    ("get", "/imports/{import_id}"): Ask(address="/imports/{import_id}"),
}


@dataclass(frozen=True, kw_only=True)
class Two:
    """Two companies, of which the one knows the ids of the other, before one application."""

    owner: Company
    url: str
    secrets: Mapping[str, str]

    def answer(self, who: str, method: str, ask: Ask, ids: Mapping[str, str]) -> requests.Response:
        def named(text: object) -> object:
            return text.format(**ids) if isinstance(text, str) else text

        body = ask.body and {name: named(value) for name, value in ask.body.items()}
        headers = {"Authorization": f"Bearer {self.secrets[who]}"}
        address = f"{self.url}{named(ask.address)}"
        return requests.request(method, address, json=body, headers=headers, timeout=10)


@pytest.fixture(scope="module")
def two(store: Store) -> Iterator[Two]:
    companies = {who: new_company(store) for who in ("owner", "stranger")}
    secrets = {who: company.token(Role.ADMIN) for who, company in companies.items()}
    with patient_application(store) as app, listening(app) as url:
        yield Two(owner=companies["owner"], url=url, secrets=secrets)


def operations_that_name_an_id() -> set[tuple[str, str]]:
    return {
        (method, path)
        for path, methods in DOCUMENT["paths"].items()
        for method, operation in methods.items()
        if any(name.endswith("_id") or name == "id" for name in _named_in(operation))
    }


def _named_in(operation: Mapping[str, Any]) -> Iterator[str]:
    yield from (parameter["name"] for parameter in operation.get("parameters", ()))
    for content in operation.get("requestBody", {}).get("content", {}).values():
        name = content["schema"].get("$ref", "").rpartition("/")[2]
        yield from DOCUMENT["components"]["schemas"].get(name, {}).get("properties", ())


def test_the_table_has_every_call_that_names_an_id() -> None:
    assert set(TABLE) == operations_that_name_an_id()


@pytest.mark.parametrize("called", TABLE, ids=" ".join)
def test_a_strangers_token_finds_nothing(two: Two, called: tuple[str, str]) -> None:
    """Nor does it learn that there is something: the answer is that for an id which nobody has."""
    (method, _), ask = called, TABLE[called]
    strange = two.answer("stranger", method, ask, two.owner.ids)
    nobodys = two.answer("stranger", method, ask, dict.fromkeys(two.owner.ids, NOBODYS))
    assert (strange.status_code, strange.json()) == (404, nobodys.json())
    assert two.answer("owner", method, ask, two.owner.ids).status_code == ask.answer
