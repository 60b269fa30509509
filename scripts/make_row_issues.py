"""Write docs/row-issues.md from the registry of row issues.

Run as `python -m scripts.make_row_issues`.
"""

from pathlib import Path

from core.ingest.issues import ISSUES, Effect

TARGET = Path("docs") / "row-issues.md"

_HEAD = """# Row issues

Every code a row of a file can carry, generated from `core/ingest/issues.py`. A row keeps all its
issues, each with line, column and value.
"""
_TITLES = {
    Effect.REJECT: "Rejected: the row is not loaded",
    Effect.HOLD: "Held: the row waits",
    Effect.WARN: "Warning: the row is loaded",
}


def write_page() -> str:
    """Return the text of the page."""
    parts = [_HEAD]
    for effect, title in _TITLES.items():
        rows = [
            f"| `{issue.code}` | {issue.sentence} | {issue.remedy} |"
            for issue in ISSUES.values()
            if issue.effect is effect
        ]
        parts.append(
            "\n".join(
                [f"## {title}\n", "| code | meaning | what to do |", "|---|---|---|", *rows, ""]
            )
        )
    return "\n".join(parts)


if __name__ == "__main__":
    TARGET.write_text(write_page(), encoding="utf-8")
