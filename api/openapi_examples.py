"""Examples in the OpenAPI document: requests, and what the service answered to them.

`openapi_examples.json` has them in the order in which `tests/test_openapi_examples.py` sends them to a real service. It
compares each answer with the example.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from api.kit.errors import PROBLEM_JSON

FILE = Path(__file__).with_suffix(".json")
JSON = "application/json"


@dataclass(frozen=True)
class Example:
    name: str
    """In words. It is the example's `summary`."""
    operation: str
    """`POST /api/v1/families`"""
    status: int
    response: Any
    request: Any = None
    """The body. Of an example with a problem it is not in the document."""
    path: dict[str, str] = field(default_factory=dict)
    """The parameters in the path."""
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The example's name in its `examples`: the type of a problem, or `success`."""
        return "success" if self.status < 400 else str(self.response["type"]).rpartition("/")[2]


@lru_cache(maxsize=1)
def examples() -> Sequence[Example]:
    return [Example(**each) for each in json.loads(FILE.read_text(encoding="utf-8"))]


def add_examples(document: dict[str, Any]) -> None:
    """Put the examples of the document's operations beside their schemas, in place."""
    for each in examples():
        method, _, path = each.operation.partition(" ")
        operation = document["paths"].get(path, {}).get(method.lower())
        if operation is None:
            continue
        media_type = JSON if each.status < 400 else PROBLEM_JSON
        _add(operation["responses"][str(each.status)]["content"][media_type], each, each.response)
        if each.request is not None and each.status < 400:
            _add(operation["requestBody"]["content"][JSON], each, each.request)


def _add(content: dict[str, Any], example: Example, value: Any) -> None:
    content.setdefault("examples", {})[example.key] = {"summary": example.name, "value": value}
