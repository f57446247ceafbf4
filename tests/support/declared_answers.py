"""Holds each answer of a test against `openapi.json`: its route declares the status, headers and type of problem."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
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
OF_NO_ROUTE = frozenset({405, 408, 431})
"""Statuses of `OF_ANY_REQUEST`."""

HEADERS = frozenset(
    {
        "accept-ranges",
        "allow",
        "content-disposition",
        "content-range",
        "deprecation",
        "etag",
        "idempotency-replayed",
        "location",
        "ratelimit",
        "ratelimit-policy",
        "retry-after",
        "sunset",
        "www-authenticate",
        "x-request-id",
    }
)
"""Those that clients act on: an answer has no such header that its route does not declare."""


@dataclass(frozen=True)
class Declared:
    """What the document says of an answer with one status."""

    types: frozenset[str]
    """Of problems."""
    headers: frozenset[str]
    """In lower case."""


async def check_answer(response: httpx.Response) -> None:
    """A hook of a client, called with each answer."""
    request = response.request
    declared = declared_answers(request.method, request.url.path)
    if declared is None or response.status_code in OF_NO_ROUTE:
        return
    what = f"{request.method} {request.url.path} → {response.status_code}"
    is_problem = response.headers.get("content-type") == PROBLEM_JSON
    problem_type = None
    if is_problem and request.method != "HEAD":
        await response.aread()
        problem_type = response.json()["type"]
    if problem_type in OF_ANY_BODY:
        return
    answer = declared.get(str(response.status_code))
    assert answer is not None, f"{what} {problem_type or ''}: the route does not declare this status"
    assert problem_type in answer.types | {None, "/problems/internal"}, f"{what} {problem_type} is not in `responses`"
    undeclared = (HEADERS & {name.lower() for name in response.headers}) - answer.headers
    assert not undeclared, f"{what}: the document does not name {sorted(undeclared)}"


def declared_answers(method: str, path: str) -> Mapping[str, Declared] | None:
    """By status. None where the document has no such operation. HEAD is answered as GET."""
    method = "get" if method == "HEAD" else method.lower()
    for pattern, methods in _operations():
        if pattern.fullmatch(path) and method in methods:
            return methods[method]
    return None


@lru_cache(maxsize=1)
def _operations() -> list[tuple[re.Pattern[str], dict[str, dict[str, Declared]]]]:
    """By address, those without parameters first, as routes are matched."""
    document = json.loads(DOCUMENT.read_text())
    schemas = document["components"]["schemas"]
    paths = sorted(document["paths"].items(), key=lambda item: item[0].count("{"))
    return [
        (
            re.compile(re.sub(r"\\{[^}]+\\}", "[^/]+", re.escape(path))),
            {method: _answers(operation, schemas) for method, operation in methods.items()},
        )
        for path, methods in paths
    ]


def _answers(operation: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Declared]:
    return {
        status: Declared(_types(response, schemas), frozenset(name.lower() for name in response.get("headers", ())))
        for status, response in operation["responses"].items()
    }


def _types(response: dict[str, Any], schemas: dict[str, Any]) -> frozenset[str]:
    schema = response.get("content", {}).get(PROBLEM_JSON, {}).get("schema", {})
    names = [each["$ref"].rpartition("/")[2] for each in schema.get("oneOf", [schema]) if each]
    types = [schemas[name]["properties"]["type"].get("const") for name in names]
    return frozenset(each for each in types if each is not None)
