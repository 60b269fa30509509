"""The documentation says what the code does: rules, codes, words, steps, and what screens say."""

import importlib
import json
import pkgutil
import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path

import pytest

import core
from core.audit.rules import RULES, Level
from core.contracts import EXTRA_RULES, USUAL_SEVERITIES, FileKind, RuleCode, Scenario, Severity
from core.i18n import translate
from core.ingest.report import Bucket
from core.ingest.warning_table import RULES as IMPORT_WARNINGS
from core.policy import CUSTOMER_STATES
from core.reco.segments import SEGMENTS
from core.services.accounts import Role
from core.services.run_summary import RUN_WARNINGS
from core.services.run_words import REASON_TITLES
from scripts.make_code_pages import FOLDER, PAGES
from scripts.update_catalogue import read_catalogue

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
ANALYST = sorted((DOCS / "analyst").glob("*.md"))
ENGINEER = sorted((DOCS / "engineer").glob("*.md"))
_ITALIC = re.compile(r"(?<![*\w])\*([^*\s][^*]*?)\*(?!\*)")
_PATH = re.compile(
    r"`((?:core|ui|api|pages|etl|tests|scripts|samples|benchmarks)/[\w./-]*|[\w-]+\.(?:py|yml|toml))`"
)
_PLACEHOLDER = re.compile(r"%\\?\(\w+\\?\)s")
_LETTERS = re.compile(r"[^\W\d_]{3}")


def read(page: str) -> str:
    return (DOCS / page).read_text(encoding="utf-8")


def coded_rows(text: str) -> dict[str, list[str]]:
    """Return the cells behind the code of each row of a table that begins with one."""
    rows = re.findall(r"^\| `([A-Z][A-Z_]+)`.*? \| (.*) \|$", text, re.MULTILINE)
    return {code: cells.split(" | ") for code, cells in rows}


@pytest.mark.parametrize("name", PAGES)
def test_the_pages_written_by_the_code_are_current(name: str) -> None:
    """`python -m scripts.make_code_pages` writes them anew."""
    assert (ROOT / FOLDER / name).read_text(encoding="utf-8") == PAGES[name]()


def test_every_audit_rule_is_explained_with_its_severity() -> None:
    rules, _, rest = read("audit.md").partition("## Further rules")
    further, _, evidence = rest.partition("## The evidence")
    told = {code: cells[0] for code, cells in coded_rows(rules).items()}
    usual = {rule.value: severity.value for rule, severity in USUAL_SEVERITIES.items()}
    extra = [rule.value for rule in EXTRA_RULES]
    assert told == {code: usual[code] for code in usual if code not in extra}
    told = {code: (cells[0], cells[1]) for code, cells in coded_rows(further).items()}
    levels = {rule.code.value: rule.level.value for rule in RULES}
    assert told == {code: (levels[code], usual[code]) for code in extra}
    assert set(coded_rows(evidence)) == set(usual)


def test_every_audit_rule_has_a_title_and_a_place_in_the_files() -> None:
    assert {rule.value for rule in RuleCode} <= set(REASON_TITLES)
    (row,) = re.findall(r"^\| `rule_code` .*$", read("outputs.md"), re.MULTILINE)
    assert [rule.value for rule in RuleCode if f"`{rule.value}`" not in row] == []


def test_every_warning_stands_where_it_is_explained() -> None:
    table = read("import.md").partition("| warning | when |")[2].partition("\n\n")[0]
    named = {code: grave == " ●" for code, grave in re.findall(r"`([A-Z_]+)`( ●)?", table)}
    assert named == {code: rule.is_grave for code, rule in IMPORT_WARNINGS.items()}
    table = read("outputs.md").rpartition("| warning | when |")[2]
    assert set(re.findall(r"`([A-Z_]+)`", table)) == set(RUN_WARNINGS)


def test_the_glossary_has_every_word_of_the_code() -> None:
    words = set(re.findall(r"^\| `?([\w -]+?)`? \|", read("analyst/glossary.md"), re.MULTILINE))
    kinds: tuple[type[StrEnum], ...] = (Scenario, Bucket, Role)
    wanted = {member.value for kind in kinds for member in kind} | set(CUSTOMER_STATES)
    wanted |= {segment.name for segment in SEGMENTS}
    binding = {  # the words that name one thing each
        "tenant", "customer", "product", "sale line", "import", "run", "scenario",
        "recommendation", "audit issue", "gate", "next action", "policy", "campaign", "batch",
        "delivery", "contact event", "suppression",
    }  # fmt: skip
    assert (wanted | binding) - words == set()
    assert all(f"`{severity.value}`" in read("analyst/glossary.md") for severity in Severity)


