from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.i18n import translate
from core.outreach.rendering import (
    Letterhead,
    ListedItem,
    Message,
    Recipient,
    one_line,
    render_message,
    template_sha256,
)
from core.outreach.wording import (
    EVIN_NOTICE,
    SCENARIO_SENTENCES,
    TEMPLATES,
    is_alcohol,
    is_in_france,
    language_of,
    template_of,
)

URL = "https://crm.example/u/TOKEN"
LETTERHEAD = Letterhead(
    tenant_name="Domaine & Fils",
    tenant_language="fr",
    currency="EUR",
    shows_evin_notice=True,
)
ITEM = ListedItem(
    product_key="RIE",
    name="Riesling",
    scenario="rebuy",
    sentence="Déjà acheté deux fois.",
    price_cents=123456,
)
RECIPIENT = Recipient(
    customer="C1", email_norm="a@example.com", first_name="Anne", language="fr", items=(ITEM,)
)


def render(recipient: Recipient = RECIPIENT, letterhead: Letterhead = LETTERHEAD) -> Message:
    return render_message(TEMPLATES[0], letterhead, recipient, URL)


class _Tags(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, list[str]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, [name for name, _ in attrs]))

    def handle_data(self, data: str) -> None:
        self.text += data


NASTY = st.text(
    st.one_of(st.sampled_from("<>\"'&{}%/=\r\n\t\0 aé"), st.characters(exclude_categories=["Cs"]))
)


@settings(max_examples=60, deadline=None)
@given(first_name=NASTY, name=NASTY, sentence=NASTY, tenant=NASTY)
def test_no_text_of_a_file_becomes_markup(
    first_name: str, name: str, sentence: str, tenant: str
) -> None:
    plain = render(replace(RECIPIENT, first_name=None))
    item = replace(ITEM, name=name, sentence=sentence)
    nasty = render(
        replace(RECIPIENT, first_name=first_name, items=(item,)),
        replace(LETTERHEAD, tenant_name=tenant),
    )
    assert _Tags(nasty.html).seen == _Tags(plain.html).seen
    assert not any(character in nasty.subject for character in "\r\n\0")


def test_a_script_in_a_name_is_shown_as_text() -> None:
    item = replace(ITEM, name="<script>alert(1)</script>")
    message = render(replace(RECIPIENT, items=(item,)))
    assert "<script" not in message.html
    assert "<script>alert(1)</script>" in _Tags(message.html).text
    assert "<script>alert(1)</script>" in message.text


@pytest.mark.parametrize("part", ["html", "text"])
def test_each_part_holds_the_whole_message(part: str) -> None:
    message = render()
    text = _Tags(message.html).text if part == "html" else message.text
    for said in ("Anne", "Riesling", "Déjà acheté deux fois.", "Domaine & Fils", EVIN_NOTICE):
        assert said in text
    assert "1\N{NARROW NO-BREAK SPACE}234,56\N{NO-BREAK SPACE}€" in text
    assert URL in getattr(message, part)


def test_the_message_is_in_the_customers_language() -> None:
    message = render(replace(RECIPIENT, language="en"))
    assert "Hello Anne," in message.text
    assert "€1,234.56" in message.text
    assert 'lang="en"' in message.html
    assert SCENARIO_SENTENCES["rebuy"] in message.text
    assert "Déjà acheté" not in message.text


def test_nobody_is_told_how_much_dearer_a_product_is() -> None:
    item = replace(ITEM, scenario="upsell", sentence="39 % au-dessus du prix payé d’ordinaire")
    message = render(replace(RECIPIENT, items=(item,)))
    assert "au-dessus du prix" not in message.html + message.text
    assert "Un cran au-dessus de vos choix habituels." in message.text


@pytest.mark.parametrize("first_name", [None, "", "  \t"])
def test_somebody_without_first_name_is_greeted_without(first_name: str | None) -> None:
    message = render(replace(RECIPIENT, first_name=first_name))
    assert message.text.startswith(translate("fr", "Hello,") + "\n")


def test_a_product_without_price_is_shown_without() -> None:
    message = render(replace(RECIPIENT, items=(replace(ITEM, price_cents=None),)))
    assert "€" not in message.text
    assert 'class="price"' not in message.html


def test_the_evin_notice_is_left_out_where_it_has_no_place() -> None:
    assert EVIN_NOTICE not in render(letterhead=replace(LETTERHEAD, shows_evin_notice=False)).html


def test_one_line_keeps_french_spaces_and_is_short() -> None:
    assert one_line(" Vendu\N{NO-BREAK SPACE}:\u202e \r\n 3 ") == "Vendu\N{NO-BREAK SPACE}: 3"
    assert len(one_line("x" * 1_000)) == 300


@pytest.mark.parametrize(
    ("stated", "tenant", "expected"),
    [
        ("fr", "en", "fr"),
        ("EN", "fr", "en"),
        ("en-GB", "fr", "en"),
        ("fr_FR", "en", "fr"),
        ("Français", "en", "fr"),
        ("Anglais", "fr", "en"),
        ("de", "fr", "fr"),
        ("frison", "en", "en"),
        ("", "en", "en"),
        (None, "fr", "fr"),
    ],
)
def test_language_of_a_customer(stated: str | None, tenant: str, expected: str) -> None:
    assert language_of(stated, tenant) == expected


@pytest.mark.parametrize(
    ("family", "grape", "sweetness", "expected"),
    [
        ("Rouge", None, None, True),
        ("ROSÉ", None, None, True),
        (None, "Riesling", None, True),
        (None, None, "sec", True),
        ("Confiserie", None, None, False),
        (None, None, None, False),
    ],
)
def test_what_is_taken_for_alcohol(
    family: str | None, grape: str | None, sweetness: str | None, expected: bool
) -> None:
    assert is_alcohol(family=family, grape=grape, sweetness=sweetness) is expected


def test_french_law_is_recognised_by_the_time_zone() -> None:
    zones = ("Europe/Paris", "Indian/Reunion", "Europe/Brussels")
    assert [is_in_france(zone) for zone in zones] == [True, True, False]


def test_each_template_has_its_own_words_and_hash() -> None:
    messages = [render_message(template, LETTERHEAD, RECIPIENT, URL) for template in TEMPLATES]
    assert len({message.subject for message in messages}) == len(TEMPLATES) >= 3
    assert len({template_sha256(template) for template in TEMPLATES}) == len(TEMPLATES)
    changed = replace(template_of("rebuy"), closing="Bye.")
    assert template_sha256(changed) != template_sha256(template_of("rebuy"))
