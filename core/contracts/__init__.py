"""Every column of every file and frame: the one place where a column name is spelled.

A file speaks of `client_code`, an output file of `customer_code`, the code of `customer`: the
three meet here.
"""

from core.contracts.addresses import normalise_address
from core.contracts.clients import CLIENT_COLUMNS
from core.contracts.columns import DUCKDB_TYPES, Column, ColumnType, fold
from core.contracts.contacts import CONTACT_COLUMNS, CONTACT_STATUSES
from core.contracts.dataset import DATASET_TABLES
from core.contracts.files import BLANK_ALLOWED, COLUMNS, FILE_KIND_TITLES, REQUIRED_GROUPS, FileKind
from core.contracts.outputs import (
    AUDIT_OUTPUT,
    CALL_LIST,
    EXTRA_RULES,
    NEXT_ACTION_OUTPUT,
    REASON_LOW_SCORE,
    REASON_NO_RECOMMENDATION,
    REASON_OK,
    RECO_OUTPUT,
    SCENARIO_TITLES,
    USUAL_SEVERITIES,
    RuleCode,
    RunVersion,
    Scenario,
    Severity,
)
from core.contracts.products import AROMA_FIELDS, PRODUCT_COLUMNS
from core.contracts.sales import SALE_COLUMNS

__all__ = [
    "AROMA_FIELDS",
    "AUDIT_OUTPUT",
    "BLANK_ALLOWED",
    "CALL_LIST",
    "CLIENT_COLUMNS",
    "COLUMNS",
    "CONTACT_COLUMNS",
    "CONTACT_STATUSES",
    "DATASET_TABLES",
    "DUCKDB_TYPES",
    "EXTRA_RULES",
    "FILE_KIND_TITLES",
    "NEXT_ACTION_OUTPUT",
    "PRODUCT_COLUMNS",
    "REASON_LOW_SCORE",
    "REASON_NO_RECOMMENDATION",
    "REASON_OK",
    "RECO_OUTPUT",
    "REQUIRED_GROUPS",
    "SALE_COLUMNS",
    "SCENARIO_TITLES",
    "USUAL_SEVERITIES",
    "Column",
    "ColumnType",
    "FileKind",
    "RuleCode",
    "RunVersion",
    "Scenario",
    "Severity",
    "fold",
    "normalise_address",
]
