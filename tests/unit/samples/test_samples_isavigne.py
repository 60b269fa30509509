"""The clean sample: same bytes every time, plausible numbers, nothing an import would refuse."""

from collections import Counter, defaultdict
from datetime import date, timedelta

import pytest

from core.contracts import COLUMNS, FileKind
from samples.isavigne.catalogue import product_record
from samples.isavigne.contacts import contact_record
from samples.isavigne.generate import FOLDER, Sample, build_files, build_sample, columns_of
from samples.isavigne.people import FIRST_DAY, LAST_DAY, client_record
from samples.isavigne.sales import Document, sale_records


@pytest.fixture(scope="module")
def sample() -> Sample:
    return build_sample()


@pytest.fixture(scope="module")
def sold(sample: Sample) -> list[Document]:
    """Valid documents of known customers that are no credit note."""
    return [
        d for d in sample.documents if d.client_code and not d.cancelled and d.lines[0].quantity > 0
    ]


@pytest.mark.parametrize("kind", list(FileKind))
def test_generator_reproduces_the_committed_bytes(sample: Sample, kind: FileKind) -> None:
    name = f"{kind.value}.csv"
    assert build_files(sample)[name] == (FOLDER / name).read_bytes()


def test_another_seed_gives_another_house(sample: Sample) -> None:
    assert build_files(build_sample(seed=1))["sales.csv"] != build_files(sample)["sales.csv"]


def test_records_carry_contract_names_only(sample: Sample) -> None:
    firsts = {
        FileKind.CLIENTS: client_record(sample.customers[0]),
        FileKind.PRODUCTS: product_record(sample.catalogue[0]),
        FileKind.SALES: sale_records(sample.documents[0])[0],
        FileKind.CONTACTS: contact_record(sample.contacts[0]),
    }
    for kind, record in firsts.items():
        assert set(record) == set(columns_of(kind))
        assert set(record) <= {column.name for column in COLUMNS[kind]}


def test_sizes_are_those_of_a_small_house(sample: Sample) -> None:
    wines = [a for a in sample.catalogue if a.range is not None]
    assert 60 <= len(wines) <= 120
    assert len(sample.customers) == 2000
    assert 27_000 <= len(sample.records(FileKind.SALES)) <= 34_000
    assert {a.recommendable for a in sample.catalogue if a.range is None} == {False}


def test_vintages_succeed_one_another_without_gap(sample: Sample) -> None:
    by_key = {a.product_key: a for a in sample.catalogue}
    followers = [a for a in sample.catalogue if a.replaces]
    assert len(followers) >= 30
    for article in followers:
        earlier = by_key[article.replaces]
        assert earlier.sold_until == article.sold_from
        assert earlier.stock == "0"
        assert (earlier.vintage or 0) < (article.vintage or 0)


def test_keys_and_labels_are_unique(sample: Sample) -> None:
    assert len({a.product_key for a in sample.catalogue}) == len(sample.catalogue)
    assert len({a.name for a in sample.catalogue}) == len(sample.catalogue)
    assert len({c.client_code for c in sample.customers}) == len(sample.customers)


def test_addresses_and_numbers_belong_to_nobody(sample: Sample) -> None:
    domains = {c.email.rpartition("@")[2].lower() for c in sample.customers if "@" in c.email}
    assert domains - {""} <= {"example.com", "example.org", "example.fr", "example,fr"}
    starts = ("01 99 00 ", "06 39 98 ", "+3363998")
    assert all(c.phone.startswith(starts) for c in sample.customers if c.phone)


def test_some_cannot_be_written_to(sample: Sample) -> None:
    shared = Counter(c.email.lower() for c in sample.customers if c.email)
    assert 60 <= sum(not c.email for c in sample.customers) <= 160
    assert 40 <= sum(c.opted_out for c in sample.customers) <= 160
    assert sum(count == 2 for count in shared.values()) >= 15
    assert 100 <= sum(not c.buys for c in sample.customers) <= 250


def test_documents_fill_three_years_and_no_more(sample: Sample) -> None:
    days = [d.day for d in sample.documents]
    assert (min(days), max(days)) == (FIRST_DAY, LAST_DAY)
    assert date(2026, 10, 31) == LAST_DAY


