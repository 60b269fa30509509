"""What every suite shares: markers by folder, a closed environment, and no silent skips."""

import os
import random
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent
_NEVER_SKIPPED = tuple(
    f"tests/{suite}/" for suite in ("browser", "contract", "golden", "isolation", "pages")
)
# The same drawn examples every time, unless `--hypothesis-profile=drawn` asks for others and prints
# what repeats a failure.
settings.register_profile("same", derandomize=True)
settings.register_profile("drawn", print_blob=True)
settings.load_profile("same")
# Where the environment forbids bytecode, each of some sixty processes that tests start would
# compile every library anew: one to three seconds.
if os.environ.pop("PYTHONDONTWRITEBYTECODE", None):
    os.environ.setdefault("PYTHONPYCACHEPREFIX", str(ROOT / ".pytest_cache" / "bytecode"))
SAMPLE_SEED = "IACRM_SAMPLE_SEED"
_CLOSED = ("DATABASE_URL", "DATABASE_OWNER_URL", "DATA_DIR", "BREVO_API_KEY", "BREVO_DRY_RUN")


def pytest_configure(config: pytest.Config) -> None:
    """Draw the seed of the samples once, for the workers too."""
    os.environ.setdefault(SAMPLE_SEED, str(random.randrange(1_000_000)))


def pytest_report_header(config: pytest.Config) -> str:
    """Say how the same sample is drawn again."""
    return f"{SAMPLE_SEED}={os.environ[SAMPLE_SEED]}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out of a short run what the samples of the long matrices do not hold."""
    if config.option.markexpr != "not full":
        return
    left_out = _beyond_the_samples(items) | _on_the_other_store(items) | _in_the_other_worlds(items)
    if left_out:
        config.hook.pytest_deselected(items=[item for item in items if item in left_out])
        items[:] = [item for item in items if item not in left_out]


def _beyond_the_samples(items: list[pytest.Item]) -> set[pytest.Item]:
    matrices = defaultdict(list)
    for item in items:
        if mark := item.get_closest_marker("sampled"):
            matrices[item.nodeid.partition("[")[0], mark.kwargs["one_in"]].append(item)
    left_out = set()
    for (name, one_in), cases in matrices.items():
        kept = _chance(name).sample(cases, -(-len(cases) // one_in))
        left_out |= set(cases) - set(kept)
    return left_out


def _on_the_other_store(items: list[pytest.Item]) -> set[pytest.Item]:
    """Return all cases but one of each that differ in their store alone, and need not have both."""
    cases = defaultdict(list)
    for item in items:
        given = dict(item.callspec.indices) if hasattr(item, "callspec") else {}
        if "store" in given and not any(map(item.get_closest_marker, ("both_stores", "sampled"))):
            given.pop("store")
            cases[item.nodeid.partition("[")[0], *sorted(given.items())].append(item)
    return {
        item
        for case, stores in cases.items()
        for item in set(stores) - {_chance(str(case)).choice(stores)}
    }


def _in_the_other_worlds(items: list[pytest.Item]) -> set[pytest.Item]:
    """Return the cases of all worlds but those of one kind, drawn: each kind takes two minutes."""
    indices = {
        item: item.callspec.indices["worlds"]
        for item in items
        if "worlds" in getattr(getattr(item, "callspec", None), "indices", ())
    }
    kept = _chance("worlds").choice(sorted(set(indices.values()) or [0]))
    return {item for item, index in indices.items() if index != kept}


def _chance(name: str) -> random.Random:
    return random.Random(f"{os.environ[SAMPLE_SEED]} {name}")


@pytest.fixture(scope="session", autouse=True)
def _closed_environment() -> None:
    """Keep the developer's own settings out of the tests."""
    for name in _CLOSED:
        os.environ.pop(name, None)


@pytest.fixture(scope="session", autouse=True)
def _no_waiting_for_the_disk() -> Iterator[None]:
    """Let SQLite commit into memory: no test takes the power away, and each commit takes 4 ms."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("core.store.engine.SYNCHRONOUS", "OFF")
        yield


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """With IACRM_NO_SKIPS=1 a skipped test of these suites fails the session."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("IACRM_NO_SKIPS") != "1" or reporter is None:
        return
    skipped = [
        report.nodeid
        for report in reporter.stats.get("skipped", [])
        if report.nodeid.startswith(_NEVER_SKIPPED)
    ]
    if skipped:
        reporter.write_line(f"Skipped, and must not be: {', '.join(skipped)}", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
