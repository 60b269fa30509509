"""The quality report: one file that runs nothing, loads nothing, and says what the run says."""

import re
from collections import Counter
from datetime import timedelta
from html.parser import HTMLParser

import pytest

from core.contracts import RunVersion
from core.errors import NotFound
from core.services.accounts import SYSTEM
from core.services.execute_run import create_run, execute
from core.services.qc_report import report_html
from core.services.review import KIND_TITLES, Subject, decide_on, withdraw
from core.services.review_work import apply_decisions
from core.services.run_reports import qc_of
from core.store.run_reads import VerdictFilter
from core.store.tenant import Store, Tenant, TenantStore
from tests.contract.conftest import NOW, new_tenant
from tests.golden.small_tenant import AS_OF, run_small_tenant, store_row, store_small_tenant

HOSTILE = '<img src=x onerror="alert(1)">Anne & "Co"</td>'
VOID = {"meta", "br", "path", "rect", "circle"}
LOADING = {"href", "src", "srcset", "xlink:href", "action", "formaction", "data", "poster"}


class Page(HTMLParser):
    """What a browser reads of a report: tags, attributes, and the text by the tag around it."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.texts: list[tuple[str, str]] = []
        self.open: list[str] = []
        self.feed(content.decode())
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append((self.open[-1], data.strip()))

    def of(self, tag: str) -> list[str]:
        return [text for around, text in self.texts if around == tag]

    @property
    def text(self) -> str:
        return "\n".join(text for tag, text in self.texts if tag != "style")


@pytest.fixture(scope="module")
def company(store: Store) -> TenantStore:
    tenant = Tenant(tenant_id=new_tenant(store).tenant_id, key="hostile", name=HOSTILE)
    company = store.tenant_store(tenant)
    store_small_tenant(company)
    with company.begin() as tx:
        tx.execute(
            "UPDATE customer SET name = :name WHERE tenant_id = :tenant AND customer = 'C-4'",
            name=HOSTILE,
        )
    return company


@pytest.fixture(scope="module")
def runs(company: TenantStore) -> tuple[str, str]:
    """Two runs, the second of which was reviewed."""
    first = create_run(company, SYSTEM, as_of="2025-02-01")
    execute(company, first)
    second = run_small_tenant(company)
    launched(company, first, hours=1)
    launched(company, second, hours=2)
    decide_on(company, SYSTEM, second, "reject", Subject(product_key="ROS"), note=HOSTILE)
    best = Subject(customers_like=VerdictFilter(reason="OK", score_from=90, product="CRE"))
    decide_on(company, SYSTEM, second, "approve", best, note="")
    number = decide_on(company, SYSTEM, second, "approve", Subject(customer="A1"), note="")
    withdraw(company, SYSTEM, second, number)
    apply_decisions(company, second)
    return first, second


def launched(company: TenantStore, run_id: str, *, hours: int) -> None:
    with company.begin() as tx:
        tx.execute(
            "UPDATE run SET created_at = :at WHERE tenant_id = :tenant AND run_id = :run_id",
            at=NOW + timedelta(hours=hours),
            run_id=run_id,
        )


def page(company: TenantStore, run_id: str, **options: object) -> Page:
    return Page(report_html(company, run_id, **options))  # type: ignore[arg-type]


def test_it_runs_nothing_and_loads_nothing(company: TenantStore, runs: tuple[str, str]) -> None:
    content = report_html(company, runs[1])
    found = Page(content)
    assert not set(found.tags) & {"script", "iframe", "object", "embed", "link", "img", "form", "a"}
    assert not [name for _, name, _ in found.attributes if name in LOADING or name[:2] == "on"]
    assert set(re.findall(rb"url\((.)", content)) == {b"#"}
    assert b"http:" not in content
    assert b"https:" not in content
    assert b"@import" not in content
    policies = [value for tag, _, value in found.attributes if "default-src" in value]
    assert policies == [
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    ]


def test_what_comes_from_people_is_text(company: TenantStore, runs: tuple[str, str]) -> None:
    found = page(company, runs[1])
    assert found.of("h1") == [HOSTILE]
    assert HOSTILE in found.of("th")
    assert HOSTILE in found.of("td")


def test_figures_are_those_of_the_run(company: TenantStore, runs: tuple[str, str]) -> None:
    quality = qc_of(company, runs[1])
    found = page(company, runs[1], language="en")
    assert found.of("dd")[4:9] == ["12", "0", str(quality.eligible), "-1", "33.3%"]
    lead = f"Of 12 customers {quality.eligible} may be written to; 4 are blocked."
    assert lead in found.of("p")
    assert "Changes are since the run before it, as of 1 February 2025." in found.of("p")
    remedy = "Complete or correct the address in the clients file and import it again."
    assert found.of("td").count(remedy) == 2  # of the rule, and of the customer who fails it
    named = {value for tag, name, value in found.attributes if (tag, name) == ("svg", "aria-label")}
    assert len(named) == 5
    assert named <= set(found.of("h2"))
    assert found.tags["details"] == 4


def test_who_is_rejected_in_a_review_is_not_counted_among_those_written_to(
    tenant: TenantStore,
) -> None:
    store_small_tenant(tenant)
    run_id = run_small_tenant(tenant)
    decide_on(tenant, SYSTEM, run_id, "reject", Subject(customer="A1"), note="Away")
    apply_decisions(tenant, run_id)
    found = page(tenant, run_id, language="en")
    eligible = qc_of(tenant, run_id).eligible
    lead = f"Of 12 customers {eligible - 1} may be written to; 4 are blocked, 1 rejected in review."
    assert lead in found.of("p")
    cells = found.of("td")
    assert cells[cells.index("A1") + 2] == "Rejected in review"


def test_every_look_has_its_pattern(company: TenantStore, runs: tuple[str, str]) -> None:
    found = page(company, runs[1])
    used = {value[5:-1] for _, name, value in found.attributes if name == "fill"}
    patterns = {value for tag, name, value in found.attributes if (tag, name) == ("pattern", "id")}
    assert used <= patterns
    assert {"good", "bad", "rebuy", "nurture", "main", "past"} <= used


def test_decisions_tell_who_when_why_and_what_became_of_them(
    company: TenantStore, runs: tuple[str, str]
) -> None:
    cells = page(company, runs[1], language="en").of("td")
    in_force = "in force since review 1"
    rows = [cells[at : at + 5] for at, cell in enumerate(cells) if cell == "system"]
    assert rows == [
        ["system", KIND_TITLES["approve"], "A1", "–", "withdrawn by system"],
        [
            "system",
            KIND_TITLES["approve"],
            "5 customers, verdict: Is eligible, score from 90, product: Crémant Brut",
            "–",
            in_force,
        ],
        ["system", KIND_TITLES["reject"], "11 customers, Rosé de Noir", HOSTILE, in_force],
    ]
    original = page(company, runs[1], version=RunVersion.ORIGINAL, language="en")
    assert "What was decided in the review?" not in original.text
    assert "as the run made them" in original.of("dd")


@pytest.mark.parametrize(
    ("language", "title", "date"),
    [(None, "Rapport de qualité", "1er mars 2025"), ("en", "Quality report", "1 March 2025")],
)
def test_it_speaks_the_language_asked_for(
    company: TenantStore, runs: tuple[str, str], language: str | None, title: str, date: str
) -> None:
    found = page(company, runs[1], language=language)
    assert ("html", "lang", language or "fr") in found.attributes
    assert found.of("title") == [f"{title} · {HOSTILE} · {date}"]


def test_the_same_run_gives_the_same_bytes_whatever_comes_later(
    company: TenantStore, runs: tuple[str, str]
) -> None:
    before = [report_html(company, run_id) for run_id in runs]
    launched(company, run_small_tenant(company), hours=3)
    assert [report_html(company, run_id) for run_id in runs] == before


@pytest.mark.parametrize("customers", [0, 1])
def test_nobody_or_one_customer_is_enough(tenant: TenantStore, customers: int) -> None:
    with tenant.begin() as tx:
        tx.execute("INSERT INTO tenant_head (tenant_id, seq) VALUES (:tenant, 1)")
        for number in range(customers):
            store_row(tx, "customer", 1, {"customer": f"C{number}", "name": "Anne"})
    run_id = create_run(tenant, SYSTEM, as_of=AS_OF)
    execute(tenant, run_id)
    found = page(tenant, run_id, language="en")
    assert found.of("dd")[4:6] == [str(customers), str(0)]
    assert ("There are no customers." in found.text) == (not customers)
    assert ("Anne" in found.of("th")) == bool(customers)
    assert "This is the first run: the next one will show what changed." in found.text
    assert "There are no sales up to the as-of date. Import a sales file." in found.text


def test_there_is_no_report_of_no_run(tenant: TenantStore) -> None:
    queued = create_run(tenant, SYSTEM, as_of=AS_OF)
    for run_id in (queued, "nothing"):
        with pytest.raises(NotFound):
            report_html(tenant, run_id)
