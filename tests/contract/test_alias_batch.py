"""Labels decided from a script, with the rows that waited for them."""

from pathlib import Path

import pytest

from core.errors import Busy, Refused
from core.services.accounts import SYSTEM
from core.services.alias_batch import decide_and_load, describe_labels, read_decisions
from core.services.waiting_rows import count_decided, list_open_releases
from core.store.locks import exclusive
from core.store.tenant import TenantStore
from tests.contract.copies import begin_with
from tests.contract.test_alias_desk import CATALOGUE, SALES, TYPO

DECISIONS = {TYPO: "RIE-21", "Frais de port": None, "Riesling Trad. 20": "RIE-19"}


@pytest.fixture
def held(tenant: TenantStore) -> TenantStore:
    return begin_with(tenant, CATALOGUE, SALES)


def test_a_batch_decides_ignores_and_loads(held: TenantStore) -> None:
    before = describe_labels(held, limit=1)
    assert (before["unknown_labels"], before["waiting_rows"]) == (3, 9)
    assert before["labels"][0]["label"] == TYPO
    assert before["labels"][0]["suggestions"][0]["product_key"] == "RIE-21"
    done = decide_and_load(held, SYSTEM, DECISIONS)
    assert (done["decided"], done["ignored"], done["released"]) == (2, 1, 2)
    assert describe_labels(held, limit=9)["unknown_labels"] == 1
    again = decide_and_load(held, SYSTEM, DECISIONS)
    assert (again["import_id"], again["released"]) == (None, 0)


def test_a_batch_that_cannot_load_decides_nothing_that_waits(held: TenantStore) -> None:
    with exclusive(held, "import", "busy"), pytest.raises(Busy):
        decide_and_load(held, SYSTEM, {TYPO: "RIE-21"})
    assert (count_decided(held), list_open_releases(held)) == (0, [])
    assert decide_and_load(held, SYSTEM, {TYPO: "RIE-21"})["released"] == 2


@pytest.mark.parametrize("text", ["", "[]", '{"Riesling": 5}', "label,product"])
def test_a_file_that_is_no_object_of_labels_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "decisions.json"
    path.write_text(text)
    with pytest.raises(Refused, match=r"decisions\.json"):
        read_decisions(path)


def test_a_file_of_decisions_is_read_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "decisions.json"
    path.write_text('{"Crémant": "007", "Acompte": null}', encoding="utf-8")
    assert read_decisions(path) == {"Crémant": "007", "Acompte": None}
