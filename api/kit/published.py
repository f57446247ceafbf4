"""What the document says of a value beyond its type, as JSON Schema. Nothing is validated against it.

Validators hold the same rules, and say in words what is wrong.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.config import JsonDict
from pydantic_core import CoreSchema


@dataclass(frozen=True)
class Published:
    """The pattern of a text, as ECMA-262 and Python both read it: `Annotated[str, …, Published("^a+$")]`."""

    pattern: str

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return handler(source)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return handler(schema) | {"pattern": self.pattern}


# Rules of several fields, for `json_schema_extra` of a model. By `not`, as generators of clients make unions of `anyOf`
# and `oneOf`. Each field is named with the schema of what counts as nothing.

NULL: JsonDict = {"type": "null"}
NO_ITEMS: JsonDict = {"maxItems": 0}
NO_TEXT: JsonDict = {"pattern": r"^\s*$"}


def not_all_empty(**nothing: JsonDict) -> JsonDict:
    """At least one field has a value: `not_all_empty(body=NO_TEXT, media=NO_ITEMS)`."""
    return {"not": _fields(nothing)}


def exactly_one(**nothing: JsonDict) -> JsonDict:
    """One of two fields has a value: `exactly_one(id=NULL, name=NULL)`."""
    given: dict[str, JsonDict] = {name: {"not": each} for name, each in nothing.items()}
    return {"not": {"anyOf": [_fields(nothing), _fields(given) | {"required": list(nothing)}]}}


def both_or_none(**nothing: JsonDict) -> JsonDict:
    """Two fields have a value together: `both_or_none(currency=NULL, prices=NO_ITEMS)`. Both are required."""
    (one, of_one), (other, of_other) = nothing.items()
    halves: list[dict[str, JsonDict]] = [
        {one: of_one, other: {"not": of_other}},
        {one: {"not": of_one}, other: of_other},
    ]
    return {"not": {"anyOf": [_fields(half) for half in halves]}}


def _fields(schemas: Mapping[str, JsonDict]) -> JsonDict:
    return {"properties": {**schemas}}