def test_the_glossary_says_what_the_french_screen_says() -> None:
    rows = re.findall(
        r"^\| [^|]+ \| ([^|]+?) \| ([^|]+?) \| [^|]+ \|$", read("analyst/glossary.md"), re.MULTILINE
    )
    said = [(english, french) for english, french in rows if english != "on the screen"]
    assert len(said) > 40
    screen = screen_words()
    assert [english for english, _ in said if english not in screen] == []
    assert [(one, french) for one, french in said if translate("fr", one) != french] == []


def screen_words() -> list[str]:
    """Every English sentence of the application, singular and plural."""
    sources = (message.id for message in read_catalogue() if message.id)
    return [
        text
        for source in sources
        for text in ((source,) if isinstance(source, str) else tuple(source))
    ]


@pytest.fixture(scope="module")
def screen() -> re.Pattern[str]:
    """What the application can say, as one pattern; of mere frames for values nothing is known."""
    telling = (text for text in screen_words() if _LETTERS.search(_PLACEHOLDER.sub("", text)))
    said = (_PLACEHOLDER.sub(".+", re.escape(text)) for text in telling)
    return re.compile("|".join(f"(?:{pattern})" for pattern in said))


@pytest.mark.parametrize("page", ANALYST, ids=lambda path: path.name)
def test_what_is_in_italics_stands_on_the_screen(page: Path, screen: re.Pattern[str]) -> None:
    quoted = [" ".join(words.split()) for words in _ITALIC.findall(page.read_text())]
    assert [words for words in quoted if not screen.fullmatch(words)] == []


def test_a_word_that_no_screen_says_is_found(screen: re.Pattern[str]) -> None:
    assert _ITALIC.findall("click *Launch a run*, not **this**") == ["Launch a run"]
    assert screen.fullmatch("Load 45,433 rows")
    assert not screen.fullmatch("Start a run")
    assert not screen.fullmatch("Newsletter: yes")


def test_the_tutorial_counts_as_the_sample_does() -> None:
    counts = json.loads((ROOT / "samples/messy/expected/counts.json").read_text()).values()
    tutorial = read("analyst/tutorial.md")
    assert f"{sum(file['rows_in'] for file in counts):,} rows were read" in tutorial
    assert f"*Load {sum(file['loaded'] for file in counts):,} rows*" in tutorial
    for bucket in ("held", "rejected"):
        assert f"{sum(file[bucket] for file in counts)} are **{bucket}**" in tutorial


@pytest.mark.parametrize("page", ENGINEER, ids=lambda path: path.name)
def test_every_path_that_is_named_exists(page: Path) -> None:
    named = _PATH.findall(page.read_text())
    assert named != []
    beside = ("core/contracts/", "core/audit/")  # a table names some modules by their last part
    assert [
        path
        for path in named
        if not (ROOT / path).exists()
        and not any((ROOT / folder / path).exists() for folder in beside)
    ] == []


def whole_tables(kind: type[StrEnum]) -> Iterator[tuple[str, str]]:
    """Yield module and name of every table of core that has an entry for each member of `kind`."""
    for found in pkgutil.walk_packages(core.__path__, "core."):
        if "migrations" in found.name or found.name.endswith("__main__"):
            continue
        module = importlib.import_module(found.name)
        for name, value in vars(module).items():
            if isinstance(value, Mapping) and set(value) == set(kind):
                yield found.name.replace(".", "/"), name


@pytest.mark.parametrize(
    ("kind", "page"),
    [
        (FileKind, "engineer/new-file-kind.md"),
        (Scenario, "engineer/new-scenario.md"),
        (RuleCode, "engineer/new-rule.md"),
    ],
)
def test_who_adds_a_member_is_told_every_table(kind: type[StrEnum], page: str) -> None:
    """A table is named where it stands, or where it is handed on under its own name."""
    text = read(page)
    tables: dict[str, list[str]] = {}
    for module, name in whole_tables(kind):
        tables.setdefault(name, []).append(module)
    assert tables != {}
    derived = {"SCENARIO_NUMBERS", "_RULES"}  # made from others: there is nothing to add
    untold = [name for name in sorted(set(tables) - derived) if f"`{name}`" not in text]
    assert untold == []


def test_every_module_that_tells_kinds_of_files_apart_by_table_is_named() -> None:
    """Tables of some kinds only, too: a new kind has to be thought of there."""
    page = read("engineer/new-file-kind.md")
    table = re.compile(r"^[A-Z_]+\b.*= \{\n    FileKind\.\w+:", re.MULTILINE)
    modules = [
        path.relative_to(ROOT).as_posix()
        for path in sorted((ROOT / "core").rglob("*.py"))
        if table.search(path.read_text(encoding="utf-8"))
    ]
    assert len(modules) > 5
    assert [module for module in modules if f"`{module}`" not in page] == []


def test_levels_of_rules_are_all_explained() -> None:
    page = read("engineer/new-rule.md")
    assert [level for level in Level if f"`Level.{level.name}`" not in page] == []
