"""Files of the documentation's site that are kept elsewhere: the changelog, the logo, the icon.

A hook of `mkdocs.yml`.
"""

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent
KEPT_ELSEWHERE = {
    "changes.md": "CHANGELOG.md",
    "pictures/logo.svg": "ui/static/logo.svg",
    "pictures/favicon.svg": "ui/static/favicon.svg",
}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add each file under the name by which the site knows it."""
    for name, place in KEPT_ELSEWHERE.items():
        files.append(File.generated(config, name, abs_src_path=str(ROOT / place)))
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Let the links of the changelog, which begin at the project's root, lead to the pages."""
    return markdown.replace("](docs/", "](") if page.file.src_uri == "changes.md" else markdown
