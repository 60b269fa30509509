"""The audit of the pinned packages: a planted pin proves that its advisories can be believed."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from scripts.audit_dependencies import (
    CLEAN,
    FOUND,
    PLANTED,
    UNREACHABLE,
    main,
    not_looked_up,
    pins_of,
)

ADVISORY = {
    "id": "GHSA-0000-0000-0001",
    "modified": "2026-01-01T00:00:00Z",
    "summary": "A hole",
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": "x"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "9.0"}]}],
        }
    ],
}


@contextmanager
def advisories(*vulnerable: tuple[str, str]) -> Iterator[str]:
    """Serve advisories on loopback that know these packages to be vulnerable; yield the URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            package = (asked["package"]["name"], asked["version"])
            known = package in vulnerable
            mine = json.loads(json.dumps(ADVISORY).replace('"x"', json.dumps(package[0])))
            body = json.dumps({"vulns": [mine]} if known else {}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1/query"
    server.shutdown()
    server.server_close()


@pytest.fixture
def audit(tmp_path: Path) -> Callable[[str], int]:
    """Return a function that audits two pins against advisories at a URL."""
    pins = tmp_path / "pins.txt"
    pins.write_text("Good.Name==1.0 \\\n    --hash=sha256:00\nother[extra]==2.0\n")
    return lambda url: main(["--advisories", url, "--pins", str(pins)])


def test_pins_that_nothing_is_known_of_pass(
    audit: Callable[[str], int], capsys: pytest.CaptureFixture[str]
) -> None:
    with advisories(PLANTED) as url:
        assert audit(url) == CLEAN
    assert "2 pinned packages were looked up" in capsys.readouterr().out


def test_a_requirement_without_a_version_fails_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pins = tmp_path / "pins.txt"
    pins.write_text(
        "# made\ngood==1.0 \\\n    --hash=sha256:00\n    # via x\nother>=2.0\n-e git+x\n"
    )
    with advisories(PLANTED) as url:
        assert main(["--advisories", url, "--pins", str(pins)]) == FOUND
    said = capsys.readouterr().out
    assert "other>=2.0 is no pin" in said
    assert "-e git+x is no pin" in said


def test_a_vulnerable_pin_fails_by_name(
    audit: Callable[[str], int], capsys: pytest.CaptureFixture[str]
) -> None:
    with advisories(PLANTED, ("other", "2.0")) as url:
        assert audit(url) == FOUND
    assert "other 2.0 is vulnerable: GHSA-0000-0000-0001" in capsys.readouterr().out


def test_advisories_that_know_nothing_are_not_believed(audit: Callable[[str], int]) -> None:
    with advisories() as url:
        assert audit(url) == FOUND


def test_advisories_out_of_reach_are_not_taken_for_clean(
    audit: Callable[[str], int], capsys: pytest.CaptureFixture[str]
) -> None:
    with advisories() as url:
        pass
    assert audit(url) == UNREACHABLE
    assert "NOT AUDITED" in capsys.readouterr().out


def test_a_skipped_package_counts_as_not_looked_up() -> None:
    report = {
        "dependencies": [
            {"name": "good-name", "version": "1.0", "vulns": []},
            {"name": "other", "skip_reason": "not found"},
        ]
    }
    pins = [("Good.Name", "1.0"), ("other", "2.0"), ("third", "3.0")]
    assert not_looked_up(pins, report) == [
        "other 2.0 was not looked up",
        "third 3.0 was not looked up",
    ]


def test_every_pinned_package_of_the_project_is_asked_for() -> None:
    root = Path(__file__).resolve().parents[2]
    files = [root / "requirements-dev.txt", root / "requirements-uv.txt"]
    hashed = sum(path.read_text().count("==") for path in files)
    assert len(pins_of(files)) == hashed
