"""JSON from outside, read without trusting its shape: what is not there, or is not what it should be, is None."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from api.kit.text import made_storable

MAX_CONTAINERS = 20_000
"""Objects and lists of a document: reading costs most by their number. Real ones have some dozens."""

_DECODER = json.JSONDecoder()


def checked(body: bytes) -> str:
    """The text of a JSON document that is quick to read. Raises `ValueError`: not UTF-8, or of too many parts."""
    if body.count(b"[") + body.count(b"{") > MAX_CONTAINERS:
        raise ValueError("it has too many parts")
    return body.decode()


def parsed(body: bytes) -> Any:
    """What the bytes say. Raises `ValueError` for anything but JSON in UTF-8 of bounded size, however deep or long."""
    try:
        return json.loads(checked(body))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def element(text: str, at: int) -> tuple[object, int]:
    """The JSON value that begins at that place, and where it ends. Raises `ValueError`, however deep or long it is."""
    try:
        return _DECODER.raw_decode(text, at)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def found(value: object, *path: str | int) -> object:
    """What is at that place, by names of objects and places in lists; None where there is no such place."""
    for step in path:
        match value:
            case Mapping() if isinstance(step, str):
                value = value.get(step)
            case list() if isinstance(step, int) and step < len(value):
                value = value[step]
            case _:
                return None
    return value


def as_sent(value: object, *path: str | int) -> str | None:
    """The text or whole number there, which need not be storable; None for an empty one, and for anything else."""
    there = found(value, *path)
    if isinstance(there, int) and not isinstance(there, bool) and abs(there) < 10**18:
        there = str(there)
    return there if isinstance(there, str) and there else None


def text(value: object, *path: str | int, limit: int | None = None) -> str | None:
    """The same as text that can be stored."""
    there = as_sent(value, *path)
    return None if there is None else made_storable(there)[:limit]


def items(value: object, *path: str | int) -> Sequence[object]:
    """The list there; an empty one where there is none."""
    there = found(value, *path)
    return there if isinstance(there, list) else []


def time(value: object, *path: str | int) -> datetime | None:
    """The ISO 8601 time there, in UTC; one without a zone is taken as UTC."""
    there = found(value, *path)
    if not isinstance(there, str):
        return None
    try:
        read = datetime.fromisoformat(there)
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def is_uuid(value: str) -> bool:
    """Whether it is one in the usual spelling, with its hyphens."""
    try:
        return str(UUID(value)) == value.lower()
    except ValueError:
        return False
