"""Fields of JSON or of a form from outside, read without trusting their shape.

A field that is missing, empty or of another type is None. A path names fields of objects and places in lists.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from api.kit.text import made_storable
from api.kit.times import in_utc
from api.providers.form_fields import MAX_FIELDS, first_of_each, form_fields
from api.providers.port import UnreadableEventError, WebhookRequest

MAX_CONTAINERS = 20_000
"""Objects and lists of one document: their number decides the cost of reading it. Real ones have some dozens."""

_DECODER = json.JSONDecoder()


def checked(body: bytes) -> str:
    """The text of a JSON document. Raises `ValueError` if it is not UTF-8 or has too many parts."""
    if body.count(b"[") + body.count(b"{") > MAX_CONTAINERS:
        raise ValueError("it has too many parts")
    return body.decode()


def parsed(body: bytes) -> Any:
    """The JSON value. Raises `ValueError` for anything but JSON in UTF-8 of bounded size and depth."""
    try:
        return json.loads(checked(body))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def journaled_json(body: bytes) -> Any:
    """The JSON of a journaled event. Raises `UnreadableEventError`."""
    try:
        return parsed(body)
    except ValueError as error:
        raise UnreadableEventError(f"The event cannot be read: {error}.") from None


def journaled_form(body: bytes) -> Mapping[str, str]:
    """The form of a journaled event; the first of a repeated field counts. Raises `UnreadableEventError`."""
    try:
        # An authentic form is UTF-8, whatever its fields decode to.
        return first_of_each(form_fields(body.decode("utf-8", "replace").encode()))
    except ValueError as error:
        raise UnreadableEventError(f"The form cannot be read: {error}.") from None


def webhook_form(request: WebhookRequest) -> Mapping[str, str]:
    """The form of a webhook; empty if it cannot be read or has more than `MAX_FIELDS`."""
    form = request.form or ()
    return first_of_each(form) if len(form) <= MAX_FIELDS else {}


def element(text: str, at: int) -> tuple[object, int]:
    """The JSON value that begins at an index, and the index after it. Raises `ValueError`."""
    try:
        return _DECODER.raw_decode(text, at)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def found(value: object, *path: str | int) -> object:
    """The value at a path, of any type."""
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
    """The text or whole number at a path, which need not be storable."""
    there = found(value, *path)
    if isinstance(there, int) and not isinstance(there, bool) and abs(there) < 10**18:
        there = str(there)
    return there if isinstance(there, str) and there else None


def text(value: object, *path: str | int, limit: int | None = None) -> str | None:
    """The text or whole number at a path, made storable, of at most `limit` characters."""
    there = as_sent(value, *path)
    return None if there is None else made_storable(there)[:limit]


def items(value: object, *path: str | int) -> Sequence[object]:
    """The list at a path; empty if there is none."""
    there = found(value, *path)
    return there if isinstance(there, list) else []


def time(value: object, *path: str | int) -> datetime | None:
    """The ISO 8601 time at a path, in UTC. A time without a zone is UTC; one outside the years 2 to 9998 is None."""
    there = found(value, *path)
    if not isinstance(there, str):
        return None
    try:
        read = datetime.fromisoformat(there)
        return in_utc(read if read.tzinfo else read.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        return None
