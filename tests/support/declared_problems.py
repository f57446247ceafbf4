"""Holds each problem that a test is answered against `openapi.json`: its route has to declare the type."""

import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import httpx

from api.kit.errors import PROBLEM_JSON

DOCUMENT = Path(__file__).parents[2] / "openapi.json"

OF_ANY_REQUEST = frozenset({"/problems/request-timeout", "/problems/headers-too-large", "/problems/method-not-allowed"})
"""Types that answer what is not a request of a route. `/problems/internal` is declared as any problem."""
OF_ANY_BODY = frozenset({"/problems/unreadable", "/problems/too-large"})
"""Types that a body which no route reads may have."""


async def check_problem(response: httpx.Response) -> None:
    """A hook of a client, called with each answer."""
    if response.headers.get("content-type") != PROBLEM_JSON or response.request.method == "HEAD":
        return
    await response.aread()
    problem, request = response.json(), response.request
    declared = declared_types(request.method, request.url.path)
    if declared is None or problem["type"] in OF_ANY_REQUEST | OF_ANY_BODY or response.status_code == 500:
        return
    what = f"{request.method} {request.url.path} → {response.status_code} {problem['type']}"
    assert problem["type"] in declared.get(str(response.status_code), ()), f"{what} is not in the route's `responses`"


def declared_types(method: str, path: str) -> dict[str, frozenset[str]] | None:
    """Status → the types that the document declares. None where there is no such operation."""
    for pattern, methods in _operations():
        if pattern.fullmatch(path) and method.lower() in methods:
            return methods[method.lower()]
    return None


@lru_cache(maxsize=1)
def _operations() -> list[tuple[re.Pattern[str], dict[str, dict[str, frozenset[str]]]]]:
    """By address, those without parameters first, as routes are matched."""
    document = json.loads(DOCUMENT.read_text())
    schemas = document["components"]["schemas"]
    paths = sorted(document["paths"].items(), key=lambda item: item[0].count("{"))
    return [
        (
            re.compile(re.sub(r"\\{[^}]+\\}", "[^/]+", re.escape(path))),
            {method: _types(operation, schemas) for method, operation in methods.items()},
        )
        for path, methods in paths
    ]


def _types(operation: dict[str, Any], schemas: dict[str, Any]) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for status, response in operation["responses"].items():
        schema = response.get("content", {}).get(PROBLEM_JSON, {}).get("schema", {})
        names = [each["$ref"].rpartition("/")[2] for each in schema.get("oneOf", [schema]) if each]
        types = [schemas[name]["properties"]["type"].get("const") for name in names]
        found[status] = frozenset(each for each in types if each is not None)
    return found
