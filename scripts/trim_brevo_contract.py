"""Write the part of Brevo's OpenAPI document that the tests hold calls and replies against.

Run as `python -m scripts.trim_brevo_contract [DOCUMENT]`. Of each operation that the client uses
it keeps path, query, replies and the schema of the request, references resolved, without prose.
"""

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT.parent / "shared" / "brevo" / "openapi-v3.yml"
TARGET = ROOT / "tests" / "contract" / "brevo"

USED = (
    "addContactToList",
    "createAttribute",
    "createContact",
    "createList",
    "createWebhook",
    "deleteContact",
    "deleteWebhook",
    "getAccount",
    "getAttributes",
    "getContactInfo",
    "getContacts",
    "getEmailEventReport",
    "getLists",
    "getProcess",
    "getSenders",
    "getSmtpTemplate",
    "getSmtpTemplates",
    "getTransacBlockedContacts",
    "getWebhooks",
    "importContacts",
    "removeContactFromList",
    "sendTransacEmail",
    "updateBatchContacts",
    "updateContact",
    "updateWebhook",
)
_PROSE = ("description", "example")


def read_document(path: Path) -> dict[str, Any]:
    """Return the vendor's document."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the one in C takes a fifth of the time
    document: dict[str, Any] = yaml.load(path.read_bytes(), Loader=loader)  # noqa: S506  # both are safe
    return document


def trim(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what each file holds, by its name: one per request, and one for all operations."""
    files: dict[str, Any] = {}
    operations = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if operation.get("operationId") not in USED:
                continue
            name, schema = _request_of(document, operation)
            if name:
                files[f"{name}.vendor.json"] = schema
            operations[operation["operationId"]] = {
                "method": method.upper(),
                "path": path,
                "query": _query_of(document, operation),
                "request": name,
                "replies": _replies_of(document, operation),
            }
    return {**files, "operations.vendor.json": operations}


def written(content: object) -> str:
    """Return the text of a file."""
    return json.dumps(content, indent=2, sort_keys=True) + "\n"


def _request_of(
    document: Mapping[str, Any], operation: Mapping[str, Any]
) -> tuple[str | None, Any]:
    body = operation.get("requestBody")
    if body is None:
        return None, None
    schema = body["content"]["application/json"]["schema"]
    name = schema.get("$ref", operation["operationId"]).rpartition("/")[2]
    plain = _plain(document, schema)
    if "oneOf" in plain:  # the variants require no field, so whatever is one of them is all of them
        plain = {"anyOf": plain["oneOf"]}
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower(), plain


def _query_of(document: Mapping[str, Any], operation: Mapping[str, Any]) -> dict[str, Any]:
    parameters = operation.get("parameters", ())
    return {p["name"]: _plain(document, p["schema"]) for p in parameters if p["in"] == "query"}


def _replies_of(document: Mapping[str, Any], operation: Mapping[str, Any]) -> dict[str, Any]:
    replies = {}
    for status, reply in operation["responses"].items():
        content = _resolved(document, reply).get("content", {}).get("application/json")
        replies[str(status)] = _plain(document, content["schema"]) if content else None
    return replies


def _resolved(document: Mapping[str, Any], node: Any) -> Any:
    while isinstance(node, dict) and "$ref" in node:
        target: Any = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        node = target
    return node


def _plain(document: Mapping[str, Any], node: Any, *, names: bool = False) -> Any:
    """Resolve references and leave out prose; under `properties` the keys are names of fields."""
    node = _resolved(document, node)
    if isinstance(node, list):
        return [_plain(document, item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: _plain(document, value, names=key == "properties" and not names)
        for key, value in node.items()
        if names or key not in _PROSE
    }


if __name__ == "__main__":
    source = Path(sys.argv[1]) if len(sys.argv) > 1 else DOCUMENT
    for file_name, content in trim(read_document(source)).items():
        (TARGET / file_name).write_text(written(content), encoding="utf-8")
