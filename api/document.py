"""What `/openapi.json` says beyond what the framework takes from the routes, and holds them to."""

from collections.abc import Iterator
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.constants import REF_PREFIX

PROBLEM_TYPE = "application/problem+json"
_PROBLEM = {"$ref": f"{REF_PREFIX}Problem"}
_JSON = "application/json"


def name_problems(document: dict[str, Any]) -> None:
    """Give refusals the type with which they come; the framework knows one type per route."""
    for response in _responses_in(document):
        content = response.get("content", {})
        if content.get(_JSON, {}).get("schema") == _PROBLEM:
            response["content"] = {PROBLEM_TYPE: content[_JSON]}


def _responses_in(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for methods in document["paths"].values():
        for operation in methods.values():
            yield from operation["responses"].values()


def only_documented(request: Request) -> None:
    """Refuse a parameter that the document does not name: a misspelt one would be passed over."""
    route = request.scope["route"]
    operation = request.app.openapi()["paths"].get(route.path, {}).get(request.method.lower(), {})
    known = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"}
    unknown = sorted(set(request.query_params) - known)
    if operation and unknown:
        # The name is what the caller wrote, so it is told that there is one and not which.
        raise RequestValidationError([{"loc": ("query",), "msg": "unknown", "type": "extra"}])
