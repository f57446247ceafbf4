"""Base models of request bodies: a field that a body does not have is refused, never dropped.

A `send_at` that is dropped sends at once, and a null that is dropped changes nothing with a 200.
"""

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler, field_validator
from pydantic_core import CoreSchema, PydanticCustomError, core_schema
from pydantic_core.core_schema import ValidationInfo

NO_NULL = "leave it out: null means nothing here"


def _take_types_literally(schema: Any) -> None:
    """Refuse `"yes"` for a boolean, and `"1"` and `true` for a number: what was meant is not known. In place."""
    if isinstance(schema, list | tuple):
        for each in schema:
            _take_types_literally(each)
    elif isinstance(schema, dict):
        match schema.get("type"):
            case "bool" | "float":
                schema.setdefault("strict", True)
            case "int":
                # JSON knows no integers: 1.0 is one, as the document's schema says.
                whole = dict(schema)
                schema.clear()
                schema |= core_schema.no_info_before_validator_function(_refuse_other_than_number, whole)
            case _:
                for each in schema.values():
                    _take_types_literally(each)


def _refuse_other_than_number(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PydanticCustomError("int_type", "Input should be a valid integer")
    return value


class RequestModel(BaseModel):
    """A body, or an object in one. An unknown field is a 422 that points at it, and so is `"1"` for a number."""

    model_config = ConfigDict(extra="forbid")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: type[BaseModel], handler: GetCoreSchemaHandler) -> CoreSchema:
        schema = handler(source)
        _take_types_literally(schema)
        return schema


class PatchModel(RequestModel):
    """A body in which what is left out stays. Null is refused, except in fields that it clears."""

    clearable: ClassVar[frozenset[str]] = frozenset()
    """The fields that may be null."""

    @field_validator("*", mode="before")
    @classmethod
    def _given(cls, value: object, info: ValidationInfo) -> object:
        return value if info.field_name in cls.clearable else refuse_null(value)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        described = handler(schema)
        for name, field in handler.resolve_ref_schema(described)["properties"].items():
            if name not in cls.clearable:
                _without_null(field)
        return described


class NotNull:
    """Of a field with the default None that is left out or has a value: `Annotated[Tags | None, NotNull()]`."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(refuse_null, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return _without_null(handler(schema))


def refuse_null(value: object) -> object:
    if value is None:
        raise PydanticCustomError("null_refused", NO_NULL)
    return value


def empty_for_null(value: object) -> object:
    """For a text that null clears, as the empty text does."""
    return "" if value is None else value


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Take null out of the schema of a field, in place."""
    kept = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    if len(kept) == 1:
        del schema["anyOf"]
        schema |= kept[0]
    elif kept:
        schema["anyOf"] = kept
    if schema.get("default", ...) is None:
        del schema["default"]
    return schema
