"""The documentation points at things that are there."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft201909Validator

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


def test_the_image_holds_compiled_kernels_where_its_user_may_write() -> None:
    text = (ROOT / "Dockerfile").read_text()
    (folder,) = re.findall(r"NUMBA_CACHE_DIR=(\S+)", text)
    last = text.rindex("\nFROM ")
    assert re.search(rf"mkdir .*{folder}\b.*chown iacrm .*{folder}\b", text[last:])
    assert text.index("\nUSER iacrm") < text.index("python -m etl.demo") < text.index("\nVOLUME")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """The compose file, its anchors and merges resolved."""
    found: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return found


def test_the_compose_file_is_as_the_specification_says(compose: dict[str, Any]) -> None:
    """By the schema in docker-compose 1.29 (Apache-2.0), the Compose specification's of May 2021.

    The project's `name` came into it afterwards.
    """
    schema = json.loads((Path(__file__).parent / "compose_spec.json").read_text())
    checked = Draft201909Validator(schema)
    then = {name: value for name, value in compose.items() if name != "name"}
    assert [error.message for error in checked.iter_errors(then)] == []
    assert list(checked.iter_errors({"services": {"web": {"dependson": []}}})) != []


def test_the_compose_file_starts_in_order_and_any_number_of_workers(
    compose: dict[str, Any],
) -> None:
    services = compose["services"]
    for name in ("web", "worker"):
        assert services[name]["depends_on"] == {
            "migrate": {"condition": "service_completed_successfully"}
        }
    assert services["migrate"]["depends_on"] == {"db": {"condition": "service_healthy"}}
    assert "healthcheck" in services["db"]
    # What keeps a service from being scaled: a name or a port of its own.
    assert {"container_name", "ports"} & services["worker"].keys() == set()
    named = {volume.partition(":")[0] for each in services.values() for volume in each["volumes"]}
    assert named == set(compose["volumes"])


def test_every_variable_of_the_compose_file_is_explained_and_known(
    compose: dict[str, Any],
) -> None:
    from core.settings import Settings

    text = (ROOT / "compose.yaml").read_text()
    runbook = (ROOT / "docs/runbook.md").read_text()
    variables = set(re.findall(r"\$\{([A-Z_]+)", text))
    assert {"METRICS_TOKEN", "TOKEN_SECRET_PREVIOUS", "APP_PASSWORD"} <= variables
    assert [name for name in sorted(variables) if f"`{name}`" not in runbook] == []
    handed = set(compose["services"]["migrate"]["environment"]) - {"FORWARDED_ALLOW_IPS"}
    assert handed <= {name.upper() for name in Settings.model_fields}


def test_the_runbook_names_every_metric() -> None:
    """What is measured is explained, and what is explained is measured."""
    runbook = (ROOT / "docs/runbook.md").read_text()
    sources = (ROOT / "api/metrics.py").read_text()
    measured = set(re.findall(r'"(iacrm_[a-z_]+)"', sources))
    told = set(re.findall(r"`(iacrm_[a-z_]+?)(?:_total)?[`{]", runbook))
    assert told == measured
