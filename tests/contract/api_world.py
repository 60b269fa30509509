"""The whole application in the test's process, over a store of the test."""

import socket
import sys
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import uvicorn
from starlette.applications import Starlette

import api.limits
from api.routes import MIDDLEWARE, ROUTES
from core.jobs import SYNC, enqueue, migrate_jobs
from core.services.accounts import SYSTEM, Role, create_tenant
from core.services.api_tokens import create_token
from core.services.import_files import receive
from core.services.prepare_campaign import prepare
from core.store.tenant import Store, TenantStore
from tests.golden.small_tenant import run_small_tenant, store_small_tenant

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
    """Give the application with its middleware, each route of which works on `store`."""
    with pytest.MonkeyPatch.context() as patched:
        for name, module in list(sys.modules.items()):
            if name.startswith("api.") and hasattr(module, "app_store"):
                patched.setattr(module, "app_store", lambda: store)
        yield Starlette(routes=ROUTES, middleware=MIDDLEWARE)


@contextmanager
def patient_application(store: Store) -> Iterator[Starlette]:
    """Give the application with jobs; whoever is refused often is not held back."""
    migrate_jobs(store.settings)
    with pytest.MonkeyPatch.context() as patched, application(store) as found:
        patched.setattr(api.limits, "MOST_REFUSALS", sys.maxsize)
        yield found


@contextmanager
def listening(app: Starlette) -> Iterator[str]:
    """Serve an application on a free port of this machine; give its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join()


def new_company(store: Store) -> Company:
    """Make a company with customers, a run that is done, an import and a dry campaign."""
    key = f"t{uuid.uuid4().hex[:8]}"
    company = store.tenant_store(create_tenant(store, key, key))
    store_small_tenant(company)
    run_id = run_small_tenant(company)
    import_id = receive(company, SYSTEM, [("clients.csv", _file_of(company))])
    campaign_id = prepare(company, SYSTEM, run_id, "discovery")
    migrate_jobs(store.settings)
    enqueue(company, SYSTEM, SYNC, run_id)
    ids = {"run_id": run_id, "import_id": import_id, "campaign_id": campaign_id}
    return Company(store=company, ids=ids)


def _file_of(company: TenantStore) -> Path:
    company.folder.mkdir(parents=True, exist_ok=True)
    path = company.folder / "clients.csv"
    path.write_text("client_code,email\nA1,a1@example.com\n", encoding="utf-8")
    return path
