"""Text from outside. Text that PostgreSQL cannot store is refused with a clear error, or made storable."""

import hashlib
import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator

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


SingleLine = Annotated[str, AfterValidator(one_line)]
"""One line of text: a name, a label."""

Body = Annotated[str, AfterValidator(storable)]
"""Text with line breaks."""


WEB_ADDRESS = r"^\s*[hH][tT][tT][pP][sS]?://"
"""The published pattern of a `SingleLine` that is an http or https address. Its validator tells the rest."""


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
