"""Data protection: a person found, exported and erased by typing; who may; who is due."""

from collections.abc import Iterator

import pytest

from core.jobs import ERASE, job_of
from core.services.accounts import SYSTEM
from core.services.erasure import requests_of
from tests.pages.conftest import Look, World, metrics, sentences


@pytest.fixture(autouse=True)
def _somebody(world: World) -> Iterator[None]:
    with world.small.begin() as tx:
        tx.execute(
            "INSERT INTO customer (tenant_id, customer, from_seq, file_id, consent_source,"
            " consent_wording) VALUES (:tenant, 'ZZ1', 0, 0, 'shop', 'I agree')"
        )
    yield
    with world.small.begin() as tx:
        tx.execute("DELETE FROM customer WHERE tenant_id = :tenant AND customer = 'ZZ1'")
        for table in ("erasure_request", "erasure_subject", "erased_identity"):
            tx.execute(f"DELETE FROM {table} WHERE tenant_id = :tenant")


def test_a_person_is_found_shown_and_erased_by_typing_once_more(world: World, look: Look) -> None:
    page = look("privacy", "ada")
    assert "Search somebody" in sentences(page)
    page.text_input(key="privacy_term").set_value("ZZ1").run()
    assert not page.exception
    assert metrics(page)["Versions of the record"] == "1"
    assert list(page.dataframe[0].value["wording"]) == ["I agree"]
    page.text_input(key="privacy_confirmation").set_value("ZZ2")
    page.button(key="privacy_erase_send").click().run()
    assert "not the same code" in sentences(page)
    assert requests_of(world.small, SYSTEM) == []
    page.text_input(key="privacy_confirmation").set_value("ZZ1")
    page.button(key="privacy_erase_send").click().run()
    (request,) = requests_of(world.small, SYSTEM)
    assert (request.created_by, request.state) == ("ada", "queued")
    job = job_of(world.small, ERASE, request.request_id)
    assert job is not None
    assert job.status == "queued"
    page.segmented_control(key="privacy_part").set_value("requests").run()
    assert list(page.dataframe[0].value["state"]) == ["Waiting for the worker"]


def test_an_analyst_exports_and_a_viewer_is_told_that_it_is_not_for_her(look: Look) -> None:
    page = look("privacy", "anne")
    page.text_input(key="privacy_term").set_value("ZZ1").run()
    assert "An administrator may erase" in sentences(page)
    assert not any(button.key == "privacy_erase_send" for button in page.button)
    page = look("privacy", "vera")
    assert "Ask an administrator" in sentences(page)
    assert not page.text_input


def test_who_is_due_is_listed_and_confirmed_by_number(look: Look) -> None:
    page = look("privacy", "ada")
    page.segmented_control(key="privacy_part").set_value("retention").run()
    assert not page.exception
    assert "36 months" in sentences(page)
