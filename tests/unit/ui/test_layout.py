"""The parts every page is made of."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

MAIN = """
import streamlit as st

pages = [st.Page("../pages/first.py", default=True), st.Page("../pages/upload.py")]
st.navigation(pages).run()
"""
FIRST = """
from ui.layout import empty_state

empty_state("Runs will be listed here.", "Upload files", page="upload")
"""
SECOND = """
import streamlit as st

st.title("Upload")
"""


@pytest.fixture
def application(tmp_path: Path) -> AppTest:
    scripts = {"ui/main.py": MAIN, "pages/first.py": FIRST, "pages/upload.py": SECOND}
    for name, text in scripts.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return AppTest.from_file(str(tmp_path / "ui" / "main.py"), default_timeout=20).run()


def test_the_button_of_an_empty_state_leads_to_the_page(application: AppTest) -> None:
    assert [part.value for part in application.markdown] == ["Runs will be listed here."]
    application.button[0].click().run()
    assert [title.value for title in application.title] == ["Upload"]


def draw_header() -> None:
    import streamlit as st

    from ui.layout import Figure, figures_row, page_header

    is_clicked = page_header("Runs", "Whom to write to?", action=lambda: st.button("Launch a run"))
    figures_row(
        [Figure(label="Customers", value="2,000", change="+3"), Figure(label="A", value="1")]
    )
    st.write(is_clicked)


def test_the_header_returns_what_its_action_returns() -> None:
    page = AppTest.from_function(draw_header, default_timeout=20).run()
    assert page.markdown[-1].value == "`False`"
    page.button[0].click().run()
    assert page.markdown[-1].value == "`True`"
    assert [(metric.label, metric.value, metric.delta) for metric in page.metric] == [
        ("Customers", "2,000", "+3"),
        ("A", "1", ""),
    ]


def draw_pages() -> None:
    import streamlit as st

    from ui.tables import choose_page, show_rows

    rows = [{"customer": "C1", "score": 80, "email": "a@example.com"}]
    show_rows(rows, {"score": "Score", "customer": "Customer"}, key="rows", alt="Scores")
    st.write(choose_page(45, 20, key="page"))


@pytest.mark.parametrize(("number", "offset"), [(None, 0), ("2", 20), ("3", 40), ("99", 0)])
def test_the_page_of_a_table_is_in_the_address(number: str | None, offset: int) -> None:
    page = AppTest.from_function(draw_pages, default_timeout=20)
    if number:
        page.query_params["page"] = number
    page.run()
    assert not page.exception
    assert page.markdown[-1].value == f"`{offset}`"


def test_a_table_shows_only_the_columns_that_are_named() -> None:
    frame = AppTest.from_function(draw_pages, default_timeout=20).run().dataframe[0].value
    assert list(frame.columns) == ["score", "customer"]
