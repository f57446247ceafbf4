"""What an erasure looks for, and the marks that it leaves, as pure rules."""

import json
import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from uuid import UUID

from api.kit.phone import erased_mark, is_phone_number

ERASED_CODE = "erased"
CANCELLED = "The number was erased before the text was sent."


class Stage(StrEnum):
    """In their order."""

    TEXTS = "texts"
    EVENTS = "events"
    AUDIT_OF_NUMBER = "audit_of_number"
    AUDIT_DETAILS = "audit_details"
    ANSWERS = "answers"
    IMPORTS = "imports"
    DONE = "done"

    def next(self) -> "Stage":
        stages = list(Stage)
        return stages[stages.index(self) + 1]


def mark_of(phone_number_id: UUID) -> str:
    """The number's place is taken by this: no sender and no phone number looks like it."""
    return erased_mark(phone_number_id)


def patterns_of(numbers: Sequence[str], ids: Iterable[UUID], names: Iterable[str]) -> list[str]:
    """Regular expressions of PostgreSQL. A number is found with or without its plus, not within a longer one.

    A short code or a name is found only as a whole JSON string: `312` is in many other numbers.
    """
    found = [
        rf"(^|[^0-9]){number.removeprefix('+')}([^0-9]|$)" if is_phone_number(number) else _whole(number)
        for number in numbers
    ]
    return found + [str(each) for each in ids] + [_whole(name) for name in names if name]


def words_and_numbers(numbers: Sequence[str], names: Iterable[str]) -> list[str]:
    """Regular expressions of PostgreSQL that find a number as people write it, or a name, in free text."""
    found = [r"[^0-9]*".join(number.removeprefix("+")[-7:]) for number in numbers if is_phone_number(number)]
    return found + [rf"(?i)\m{_escaped(name)}\M" for name in names]


def _escaped(text: str) -> str:
    return re.sub(r"([^0-9A-Za-z\s])", r"\\\1", text)


def _whole(text: str) -> str:
    return re.sub(r"([^0-9A-Za-z\s\"])", r"\\\1", json.dumps(text, ensure_ascii=False))
