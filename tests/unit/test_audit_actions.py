"""The audit trail in words: each detail recorded has a title, and no title is left over."""

import ast
from dataclasses import fields
from pathlib import Path

from core.services.audit_actions import DETAIL_TITLES
from core.store.retention import RetentionRule

ROOT = Path(__file__).resolve().parents[2]
RECORDING = {"record", "record_alone", "record_of_person"}
# Recorded by mappings: two that are unpacked, one for each product whose labels are decided.
UNPACKED = {*(field.name for field in fields(RetentionRule)), "people", "rows", "labels"}


def recorded_names() -> set[str]:
    calls = (
        node
        for path in sorted((ROOT / "core").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
    )
    return {
        keyword.arg
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id in RECORDING
        for keyword in call.keywords
        if keyword.arg
    }


def test_every_detail_has_a_title() -> None:
    assert set(DETAIL_TITLES) == recorded_names() | UNPACKED
