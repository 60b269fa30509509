"""List and facts to issues, score and verdict."""

from core.audit.addresses import check_addresses, is_deliverable
from core.audit.gate import decide
from core.audit.repair import repair_lists
from core.audit.rules import RULES, Level, Rule, find_issues

__all__ = [
    "RULES",
    "Level",
    "Rule",
    "check_addresses",
    "decide",
    "find_issues",
    "is_deliverable",
    "repair_lists",
]
