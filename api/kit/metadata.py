"""Metadata: a map of strings that integrations keep on a record (decision 0058).

`metadata_filter` finds records by it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, StringConstraints, WithJsonSchema
from typing_extensions import TypeAliasType

from api.kit.errors import Invalid
from api.kit.request_models import PatchModel
from api.kit.text import STORABLE, Body, storable

MAX_KEYS = 50
MAX_KEY = 40
MAX_VALUE = 500

KEY_CHARACTER = r"[^\[\]\x00-\x1f\x7f-\x9f]"
_KEY = re.compile(rf"{KEY_CHARACTER}{{1,{MAX_KEY}}}")
KEY_RULE = f"a key of metadata has 1 to {MAX_KEY} characters, without [ ] and control characters"
TOO_MANY = f"A record has at most {MAX_KEYS} keys of metadata. Remove some, by giving them null."


def key_of(value: str) -> str:
    """Raises `ValueError` for text that is no key."""
    if _KEY.fullmatch(storable(value)) is None:
        raise ValueError(KEY_RULE)
    return value


def _with_good_keys(given: dict[str, str | None]) -> dict[str, str | None]:
    for key in given:
        key_of(key)
    return given


_TEXT: dict[str, object] = {"type": "string", "maxLength": MAX_VALUE}


def _map_of(values: dict[str, object], description: str) -> WithJsonSchema:
    return WithJsonSchema(
        {
            "type": "object",
            "description": description,
            "additionalProperties": values,
            "propertyNames": {"minLength": 1, "maxLength": MAX_KEY, "pattern": f"^{KEY_CHARACTER}+$"},
            "maxProperties": MAX_KEYS,
        }
    )


MetadataIn = TypeAliasType(
    "MetadataIn",
    Annotated[
        dict[str, Annotated[Body, StringConstraints(max_length=MAX_VALUE)] | None],
        Field(max_length=MAX_KEYS),
        AfterValidator(_with_good_keys),
        _map_of(
            {"anyOf": [_TEXT | {"pattern": STORABLE}, {"type": "null"}]}, "A key with null or an empty text is removed."
        ),
    ],
)
"""The metadata in a body."""

Metadata = TypeAliasType(
    "Metadata", Annotated[dict[str, str], _map_of(_TEXT, "A map of strings that integrations keep on a record.")]
)
"""The metadata in an answer."""


@dataclass(frozen=True, slots=True)
class MetadataChange:
    """What a request makes of a record's metadata."""

    values: Mapping[str, str | None]
    """None and the empty text remove a key."""
    replaces: bool = False
    """Keys that are not named are removed. Else they stay."""


def change_of(body: BaseModel) -> MetadataChange | None:
    """What a body makes of the record's metadata; None if it does not name it. Null removes every key.

    In the body of a PATCH, keys that it does not name stay. In another they are removed.
    """
    if "metadata" not in body.model_fields_set:
        return None
    given: Mapping[str, str | None] | None = body.__dict__["metadata"]
    return MetadataChange(given or {}, replaces=given is None or not isinstance(body, PatchModel))


def merged(stored: Mapping[str, str], change: MetadataChange | None) -> dict[str, str]:
    """The metadata after the change, which is none if it is None. Raises `TooManyKeysError`."""
    if change is None:
        return dict(stored)
    kept: dict[str, str | None] = {} if change.replaces else {**stored}
    result = {key: value for key, value in (kept | {**change.values}).items() if value}
    if len(result) > MAX_KEYS:
        raise TooManyKeysError(TOO_MANY)
    return result


def merged_or_invalid(stored: Mapping[str, str], change: MetadataChange | None) -> dict[str, str]:
    """As `merged`. Raises `Invalid` for too many keys."""
    try:
        return merged(stored, change)
    except TooManyKeysError as error:
        raise Invalid([("/metadata", str(error))]) from error


def changed_keys(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """The keys that were added, removed or got another value, sorted."""
    return sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))


class TooManyKeysError(ValueError):
    """A record would have more than `MAX_KEYS` keys."""
