"""Every command of the documentation runs as written, and prints the keys it promises."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.prepared_commands import PreparedCommands

ROOT = Path(__file__).resolve().parents[2]
_BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)
_FILE_KEYS = {
    "name", "kind", "rows_in", "loaded", "unchanged", "merged", "duplicate", "held", "rejected",
    "anonymous",
}  # fmt: skip
_STATUS_KEYS = {
    "campaign_id", "run_id", "review_no", "template", "batch_size", "mode", "state", "planned",
    "sent", "failed", "suppressed", "shared", "review", "cancelled", "unconfirmed", "pending",
    "difference", "pause_reason", "start_at", "held_out", "holdout_share",
}  # fmt: skip


def _commands(document: str) -> list[str]:
    blocks = _BLOCK.findall((ROOT / document).read_text(encoding="utf-8"))
    return [line for block in blocks for line in block.splitlines() if line.strip()]


def _environment(folder: Path, pythons: Path = Path(sys.executable).parent) -> dict[str, str]:
    return {
        **os.environ,
        "PATH": f"{pythons}{os.pathsep}{os.environ['PATH']}",
        "DATABASE_URL": f"sqlite:///{folder}/crm.db",
        "DATA_DIR": f"{folder}/data",
        "LANG": "C",
        "LC_ALL": "C",
    }


def _run(script: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip


@pytest.fixture(scope="module")
def pythons(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a `python` that starts at once; the README is held to the real one."""
    with PreparedCommands(tmp_path_factory.mktemp("prepared")) as prepared:
        yield prepared.folder


@pytest.fixture(scope="module")
def printed(pythons: Path, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, object]]:
    """Run the whole page in one shell; return the JSON objects it prints."""
    folder = tmp_path_factory.mktemp("cli")
    script = "\n".join(_commands("docs/cli.md")).replace("--out out", f"--out {folder}/out")
    script = script.replace("/var/backups", str(folder))
    done = _run(script, _environment(folder, pythons))
    assert done.returncode == 0, done.stderr
    assert len(list((folder / "out").iterdir())) == 11  # ten of a run, the audit trail
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def test_import_prints_what_the_page_promises(printed: list[dict[str, object]]) -> None:
    plan, load = printed[:2]
    assert (plan["status"], load["status"]) == ("planned", "loaded")
    for report in (plan, load):
        assert {"import_id", "tenant", "as_of", "report", "totals", "files"} <= set(report)
        assert all(set(file) >= _FILE_KEYS for file in report["files"])  # type: ignore[attr-defined]
    assert Path(str(load["report"])).is_file()
    assert not Path(str(plan["report"])).exists()


def test_backtest_prints_what_the_page_promises(printed: list[dict[str, object]]) -> None:
    (report,) = (one for one in printed if "comparisons" in one)
    promised = (ROOT / "docs/backtest.md").read_text(encoding="utf-8")
    assert sorted(key for key in report if f"`{key}`" not in promised) == []
    assert report["verdict"] == "better"
    for system in report["systems"]:  # type: ignore[attr-defined]
        assert sorted(key for key in system if f"`{key}`" not in promised) == []


def test_bare_baskets_are_scored_as_text_and_as_json(
    prepared: dict[str, str], tmp_path: Path
) -> None:
    drawn = {str(n): [[-1], [n % 5], [n % 5, 7], [n % 3], [-1]] for n in range(60)}
    (tmp_path / "past.json").write_text(json.dumps(drawn))
    then = {name: [[-1], [int(name) % 5], [-1]] for name in drawn}
    (tmp_path / "next.json").write_text(json.dumps(then))
    command = (
        f"python -m core backtest --baskets {tmp_path}/past.json --future {tmp_path}/next.json"
    )
    text, data = (_run(f"{command} {more}", prepared) for more in ("--k 3", "--json"))
    assert (text.returncode, data.returncode) == (0, 0), text.stderr + data.stderr
    assert "Own habits, then popular (GP-TopFreq)" in text.stdout
    assert json.loads(data.stdout)["customers"] == 60


def test_campaign_prints_a_journal_that_adds_up(printed: list[dict[str, object]]) -> None:
    sent, shown = (one for one in printed if "campaign_id" in one)
    for status in (sent, shown):
        assert set(status) == _STATUS_KEYS
        assert status["difference"] == 0
        assert status["sent"]


