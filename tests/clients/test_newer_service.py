"""Every answer of a newer service is read: with fields, enum values and kinds that this version does not know."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from messenger_center_client import models

from tests.support.postgres import PROJECT

DOCUMENT = json.loads((PROJECT / "openapi.json").read_text())
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]
FORMATS = {"uuid": "01a221e5-eb5e-74af-8952-34c25446a307", "date-time": "2030-01-01T00:00:00Z", "date": "2030-01-01"}
PLAIN = {"string": "a text", "integer": 7, "number": 7.5, "boolean": True, "null": None}
NEW = "a value of a newer service"


def answered() -> list[str]:
    """Names of the schemas that good answers have, also within others."""
    waiting = [
        content["schema"]
        for methods in DOCUMENT["paths"].values()
        for operation in methods.values()
        for status, answer in operation["responses"].items()
        if status.startswith("2")
        for content in answer.get("content", {}).values()
        if "schema" in content
    ]
    seen: set[str] = set()
    while waiting:
        for name in {each.rpartition("/")[2] for each in references(waiting.pop())} - seen:
            seen.add(name)
            waiting.append(SCHEMAS[name])
    return sorted(name for name in seen if "properties" in SCHEMAS[name])


def references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if "$ref" in schema:
            yield schema["$ref"]
        for each in schema.values():
            yield from references(each)
    elif isinstance(schema, list):
        for each in schema:
            yield from references(each)


def newer(schema: dict[str, Any]) -> Any:
    """A value of the schema, as a newer service may answer it: nothing is null, and what may grow has grown."""
    if "$ref" in schema:
        return newer(SCHEMAS[schema["$ref"].rpartition("/")[2]])
    for union in ("anyOf", "oneOf", "allOf"):
        if union in schema:
            return newer(next(each for each in schema[union] if each.get("type") != "null"))
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return NEW if schema.get("type") == "string" else schema["enum"][0]
    if "format" in schema and schema["format"] in FORMATS:
        return FORMATS[schema["format"]]
    match schema.get("type"):
        case "object" if isinstance(schema.get("additionalProperties"), dict):
            return {"key": newer(schema["additionalProperties"])}
        case "object":
            return {name: newer(each) for name, each in schema.get("properties", {}).items()} | {
                "new_field": {"new": [1]}
            }
        case "array":
            items = schema.get("items", {})
            more = [unknown_kind(items)] if "discriminator" in items else []
            return [newer(items), *more]
        case str(plain):
            return PLAIN[plain]
        case _:
            return {"anything": 1}


def unknown_kind(union: dict[str, Any]) -> dict[str, Any]:
    value: dict[str, Any] = newer(union)
    return value | {union["discriminator"]["propertyName"]: NEW, "data": {"new": 1}}


@pytest.mark.parametrize("name", answered())
def test_an_answer_of_a_newer_service_is_read_and_keeps_what_is_new(name: str) -> None:
    answer = newer(SCHEMAS[name])
    record = getattr(models, name).from_dict(answer)
    if SCHEMAS[name].get("additionalProperties") is False:
        return  # It is sent as it is answered, and requests have no unknown fields: they are left out.
    assert record.additional_properties == {"new_field": {"new": [1]}}
    again = record.to_dict()
    assert again.keys() == answer.keys()
    assert json.dumps(again).count(NEW) == json.dumps(answer).count(NEW)


def test_the_answers_have_enums_and_several_kinds() -> None:
    names = answered()
    assert len(names) > 150
    assert {"EventPage", "ThreadPage"} <= set(names)
    assert sum(json.dumps(newer(SCHEMAS[name])).count(NEW) for name in names) > 200
    closed = [name for name in names if SCHEMAS[name].get("additionalProperties") is False]
    assert len(closed) < 10
