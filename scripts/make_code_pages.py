"""Write the pages that say what the code says: codes, columns, the policy's values.

Run as `python -m scripts.make_code_pages`; a test compares the pages with what this writes.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from core.contracts import (
    BLANK_ALLOWED,
    COLUMNS,
    FILE_KIND_TITLES,
    REQUIRED_GROUPS,
    SCENARIO_TITLES,
    Column,
    ColumnType,
    FileKind,
    Scenario,
)
from core.ingest.warning_table import RULES as IMPORT_WARNINGS
from core.outreach.audience import LOSS_SENTENCES
from core.outreach.outcomes import PAUSE_SENTENCES
from core.policy import CUSTOMER_STATES, STATE_TITLES, Weights
from core.services.policy_fields import PolicyField, policy_fields, said
from core.services.policy_words import (
    COMPONENT_WORDS,
    COMPONENTS,
    GROUP_QUESTIONS,
    GROUP_TITLES,
    Group,
)
from core.services.run_summary import RUN_WARNINGS
from core.services.run_words import REASON_TITLES
from ui.views.column_titles import COLUMN_TITLES

FOLDER = Path("docs") / "analyst"
_LANGUAGE = "en"
_CODES_HEAD = """# Other codes

Every code that is neither an [audit rule](../audit.md) nor a [row issue](../row-issues.md), with
the sentence that the application says of it. "…" stands for a name or a number.
"""
_VALUES_HEAD = """# Every number of the policy

What a company can set on the page *Settings*, or by `python -m core policy --set NAME=VALUE`. How
versions and the preview work stands in [the policy](../policy.md), how the numbers are used in
[the recommender](../recommender.md) and in [the audit](../audit.md).
"""
_COLUMNS_HEAD = """# The columns of the files

