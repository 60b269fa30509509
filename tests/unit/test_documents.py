"""The documentation points at things that are there."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = (ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md")))
_LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
_MAKE = re.compile(r"^make ([a-z-]+)", re.MULTILINE)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_to_files(document: Path) -> None:
    links = [link for link in _LINK.findall(document.read_text()) if "://" not in link]
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_the_readme_names_targets_that_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(_MAKE.findall((ROOT / "README.md").read_text()))
    assert named >= {"run", "test"}
    assert named <= targets


def test_every_setting_is_explained() -> None:
    from core.settings import Settings

    example = (ROOT / ".env.example").read_text()
    named = set(re.findall(r"^#? ?([A-Z][A-Z_]+)=", example, re.MULTILINE))
    assert named == {name.upper() for name in Settings.model_fields}


def test_every_dependency_has_its_reason() -> None:
    wanted = re.findall(r"^([\w-]+)", (ROOT / "requirements.in").read_text(), re.MULTILINE)
    reasons = (ROOT / "docs/dependencies.md").read_text().lower()
    assert [name for name in wanted if name.lower() not in reasons] == []


def test_the_compose_file_starts_what_the_readme_says() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    assert set(services) == {"db", "migrate", "web", "worker", "proxy"}
    assert services["migrate"]["command"] == ["python", "-m", "core", "init"]
    assert services["worker"]["command"] == ["python", "-m", "core", "worker"]
    assert services["web"]["ports"] == ["127.0.0.1:8501:8501"]
    copied = re.findall(r"^COPY (\S+) \1$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert {"api", "core", "etl", "pages", "samples", "ui", ".streamlit"} == set(copied)