def test_a_dry_push_of_contacts_prints_counts_that_add_up(
    printed: list[dict[str, object]],
) -> None:
    (plan,) = (one for one in printed if "opted_out" in one)
    promised = (ROOT / "docs/cli.md").read_text(encoding="utf-8").partition("## Contacts")[2]
    assert sorted(key for key in plan if not re.search(rf"\b{key}\b", promised)) == []
    lost = ("without_address", "suppressed", "shared", "contacts")
    assert plan["customers"] == sum(int(str(plan[key])) for key in lost)
    assert (plan["live"], plan["unchanged"], plan["changed"]) == (False, 0, plan["contacts"])


def test_privacy_prints_whom_it_erased_and_in_which_counts(
    printed: list[dict[str, object]],
) -> None:
    (found,) = (one for one in printed if set(one) == {"customers", "addresses"})
    (done,) = (one for one in printed if "request_id" in one)
    (due,) = (one for one in printed if "prospect_months" in one)
    (again,) = (one for one in printed if "erased_again" in one)
    assert found["customers"] == ["C00001"]
    assert done["state"] == "done"
    assert set(due) == {"people", "prospect_months", "customer_months", "due"}
    assert again == {"erased_again": 0, "unusable": 0}


def test_a_check_finds_nothing_wrong_with_what_was_restored(
    printed: list[dict[str, object]],
) -> None:
    assert {"found": []} in printed


def test_users_are_printed_as_the_page_promises(printed: list[dict[str, object]]) -> None:
    created, reset = (one for one in printed if set(one) == {"username", "password"})
    assert [created["username"], reset["username"]] == ["paul", "anna"]
    assert created["password"] != reset["password"]
    (listed,) = (one["users"] for one in printed if "users" in one)
    promised = (ROOT / "docs/cli.md").read_text(encoding="utf-8").partition("## Users")[2]
    for user in listed:  # type: ignore[attr-defined]
        assert sorted(key for key in user if f"`{key}`" not in promised) == []
    assert {"username": "lea", "active": False} in printed


def test_the_readme_leads_from_nothing_to_a_run(tmp_path: Path) -> None:
    lines = [line for line in _commands("README.md") if "python -m core" in line]
    assert len(lines) == 5
    done = _run("\n".join(lines), _environment(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "2000 customers" in done.stdout


@pytest.fixture(scope="module")
def prepared(pythons: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of an instance with one tenant."""
    environment = _environment(tmp_path_factory.mktemp("refused"), pythons)
    script = "python -m core init && python -m core tenant add cave --name Cave"
    assert _run(script, environment).returncode == 0
    return environment


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        ("import --tenant cave", 2, "Missing argument"),
        ("import --tenant nobody samples/isavigne", 1, "There is no tenant nobody."),
        ("import --tenant cave nowhere.csv", 1, "There is no file or folder nowhere.csv."),
        ("import --tenant cave samples/messy", 1, "tax_rate"),
        ("run --tenant cave --as-of 2026-13-01", 2, "--as-of"),
        ("run --tenant cave --top-n 0", 1, "top_n"),
        ("export --tenant cave --run nothing --out $DATA_DIR/out", 1, "run"),
        ("tenant add ../up --name X", 1, "key"),
        ("backtest", 2, "--baskets"),
        ("backtest --tenant cave --baskets README.md", 2, "--tenant"),
        ("backtest --baskets README.md", 2, "--future"),
        ("backtest --baskets nowhere.json --future README.md", 1, "nowhere.json cannot be read"),
        ("backtest --baskets README.md --future README.md", 1, "README.md is not JSON"),
        ("backtest --tenant nobody", 1, "There is no tenant nobody."),
        ("backtest --tenant cave --protocol sideways", 1, "There is no protocol sideways."),
        ("backtest --tenant cave --k 0", 1, "from 1 to 100"),
    ],
)
def test_wrong_input_ends_with_a_sentence(
    prepared: dict[str, str], arguments: str, code: int, sentence: str
) -> None:
    done = _run(f"python -m core {arguments}", prepared)
    assert done.returncode == code
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_french_sentences_for_a_french_shell(tmp_path: Path) -> None:
    environment = {**_environment(tmp_path), "LC_ALL": "fr_FR.UTF-8"}
    done = _run("python -m core init", environment)
    assert "La base de données est prête." in done.stderr
