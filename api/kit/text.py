"""Text from outside: what PostgreSQL cannot store is refused with a clear error."""

import hashlib
import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator

MAX_LOOKED_AT = 20_000
"""Characters of a received text that are looked at: twice the longest message that a carrier delivers.

A longer text is stored and shown whole; what is worked out from it is worked out from its beginning.
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
    """Surrounding space goes; line breaks and control characters are refused."""
    stripped = storable(value).strip()
    if any(unicodedata.category(character) in {"Cc", "Zl", "Zp"} for character in stripped):
        raise ValueError("use one line, without control characters")
    return stripped


SingleLine = Annotated[str, AfterValidator(one_line)]
"""One line of text: a name, a label."""

Body = Annotated[str, AfterValidator(storable)]
"""Text with line breaks."""


def made_storable(value: str) -> str:
    """For what arrives from outside and must not be refused: U+FFFD stands in for what cannot be stored."""
    return _NOT_STORABLE.sub("\ufffd", value)


def kept_apart(value: str, *, limit: int) -> str:
    """As it is; what cannot be stored, or is longer than `limit`, is stored with a digest of all of it.

    So two different texts never become the same.
    """
    kept = made_storable(value)
    if kept == value and len(kept) <= limit:
        return kept
    digest = hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return f"{kept[: limit - len(digest) - 1]}\N{HORIZONTAL ELLIPSIS}{digest}"
