"""The API does what `/openapi.json` says, whatever is asked and whoever asks.

Requests, right and wrong ones, are drawn from the document itself and answered in this process over
a store with data. No answer may be a server error, or have a status, a type of content or a form
that the document does not name; nothing may be answered to nobody, and nothing wrong accepted.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from schemathesis import Case
from schemathesis.checks import CHECKS, load_all_checks
from starlette.types import Receive, Scope, Send

import core.services.prepare_campaign
from api.rest import make_rest
from core.services.accounts import Role
from tests.contract.api_world import LOCAL, Company, new_company, patient_application
from tests.contract.conftest import MakeStore
from tests.sampling import examples


class _Served:
    """Passes on to the application over the store of the test."""

    app: Any = make_rest()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A company and the secrets of its tokens."""

    company: Company
    secrets: dict[Role, str]


SERVED = _Served()
SCHEMA = schemathesis.openapi.from_asgi("/openapi.json", SERVED)
load_all_checks()
# A key that was used for another request makes a valid request one that is refused.
EXCLUDED = [CHECKS.get_one("positive_data_acceptance")]
STRANGERS = settings(deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def sqlite(make_store: MakeStore) -> Iterator[Asked]:
    yield from _served(make_store, "sqlite")


@pytest.fixture(scope="module")
def postgres(make_store: MakeStore) -> Iterator[Asked]:
    yield from _served(make_store, "postgres")


def _served(make_store: MakeStore, kind: str) -> Iterator[Asked]:
    store = make_store(kind)
    with pytest.MonkeyPatch.context() as patched, patient_application(store) as SERVED.app:
        patched.setattr(core.services.prepare_campaign, "MIN_BATCH_SIZE", 1)
        company = new_company(store)
        yield Asked(company=company, secrets={role: company.token(role) for role in Role})


@SCHEMA.given(role=st.sampled_from(Role))
@SCHEMA.parametrize()
@settings(STRANGERS, max_examples=examples(100, short=10))
def test_every_answer_is_as_documented(case: Case, sqlite: Asked, role: Role) -> None:
    hold(case, sqlite, role)


@pytest.mark.full
@pytest.mark.postgres
@SCHEMA.given(role=st.sampled_from(Role))
@SCHEMA.parametrize()
@settings(STRANGERS, max_examples=300)
def test_so_it_is_on_postgres_and_for_long(case: Case, postgres: Asked, role: Role) -> None:
    hold(case, postgres, role)


def hold(case: Case, asked: Asked, role: Role) -> None:
    """Ask in a role, of what the company has in half of the cases that name an id."""
    for place in (case.path_parameters, case.query, case.body):
        for name, known in asked.company.ids.items():
            if isinstance(place, dict) and _is_even(place.get(name)):
                place[name] = known
    headers = {"Authorization": f"Bearer {asked.secrets[role]}"}
    case.call_and_validate(base_url=LOCAL, headers=headers, excluded_checks=EXCLUDED)


def _is_even(value: object) -> bool:
    """Tell whether this is an id, and an even one: what is wrong on purpose stays wrong."""
    try:
        return UUID(str(value)).int % 2 == 0
    except ValueError:
        return False
