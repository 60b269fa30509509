"""Brevo's contract as the tests hold it: the vendor's schemas, and strict ones of our own.

The vendor's schemas let unknown fields pass, and Brevo ignores them without a word; so each
request is held against a schema without unknown fields too, and each query against the
documented parameters.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema

FOLDER = Path(__file__).parent / "brevo"


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One operation of the vendor's document; `path` has its parameters in braces."""

    name: str
    method: str
    path: str
    pattern: re.Pattern[str]
    query: Mapping[str, Any]
    request: str | None
    replies: Mapping[str, Any]


@cache
def operations() -> tuple[Operation, ...]:
    """Return the operations that the client uses, those without parameters in the path first."""
    found = [
        Operation(name=name, pattern=_pattern_of(entry["path"]), **entry)
        for name, entry in read_schema("operations.vendor.json").items()
    ]
    return tuple(sorted(found, key=lambda operation: operation.path.count("{")))


def find_operation(method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
    """Return the operation of a request and the parameters in its path."""
    for operation in operations():
        match = operation.pattern.fullmatch(path)
        if match and operation.method == method:
            return operation, {name: unquote(text) for name, text in match.groupdict().items()}
    return None


def violations_of_request(operation: Operation, query: Mapping[str, str], body: bytes) -> list[str]:
    """Return what a request breaks of both contracts, without a value of it."""
    found = [
        f"{operation.name}: query {name}"
        for name, text in query.items()
        if name not in operation.query or not _is_value(operation.query[name], text)
    ]
    if operation.request is None:
        return found + ([f"{operation.name}: a body"] if body else [])
    try:
        content = json.loads(body)
    except ValueError:
        return [*found, f"{operation.name}: no JSON"]
    for kind in ("vendor", "strict"):
        found += _broken(
            validator(f"{operation.request}.{kind}.json"), content, operation.name, kind
        )
    return found


def violations_of_reply(operation: Operation, status: int, content: Any) -> list[str]:
    """Return what a reply of the double breaks of the vendor's contract."""
    schema = operation.replies.get(str(status))
    if schema is None:
        return []
    return _broken(_reply_validator(operation.name, status), content, operation.name, str(status))


@cache
def validator(file_name: str) -> Any:
    """Return the validator of a file in the folder of schemas."""
    return _validator_of(read_schema(file_name))


def read_schema(file_name: str) -> dict[str, Any]:
    """Return what a file in the folder of schemas holds."""
    found: dict[str, Any] = json.loads((FOLDER / file_name).read_text(encoding="utf-8"))
    return found


@cache
def _reply_validator(name: str, status: int) -> Any:
    (operation,) = (operation for operation in operations() if operation.name == name)
    return _validator_of(operation.replies[str(status)])


def _validator_of(schema: Any) -> Any:
    return jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())


def _broken(validator: Any, content: Any, name: str, kind: str) -> list[str]:
    if validator.is_valid(content):
        return []
    return [
        f"{name}: {error.json_path} against the {kind} schema: {error.validator}"
        for error in validator.iter_errors(content)
    ]


def _pattern_of(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path)))


def _is_value(schema: Mapping[str, Any], text: str) -> bool:
    """Return whether the text of a query is a value that its schema allows."""
    try:
        value = _value_of(schema, text)
    except ValueError:
        return False
    return bool(_validator_of(schema).is_valid(value))


def _value_of(schema: Mapping[str, Any], text: str) -> Any:
    if schema["type"] == "integer":
        return int(text)
    if schema["type"] == "boolean":
        return {"true": True, "false": False}.get(text, text)
    if schema["type"] == "array":
        return [_value_of(schema["items"], part) for part in text.split(",")]
    return text
