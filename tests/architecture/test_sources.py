"""Every page begins with the guard, and the project names no machine or registry."""

import ast
import re
import subprocess
from pathlib import Path

from ui.navigation import PAGES

ROOT = Path(__file__).resolve().parents[2]
_FOREIGN = re.compile(r"/work/|/root/|/home/\w|pypi\.org|files\.pythonhosted|--index-url")


def test_every_page_begins_with_the_guard() -> None:
    files = {path.stem: path for path in (ROOT / "pages").glob("*.py") if path.stem != "__init__"}
    assert set(files) == {entry.path for entry in PAGES}
    for path in files.values():
        statements = re.findall(
            r"^[a-z_]+ = .*$|^with .*$|^st\..*$", path.read_text(), re.MULTILINE
        )
        assert statements[0] == "session = require_session()"


def test_nothing_of_people_goes_by_media() -> None:
    """Streamlit serves what these draw under /media, to anyone who has the address."""
    served = re.compile(r"\.(image|audio|video|pdf|download_button)\(")
    files = [*(ROOT / "ui").rglob("*.py"), *(ROOT / "pages").glob("*.py")]
    found = {
        (path.relative_to(ROOT).as_posix(), name)
        for path in files
        for name in served.findall(path.read_text(encoding="utf-8"))
    }
    logo, mapping = ("ui/sign_in.py", "image"), ("ui/views/upload_versions.py", "download_button")
    chart = ("ui/charts.py", "download_button")
    assert found == {logo, mapping, chart}
    for path in (ROOT / "ui" / "views").glob("customer_*.py"):
        text = path.read_text(encoding="utf-8")
        assert text.count("show_chart(") == text.count("is_of_person=True"), path.name


def test_no_tracked_file_names_a_machine_or_a_registry() -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    texts = [name for name in tracked if name.endswith((".py", ".md", ".toml", ".txt", ".yaml"))]
    naming = [
        name
        for name in texts
        if name != Path(__file__).relative_to(ROOT).as_posix()
        and _FOREIGN.search((ROOT / name).read_text(encoding="utf-8"))
    ]
    assert naming == []


def test_only_one_module_hands_out_compiled_functions() -> None:
    """Numba's own cache does not see changes in what a kernel calls: `core.compiled` does."""
    named = re.compile(r"^from numba import .*\bn?jit\b|\bnumba\.n?jit\b", re.MULTILINE)
    naming = [p.name for p in (ROOT / "core").rglob("*.py") if named.search(p.read_text())]
    assert naming == ["compiled.py"]


def test_no_sentence_hides_in_an_f_string() -> None:
    """The extraction of sentences does not look there: it would never become French."""
    hidden = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for package in ("api", "core", "etl", "pages", "ui")
        for path in (ROOT / package).rglob("*.py")
        for string in ast.walk(ast.parse(path.read_text()))
        if isinstance(string, ast.JoinedStr)
        for call in ast.walk(string)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id in ("_", "N_", "ngettext_", "translate_plural")
        and any(isinstance(argument, ast.Constant) for argument in call.args)
    ]
    assert hidden == []


def test_no_page_writes_a_colon_of_its_own() -> None:
    """French has a no-break space before it: `ui.i18n.titled` writes it in the reader's way."""
    written = [
        f"{path.relative_to(ROOT)}:{text.lineno}"
        for package in ("pages", "ui")
        for path in (ROOT / package).rglob("*.py")
        for text in ast.walk(ast.parse(path.read_text()))
        if isinstance(text, ast.Constant)
        and isinstance(text.value, str)
        and re.search(r"^: |\}: ", text.value)
    ]
    assert written == []


def test_everything_that_pages_keep_is_kept_by_company() -> None:
    """What is cached is global to the process, and what begins with `_` is not in its key."""
    keyed = re.compile(
        r"@st\.cache_(?:data|resource)\b(?:\(.*?\))?\s*\ndef (\w+)\(\s*(\w+)", re.DOTALL
    )
    texts = [p.read_text() for package in ("pages", "ui") for p in (ROOT / package).rglob("*.py")]
    kept = [found for text in texts for found in keyed.findall(text)]
    assert len(kept) == sum(text.count("@st.cache_") for text in texts)
    assert {name for name, first in kept if first != "tenant_id"} == set()
