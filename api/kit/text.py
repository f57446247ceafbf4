"""Text from outside. Text that PostgreSQL cannot store is refused with a clear error, or made storable."""

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, GetCoreSchemaHandler, GetJsonSchemaHandler, StringConstraints
from pydantic_core import CoreSchema, PydanticKnownError, core_schema

from api.kit.published import Published

MAX_LOOKED_AT = 20_000
"""How many characters of a received text are analysed: twice the longest message that a carrier delivers.

A longer text is stored and shown whole.
"""

_NOT_STORABLE = re.compile(r"[\x00\ud800-\udfff]")


def storable(value: str) -> str:
    """Raises `ValueError` for NUL and for lone surrogates."""
    if "\x00" in value:
        raise ValueError("remove the NUL character (U+0000)")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("remove the lone surrogate: it is half a character") from None
    return value


def one_line(value: str) -> str:
    """The value without surrounding space. Raises `ValueError` for line breaks and control characters."""
    stripped = storable(value).strip()
    if any(unicodedata.category(character) in {"Cc", "Zl", "Zp"} for character in stripped):
        raise ValueError("use one line, without control characters")
    return stripped


# Patterns for the document: the validators' rules, as ECMA-262 and Python both read them.

STORABLE = r"^[^\x00]*$"
NOT_BLANK = r"^[^\x00]*[^\s\x00][^\x00]*$"
"""Storable text that is more than space."""
_SPACE = r"[\s\x1c-\x1f\x85]*"
"""What `str.strip` takes off."""
VISIBLE = r"\s\x00-\x1f\x7f-\x9f"
"""After `[^`: what is neither space nor a control character."""
_IN_LINE = r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]"


def line_pattern(least: int = 0) -> str:
    """The pattern of what `one_line` accepts and leaves `least` characters of."""
    if least == 0:
        return f"^{_SPACE}{_IN_LINE}*{_SPACE}$"
    if least == 1:
        return f"^{_SPACE}[^{VISIBLE}]{_IN_LINE}*{_SPACE}$"
    return f"^{_SPACE}[^{VISIBLE}]{_IN_LINE}{{{least - 2},}}[^{VISIBLE}]{_SPACE}$"


SingleLine = Annotated[str, AfterValidator(one_line), Published(line_pattern())]
"""One line of text: a name, a label."""


@dataclass(frozen=True)
class Length:
    """Of a `SingleLine`: `most` characters as it was sent, and `least` without the space around it."""

    least: int
    most: int

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        bounded = core_schema.no_info_before_validator_function(self._not_too_long, handler(source))
        return core_schema.no_info_after_validator_function(self._not_too_short, bounded)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        least = {"minLength": self.least, "pattern": line_pattern(self.least)} if self.least else {}
        return handler(schema) | {"maxLength": self.most} | least

    def _not_too_long(self, value: object) -> object:
        if isinstance(value, str) and len(value) > self.most:
            raise PydanticKnownError("string_too_long", {"max_length": self.most})
        return value

    def _not_too_short(self, value: str) -> str:
        if len(value) < self.least:
            raise PydanticKnownError("string_too_short", {"min_length": self.least})
        return value


Body = Annotated[str, AfterValidator(storable), Published(STORABLE)]
"""Text with line breaks."""

WEB_ADDRESS = r"^[hH][tT][tT][pP][sS]?://"
"""The published pattern of a `SingleLine` that is an http or https address. Its validator tells the rest."""

Reason = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=2000),
    AfterValidator(storable),
    Published(NOT_BLANK),
]
"""Why somebody does something, for the audit log."""


def made_storable(value: str) -> str:
    """The text with U+FFFD in place of NUL and lone surrogates, for input that must not be refused."""
    return _NOT_STORABLE.sub("\ufffd", value)


def kept_apart(value: str, *, limit: int) -> str:
    """The text. If it cannot be stored or exceeds `limit`, its beginning and a digest of the whole.

    Different texts stay different.
    """
    kept = made_storable(value)
    if kept == value and len(kept) <= limit:
        return kept
    digest = hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return f"{kept[: limit - len(digest) - 1]}\N{HORIZONTAL ELLIPSIS}{digest}"
