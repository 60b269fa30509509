"""The choice of a run: which runs are offered, and addresses of runs that cannot be shown."""

from collections.abc import Mapping
from uuid import uuid4

import pytest

from core.services.accounts import SYSTEM, Role
from core.services.execute_run import create_run
from core.store.tenant import TenantStore
from tests.golden.small_tenant import AS_OF
from tests.pages.conftest import Look, World, add_company, sentences
from ui.views import runs_list

_COPY = """
INSERT INTO run
    (tenant_id, run_id, status, as_of, policy_json, created_at, created_by, summary_json, qc_json)
SELECT :tenant, :copy, :status, as_of, policy_json, :day, created_by, summary_json, qc_json
FROM run
WHERE tenant_id = :source AND run_id = :run_id
"""


@pytest.fixture(scope="module")
def many(world: World) -> Mapping[str, str]:
    """Runs of a company of rose: done, done, failed, and one that waits; the oldest first."""
    store = add_company(world.store, "many", {"rose": Role.VIEWER})
    runs = {
        name: _copy(store, world, name, day) for day, name in enumerate(("old", "new", "failed"), 1)
    }
    return {**runs, "queued": create_run(store, SYSTEM, as_of=AS_OF)}


def _copy(store: TenantStore, world: World, name: str, day: int) -> str:
    copy = str(uuid4())
    status = "failed" if name == "failed" else "done"
    with store.begin() as tx:
        tx.execute(
            _COPY,
            copy=copy,
            status=status,
            day=f"2025-03-0{day} 12:00:00.000000",
            source=world.small.tenant.tenant_id,
            run_id=world.run_id,
        )
        if status == "failed":
            clear = "UPDATE run SET summary_json = NULL, qc_json = NULL"
            tx.execute(f"{clear} WHERE tenant_id = :tenant AND run_id = :copy", copy=copy)
    return copy


@pytest.fixture(autouse=True)
def one_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Offer one run, where fifty are offered else."""
    monkeypatch.setattr(runs_list, "_CHOICES", 1)


def test_runs_that_failed_or_wait_do_not_hide_the_finished(
    many: Mapping[str, str], look: Look
) -> None:
    page = look("exports", "rose")
    assert page.selectbox[0].value == many["new"]


def test_an_old_run_opens_by_its_address(many: Mapping[str, str], look: Look) -> None:
    page = look("exports", "rose", run=many["old"].upper())
    assert not page.exception
    assert page.selectbox[0].value == many["old"]
    assert any(many["old"] in link.url for link in page.get("link_button"))


@pytest.mark.parametrize("name", ["nonsense", "of another company", "failed", "queued"])
def test_no_other_run_is_shown_in_the_place_of_one_that_cannot_be(
    many: Mapping[str, str], world: World, look: Look, name: str
) -> None:
    run_id = {**many, "nonsense": "<b>", "of another company": world.run_id}[name]
    page = look("qc", "rose", run=run_id, customer="A1")
    assert not page.exception
    said = sentences(page)
    assert ("is not finished" if name in many else "There is no such run.") in said
    assert page.selectbox[0].value is None
    assert not page.metric
    page.selectbox[0].set_value(many["new"]).run()
    assert dict(page.query_params) == {"run": many["new"]}
    assert page.metric
