"""Ask whether a pinned package has a known vulnerability, and whether the answer can be believed.

    python scripts/audit_dependencies.py

Exit code 0: every pin was looked up and none is known to be vulnerable; 1: one is, or was not
looked up; 3: no advisories can be reached, so nothing is known.

pip-audit says "no known vulnerabilities" too when it has skipped a package. So every pin is
counted, and a pin known to be vulnerable is planted: unless it is found, no answer is believed.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PINNED = ("requirements-dev.txt", "requirements-uv.txt")
PLANTED = ("jinja2", "2.4.1")
ADVISORIES = "https://api.osv.dev/v1/query"
CLEAN, FOUND, UNREACHABLE = 0, 1, 3
_PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", re.MULTILINE)
_OTHER = ("#", "--")  # a remark; a hash or an option, which names no package
_SILENT_SECONDS = 20
_LINE = "=" * 80


def main(arguments: Sequence[str] | None = None) -> int:
    """Audit the pins of the project, print what was found, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--advisories", default=ADVISORIES, help="URL of an OSV query service")
    parser.add_argument("--pins", type=Path, nargs="*", default=[ROOT / name for name in PINNED])
    chosen = parser.parse_args(arguments)
    planted = ask([PLANTED], chosen.advisories)
    if planted is None:
        say(f"{_LINE}\nNOT AUDITED: no advisories can be reached. Nothing is known of the pinned")
        say(f"packages; audit them where the network permits it.\n{_LINE}")
        return UNREACHABLE
    if not vulnerable(planted):
        say("The advisories do not know a vulnerable pin that was planted: they prove nothing.")
        return FOUND
    return tell(pins_of(chosen.pins), chosen.advisories, unpinned(chosen.pins))


def tell(
    pins: Sequence[tuple[str, str]], advisories: str, unpinned_lines: Sequence[str] = ()
) -> int:
    """Audit `pins`, print each that is vulnerable or was not looked up; return the exit code."""
    report = ask(pins, advisories)
    if report is None:
        say("The advisories answered once and then no more. Run the audit again.")
        return FOUND
    nowhere = [f"{line} is no pin and was not looked up" for line in unpinned_lines]
    problems = [*vulnerable(report), *not_looked_up(pins, report), *nowhere]
    for problem in problems:
        say(problem)
    if not problems:
        say(f"{len(pins)} pinned packages were looked up; no vulnerability of them is known.")
    return FOUND if problems else CLEAN


def say(line: str) -> None:
    """Write a line to standard output."""
    sys.stdout.write(f"{line}\n")


def pins_of(files: Sequence[Path]) -> list[tuple[str, str]]:
    """Return name and version of each pinned package, by name."""
    found = {pin for path in files for pin in _PIN.findall(path.read_text(encoding="utf-8"))}
    return sorted(found)


def unpinned(files: Sequence[Path]) -> list[str]:
    """Return the requirements that name no single version: nobody can look them up."""
    lines = (line for path in files for line in path.read_text(encoding="utf-8").splitlines())
    told = (line.partition(" #")[0].strip() for line in lines)
    return [
        line.rstrip("\\ ")
        for line in told
        if line and not line.startswith(_OTHER) and not _PIN.match(line)
    ]


def ask(pins: Sequence[tuple[str, str]], advisories: str) -> dict[str, Any] | None:
    """Return pip-audit's report on `pins`, None when the advisories do not answer."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as stream:
        stream.writelines(f"{name}=={version}\n" for name, version in pins)
        stream.flush()
        command = [
            *(sys.executable, "-m", "pip_audit", "--requirement", stream.name),
            *("--no-deps", "--disable-pip", "--format", "json", "--progress-spinner", "off"),
            *("--vulnerability-service", "osv", "--osv-url", advisories),
            *("--timeout", str(_SILENT_SECONDS)),
        ]
        said = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    try:
        report: dict[str, Any] = json.loads(said.stdout)
    except ValueError:
        return None
    return report


def vulnerable(report: dict[str, Any]) -> list[str]:
    """Return a line for each vulnerability in the report."""
    return [
        f"{package['name']} {package['version']} is vulnerable: {vulnerability['id']},"
        f" mended in {', '.join(vulnerability['fix_versions']) or 'no version yet'}"
        for package in report["dependencies"]
        for vulnerability in package.get("vulns", ())
    ]


def not_looked_up(pins: Sequence[tuple[str, str]], report: dict[str, Any]) -> list[str]:
    """Return a line for each pin that the report skips or does not name."""
    looked_up = {
        (_one_name(package["name"]), package["version"])
        for package in report["dependencies"]
        if "skip_reason" not in package
    }
    return [
        f"{name} {version} was not looked up"
        for name, version in pins
        if (_one_name(name), version) not in looked_up
    ]


def _one_name(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    sys.exit(main())
