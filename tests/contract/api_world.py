"""The whole application in the test's process, over a store: nothing listens anywhere."""

import json
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from starlette.applications import Starlette

import api.limits
from api.routes import MIDDLEWARE, ROUTES
from core.jobs import migrate_jobs
from core.policy import Policy
from core.services.accounts import SYSTEM, Role, create_tenant
from core.services.api_tokens import create_token
from core.services.import_files import receive
from core.store.runs import finish_run
from core.store.tenant import Store, TenantStore
from tests.contract.campaign_data import fill_run, people

LOCAL = "http://localhost"  # of the hosts that the instance answers to


@dataclass(frozen=True, kw_only=True)
class Company:
    """A company with a finished run and an import; `ids` has them by the names of parameters."""

    store: TenantStore
    ids: Mapping[str, str] = field(default_factory=dict)

    def token(self, role: Role) -> str:
        """Return the secret of a new token."""
        return create_token(self.store, SYSTEM, "cron", role).secret


@contextmanager
def application(store: Store) -> Iterator[Starlette]:
    """Give the application with its middleware; a test that is refused often is not held back."""
    migrate_jobs(store.settings)
    with pytest.MonkeyPatch.context() as patched:
        for name, module in list(sys.modules.items()):
            if name.startswith("api.") and hasattr(module, "app_store"):
                patched.setattr(module, "app_store", lambda: store)
        patched.setattr(api.limits, "MOST_REFUSALS", sys.maxsize)
        yield Starlette(routes=ROUTES, middleware=MIDDLEWARE)


def new_company(store: Store, persons: int = 3) -> Company:
    """Make a company, with so many people in its run who can be written to."""
    key = f"t{uuid.uuid4().hex[:8]}"
    company = store.tenant_store(create_tenant(store, key, key))
    run_id = fill_run(company, people(persons), status="running")
    summary = {"as_of": "2026-03-01", "policy": Policy().model_dump(mode="json")}
    kept = {"summary_json": json.dumps(summary), "qc_json": "{}", "basis_json": "{}"}
    finish_run(company, run_id, finished_at=store.now(), **kept)
    import_id = receive(company, SYSTEM, [("clients.csv", _file_of(company))])
    return Company(store=company, ids={"run_id": run_id, "import_id": import_id})


def _file_of(company: TenantStore) -> Path:
    company.folder.mkdir(parents=True, exist_ok=True)
    path = company.folder / "clients.csv"
    path.write_text("client_code,email\nA1,a1@example.com\n", encoding="utf-8")
    return path
