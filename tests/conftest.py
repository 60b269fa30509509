"""What every suite shares: markers by folder, a closed environment, and no silent skips."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent
_NEVER_SKIPPED = ("tests/browser/", "tests/contract/", "tests/golden/", "tests/pages/")
# The same drawn examples every time, unless `--hypothesis-profile=drawn` asks for others and prints
# what repeats a failure.
settings.register_profile("same", derandomize=True)
settings.register_profile("drawn", print_blob=True)
settings.load_profile("same")
# Where the environment forbids bytecode, each of some sixty processes that tests start would
# compile every library anew: one to three seconds.
if os.environ.pop("PYTHONDONTWRITEBYTECODE", None):
    os.environ.setdefault("PYTHONPYCACHEPREFIX", str(ROOT / ".pytest_cache" / "bytecode"))
_CLOSED = ("DATABASE_URL", "DATABASE_OWNER_URL", "DATA_DIR", "BREVO_API_KEY", "BREVO_DRY_RUN")


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
    """With IACRM_NO_SKIPS=1 a skipped browser, Postgres or contract test fails the session."""
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