def test_articles_are_sold_while_they_are_on_sale(sample: Sample) -> None:
    by_key = {a.product_key: a for a in sample.catalogue}
    for document in sample.documents:
        for line in document.lines:
            article = by_key[line.product_key]
            if line.quantity > 0:
                assert article.sold_from <= document.day < article.sold_until


def test_an_article_stands_once_on_a_document(sample: Sample) -> None:
    for document in sample.documents:
        keys = [line.product_key for line in document.lines]
        assert len(set(keys)) == len(keys)


def test_every_return_follows_a_valid_sale(sample: Sample) -> None:
    left: Counter[tuple[str, str]] = Counter()
    returns = 0
    for document in sorted(sample.documents, key=lambda d: d.day):
        for line in document.lines:
            if document.cancelled:
                continue
            left[document.client_code, line.product_key] += line.quantity
            assert left[document.client_code, line.product_key] >= 0
            returns += line.quantity < 0
    assert returns >= 100


def test_favourites_come_back(sold: list[Document]) -> None:
    seen: Counter[tuple[str, str]] = Counter(
        (d.client_code, line.product_key.split("-")[0]) for d in sold for line in d.lines
    )
    again = sum(count - 1 for count in seen.values())
    assert 0.45 <= again / seen.total() <= 0.75


def test_favourites_follow_the_vintage(sample: Sample, sold: list[Document]) -> None:
    replaced = {a.product_key: a.replaces for a in sample.catalogue if a.replaces}
    bought: dict[str, set[str]] = defaultdict(set)
    for document in sold:
        bought[document.client_code].update(line.product_key for line in document.lines)
    switchers = [
        code for code, keys in bought.items() if any(replaced.get(key) in keys for key in keys)
    ]
    assert len(switchers) >= 500


def test_seasons_show(sample: Sample, sold: list[Document]) -> None:
    family = {a.product_key: a.range.family for a in sample.catalogue if a.range}
    lines: Counter[int] = Counter()
    rose: Counter[int] = Counter()
    for document in sold:
        for line in document.lines:
            lines[document.day.month] += 1
            rose[document.day.month] += family.get(line.product_key) == "Rosé"
    assert max(lines, key=lambda month: lines[month]) == 12
    assert lines[12] > 2 * lines.total() / 12
    assert sum(rose[month] for month in (6, 7, 8)) > rose.total() / 2


def test_states_of_customers_are_mixed(sold: list[Document]) -> None:
    days: dict[str, list[date]] = defaultdict(list)
    for document in sold:
        days[document.client_code].append(document.day)
    silence = [(LAST_DAY - max(of_one)).days for of_one in days.values()]
    recent = LAST_DAY - timedelta(days=90)
    assert sum(gap > 730 for gap in silence) >= 50
    assert sum(180 < gap <= 730 for gap in silence) >= 200
    assert sum(min(of_one) > recent for of_one in days.values()) >= 60


def test_gifts_cancellations_channels_and_strangers(sample: Sample) -> None:
    gifts = [d for d in sample.documents if any(line.gift for line in d.lines)]
    assert sum(d.day.month == 12 for d in gifts) > 0.9 * len(gifts) > 500
    assert sum(d.cancelled for d in sample.documents) >= 80
    assert {d.channel for d in sample.documents} == {"caveau", "web", "salon"}
    assert sum(not d.client_code for d in sample.documents) >= 500


def test_silence_bites_and_full_boxes_bounce_three_times(sample: Sample) -> None:
    window = LAST_DAY - timedelta(days=14)
    silent = {c.client_code for c in sample.contacts if c.day > window and c.channel == "email"}
    assert 0.10 <= len(silent) / len(sample.customers) <= 0.20
    soft = Counter(c.client_code for c in sample.contacts if c.status == "soft_bounce")
    assert sum(count >= 3 for count in soft.values()) >= 5
    assert {c.status for c in sample.contacts} >= {"hard_bounce", "unsubscribe", "complaint"}


def test_contact_events_are_distinct(sample: Sample) -> None:
    assert len(set(sample.contacts)) == len(sample.contacts)


def test_nobody_is_written_to_after_leaving(sample: Sample) -> None:
    left: dict[str, date] = {}
    for event in sample.contacts:
        if event.status in {"unsubscribe", "complaint", "hard_bounce"}:
            left.setdefault(event.email.lower(), event.day)
    for event in sample.contacts:
        if event.channel == "email" and event.status == "sent":
            assert event.day <= left.get(event.email.lower(), LAST_DAY)
