"""Nobody sees more than the form without a session; the shell around the pages."""

import logging
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

import ui.layout
from core.services.sign_in import session_of, sign_out
from core.store.tenant import Store
from tests.unit.ui.conftest import PASSWORD
from ui.navigation import PAGES, ROOT
from ui.views.plain import plain

SHELL = str(ROOT / "ui" / "main.py")
FIELDS = ["User name", "Password"]


def run(script: str) -> AppTest:
    return AppTest.from_file(script, default_timeout=20).run()


@pytest.mark.parametrize("script", [SHELL, *(str(entry.file) for entry in PAGES)])
def test_without_a_session_there_is_the_form_and_nothing_else(store: Store, script: str) -> None:
    page = run(script)
    assert not page.exception
    assert [field.label for field in page.text_input] == FIELDS
    assert [title.value for title in page.title] == ["Sign in"]
    assert [button.label for button in page.button] == ["Sign in"]
    assert not page.sidebar.selectbox
    assert not page.dataframe
    assert not page.info


@pytest.mark.parametrize("script", [SHELL, str(PAGES[0].file)])
def test_a_revoked_session_sees_the_form_at_the_next_rerun(
    store: Store, as_anne: Callable[[], str], script: str
) -> None:
    page = run(script)
    assert not set(FIELDS) & set(labels(page))
    sign_out(store, as_anne())
    assert labels(page.run()) == FIELDS
    assert [told.value for told in page.info] == [
        "Your session has ended. Sign in, and you are back on this page."
    ]


def labels(page: AppTest) -> list[str]:
    return [field.label for field in page.text_input]


def html_of(page: AppTest) -> str:
    return "".join(part.value for part in page.html)


def submit(username: str, password: str) -> AppTest:
    page = run(SHELL)
    page.text_input(key="sign_in_username").set_value(username)
    page.text_input(key="sign_in_password").set_value(password)
    return page.button[0].click().run()


def test_a_right_password_sends_the_browser_to_its_cookie(store: Store) -> None:
    page = submit(" Anne", PASSWORD)
    assert not page.error
    assert "/auth/enter?ticket=" in html_of(page)


@pytest.mark.parametrize(
    ("username", "password"),
    [("anne", "wrong"), ("nobody", PASSWORD), ("", ""), ("anne", "x" * 73), ("anne", "")],
)
def test_a_wrong_pair_is_refused_in_a_sentence(store: Store, username: str, password: str) -> None:
    page = submit(username, password)
    assert [error.value for error in page.error] == ["The user name or the password is not right."]
    assert "/auth/enter" not in html_of(page)


def test_signing_out_revokes_the_session(store: Store, as_anne: Callable[[], str]) -> None:
    page = run(SHELL)
    assert session_of(store, as_anne()) is not None
    page.button(key="shell_sign_out").click().run()
    assert session_of(store, as_anne()) is None
    assert "/auth/leave" in html_of(page)


def test_the_chosen_language_is_spoken_and_kept(store: Store, as_anne: Callable[[], str]) -> None:
    page = run(SHELL)
    assert page.sidebar.selectbox[0].value == "fr"
    page.sidebar.selectbox[0].set_value("en").run()
    session = session_of(store, as_anne())
    assert session is not None
    assert session.chosen_language == "en"
    assert page.sidebar.selectbox[0].value == "en"


def fail() -> None:
    from core.errors import Refused
    from ui.layout import error_boundary

    with error_boundary():
        raise Refused("The file %(name)s is empty.", name="a.csv")
    with error_boundary():
        raise ValueError("anne@example.com")


def test_errors_are_sentences_and_the_log_has_no_row(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(ui.layout.secrets, "token_hex", lambda _: "0badcafe")
    with caplog.at_level(logging.ERROR, "ui.layout"):
        page = AppTest.from_function(fail, default_timeout=20).run()
    ours, foreign = (error.value for error in page.error)
    assert ours == f"The file {plain('a.csv')} is empty."
    assert "0BADCAFE" in foreign
    assert "0BADCAFE" in caplog.text
    assert "ValueError" in caplog.text
    assert "anne@example.com" not in caplog.text + foreign
    assert not page.exception
