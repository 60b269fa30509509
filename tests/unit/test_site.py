"""The documentation is built as a site: no broken link, no page left out, nothing from outside."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOADING = {"script", "link", "img", "iframe", "source", "video", "audio", "object", "embed"}
ADDRESSES = {"src", "href", "srcset", "data", "poster"}
_OUTSIDE = re.compile(r"^\s*(https?:)?//", re.IGNORECASE)
_STYLE_ADDRESS = re.compile(r"""(?:url\(|@import)\s*["']?((?:https?:)?//[^"')\s]+)""")
_LEFT_MARKUP = re.compile(r"^\s*([-*] |\||```)|\]\(|\*\*|\|---", re.MULTILINE)


class ReadPage(HTMLParser):
    """What a built page loads, its pictures, and the text of its article that is no code."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.classes: set[str] = set()
        self.without_alt: list[str] = []
        self.text: list[str] = []
        self._within: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        self.classes.update(named.get("class", "").split())
        if tag in LOADING:
            self.loads += [value for name, value in named.items() if name in ADDRESSES]
        if tag == "img" and not named.get("alt"):
            self.without_alt.append(named.get("src", ""))
        if tag in {"article", "code", "pre"}:
            self._within.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in {"article", "code", "pre"}:
            self._within.pop()

    def handle_data(self, data: str) -> None:
        if self._within == ["article"]:
            self.text.append(data)


def built(config: Path, site: Path) -> subprocess.CompletedProcess[str]:
    """Build as `make docs` does, into another folder.

    Not quietly: `-q` hides warnings from the strictness too.
    """
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", config, "-d", site],
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site."""
    folder = tmp_path_factory.mktemp("site")
    done = built(ROOT / "mkdocs.yml", folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, ReadPage]:
    """Every built page, read once."""
    return {
        page.relative_to(site).as_posix(): ReadPage(page.read_text(encoding="utf-8"))
        for page in sorted(site.rglob("*.html"))
    }


def test_every_document_is_a_page(pages: dict[str, ReadPage]) -> None:
    documents = (ROOT / "docs").rglob("*.md")
    wanted = {path.relative_to(ROOT / "docs").with_suffix(".html").as_posix() for path in documents}
    assert len(wanted) > 50
    assert wanted - set(pages) == set()


def test_nothing_is_loaded_from_outside(pages: dict[str, ReadPage], site: Path) -> None:
    assert [path for page in pages.values() for path in page.loads] != []
    outside = [
        (name, path) for name, page in pages.items() for path in page.loads if _OUTSIDE.search(path)
    ]
    assert outside == []
    styles = list(site.rglob("*.css"))
    assert styles != []
    assert [url for path in styles for url in _STYLE_ADDRESS.findall(path.read_text())] == []
    # Where a page has such a diagram the theme's own script fetches a program from outside.
    assert [name for name, page in pages.items() if "mermaid" in page.classes] == []


def test_no_markup_is_left_in_a_text(pages: dict[str, ReadPage]) -> None:
    """A list without a blank line before it, for instance, would be run into its paragraph."""
    assert [
        (name, text)
        for name, page in pages.items()
        for text in page.text
        if _LEFT_MARKUP.search(text)
    ] == []


def test_every_picture_says_what_it_shows(pages: dict[str, ReadPage]) -> None:
    article = {name: page.without_alt for name, page in pages.items()}
    logo = re.compile(r"pictures/(logo|favicon)\.svg$")
    assert [path for paths in article.values() for path in paths if not logo.search(path)] == []


def test_words_and_codes_are_found(site: Path) -> None:
    index = json.loads((site / "search" / "search_index.json").read_text(encoding="utf-8"))
    found = " ".join(entry["title"] + entry["text"] for entry in index["docs"])
    assert all(word in found for word in ("OPTOUT_OR_BOUNCE", "UNKNOWN_LABEL", "silence window"))


def test_make_docs_is_as_strict_and_leaves_nothing_to_commit() -> None:
    recipe = re.search(r"^docs: .*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert recipe is not None
    assert "mkdocs build --strict\n" in recipe[1]
    assert "/site/" in (ROOT / ".gitignore").read_text().splitlines()


def test_a_broken_link_and_a_forgotten_page_stop_it(tmp_path: Path) -> None:
    """The build is as strict as it has to be: by the same settings, with pages that are wrong."""
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "index.md").write_text("[a](gone.md) [b](other.md#nowhere) ![c](gone.png)")
    (folder / "other.md").write_text("# Other")
    (folder / "forgotten.md").write_text("# Forgotten")
    (tmp_path / "mkdocs.yml").write_text("\n".join(_settings(folder)))
    done = built(tmp_path / "mkdocs.yml", tmp_path / "site")
    assert done.returncode != 0
    for wrong in ("gone.md", "#nowhere", "gone.png", "forgotten.md"):
        assert wrong in done.stderr


def _settings(folder: Path) -> Iterator[str]:
    """The project's own settings for pages of two names, without the dressing."""
    yield f"INHERIT: {ROOT / 'mkdocs.yml'}"
    yield f"docs_dir: {folder}"
    yield "theme: {name: mkdocs, logo: null, favicon: null, palette: []}"
    yield "hooks: []"
    yield "plugins: []"
    yield "extra_css: []"
    yield "nav: [index.md, other.md]"