What a file may hold. Only what is marked ● has to be there. Other columns are kept aside and
reported. A header is known in any spelling of case, accents, spaces, `_` and `-`, under any of the
names that stand here; every other one is mapped once and remembered. How cells are read stands in
[importing files](../import.md#what-is-read).
"""
_READ_AS: Mapping[ColumnType, str] = {
    ColumnType.TEXT: "text",
    ColumnType.CODE: "code: `007` stays `007`",
    ColumnType.EMAIL: "e-mail address",
    ColumnType.BOOLEAN: "yes or no",
    ColumnType.INTEGER: "whole number",
    ColumnType.DECIMAL: "number",
    ColumnType.MONEY: "amount",
    ColumnType.QUANTITY: "quantity",
    ColumnType.VOLUME: "volume in cl",
    ColumnType.DATE: "date",
    ColumnType.CHOICE: "one of",
}


def write_codes() -> str:
    """Return the page of the codes."""
    grave = [
        [w.code, "●" if w.is_grave else "", w.sentence, w.remedy] for w in IMPORT_WARNINGS.values()
    ]
    return "\n".join(
        [
            _CODES_HEAD,
            _section(
                "Why a customer is not written to",
                "`reason` in `next_action_output`, and the bars of *Quality control*.",
                ["code", "title"],
                _coded(REASON_TITLES),
            ),
            _section(
                "Warnings about an import",
                "A warning refuses nothing. After one marked ● an import from the inbox waits for"
                " a person. When each is given: [what the review shows]"
                "(../import.md#what-the-review-shows).",
                ["code", "grave", "what it says", "what to do"],
                ([f"`{code}`", *rest] for code, *rest in grave),
            ),
            _section(
                "Warnings about a run",
                "In `run_summary.json`, and at the top of the run.",
                ["code", "what it says"],
                _coded(RUN_WARNINGS),
            ),
            _section(
                "Who is lost on the way to a message",
                "Beside the audit rules, which are asked again when a message is prepared and"
                " when it is sent.",
                ["code", "what it says"],
                _coded(LOSS_SENTENCES),
            ),
            _section(
                "Why a campaign stands still",
                "`pause_reason` on the command line and in the API.",
                ["code", "what it says"],
                _coded(PAUSE_SENTENCES),
            ),
        ]
    )


def write_values() -> str:
    """Return the page of the policy's values."""
    fields = list(policy_fields().values())
    parts = [_VALUES_HEAD]
    for group in Group:
        of_group = [field for field in fields if field.group is group]
        columns, rows = _TABLES.get(group, _plain_table)(of_group)
        parts.append(_section(GROUP_TITLES[group], GROUP_QUESTIONS[group], columns, rows))
    return "\n".join(parts)


def write_columns() -> str:
    """Return the page of the columns of each kind of file."""
    titles = ["column", "", "on the screen", "read as", "known under"]
    sections = (
        _section(
            f"{FILE_KIND_TITLES[kind]}: `{kind.value}`",
            _required_groups(kind),
            titles,
            (_column_row(column) for column in COLUMNS[kind]),
        )
        for kind in FileKind
    )
    return "\n".join([_COLUMNS_HEAD, *sections])


def _required_groups(kind: FileKind) -> str:
    required = ", ".join(f"`{column.name}`" for column in COLUMNS[kind] if column.required)
    groups = (
        "; and " + " or ".join(f"`{name}`" for name in group) for group in REQUIRED_GROUPS[kind]
    )
    blank = "".join(f" A cell of `{name}` may be blank." for name in sorted(BLANK_ALLOWED[kind]))
    return f"Needed: {required}{''.join(groups)}.{blank}"


def _column_row(column: Column) -> list[str]:
    read_as = _READ_AS[column.type]
    if column.choices:
        read_as += " " + ", ".join(
            f"`{choice}`" for choice in dict.fromkeys(column.choices.values())
        )
    return [
        f"`{column.name}`",
        "●" if column.required else "",
        COLUMN_TITLES[column.name],
        read_as,
        ", ".join(column.synonyms),
    ]


Table = tuple[list[str], Iterable[list[str]]]


def _plain_table(fields: list[PolicyField]) -> Table:
    rows = [
        [f"`{f.name}`", f.title_in(_LANGUAGE), _value(f), _range(f), f.explanation] for f in fields
    ]
    return ["name", "title", "default", "range", "meaning"], rows


def _weights_table(fields: list[PolicyField]) -> Table:
    """A row per component: the names are `weights.<scenario>.<component>`."""
    defaults = {field.name: _value(field) for field in fields}
    rows = [
        [f"`{component}`", COMPONENTS[component]]
        + [defaults[f"weights.{scenario.value}.{component}"] for scenario in Scenario]
        + [COMPONENT_WORDS[component]]
        for component in Weights.model_fields
    ]
    columns = ["`weights.….…`", "title", *(f"`{s.value}`" for s in Scenario), "meaning"]
    return columns, rows


def _quotas_table(fields: list[PolicyField]) -> Table:
    """A row per state: the names are `quotas.<state>.<scenario>`."""
    defaults = {field.name: _value(field) for field in fields}
    rows = [
        [f"`{state}`", STATE_TITLES[state]]
        + [defaults[f"quotas.{state}.{scenario.value}"] for scenario in Scenario]
        for state in CUSTOMER_STATES
    ]
    titles = (f"{SCENARIO_TITLES[s]} `{s.value}`" for s in Scenario)
    return ["`quotas.….…`", "title", *titles], rows


_TABLES: Mapping[Group, Callable[[list[PolicyField]], Table]] = {
    Group.WEIGHTS: _weights_table,
    Group.QUOTAS: _quotas_table,
}


def _value(field: PolicyField) -> str:
    shown = said(field.default, _LANGUAGE)
    return f"{shown} (`{field.default}`)" if isinstance(field.default, str) else shown


def _range(field: PolicyField) -> str:
    if field.choices:
        return " ".join(f"`{choice}`" for choice in field.choices)
    least = f"above {field.least:g}" if field.is_above_least else f"{field.least:g}"
    unit = f" {field.unit}" if field.unit else ""
    return f"{least} to {field.greatest:g}{unit}"


def _coded(sentences: Mapping[str, str]) -> list[list[str]]:
    return [[f"`{code}`", sentence] for code, sentence in sentences.items()]


def _section(title: str, lead: str, columns: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a heading with its lead and a table."""
    columns = list(columns)
    lines = [_row(columns), "|" + "---|" * len(columns), *(_row(row) for row in rows)]
    return "\n".join([f"## {title}", "", lead, "", *lines, ""])


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(_readable(cell) for cell in cells) + " |"


def _readable(sentence: str) -> str:
    """Return a sentence of the catalogue with its placeholders as dots."""
    return re.sub(r"%\(\w+\)s", "…", sentence).replace("%%", "%")


PAGES: Mapping[str, Callable[[], str]] = {
    "codes.md": write_codes,
    "columns.md": write_columns,
    "policy-values.md": write_values,
}

if __name__ == "__main__":
    for name, write in PAGES.items():
        (FOLDER / name).write_text(write(), encoding="utf-8")
