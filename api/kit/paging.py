"""Keyset paging: opaque cursors over the sort key, stable while rows arrive."""

import base64
import json
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from fastapi import Depends, Query
from pydantic import BaseModel

from api.kit.errors import Invalid
from api.kit.text import storable
from api.kit.times import in_utc

Item = TypeVar("Item")

MAX_LIMIT = 200
DEFAULT_LIMIT = 50


class Page(BaseModel, Generic[Item]):
    """One page of a list. `next_cursor` is null on the last one."""

    items: list[Item]
    next_cursor: str | None


class PageQuery(BaseModel):
    limit: int
    cursor: str | None


def page_query(
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> PageQuery:
    return PageQuery(limit=limit, cursor=cursor)


Paging = Annotated[PageQuery, Depends(page_query)]


def encode_cursor(*key: str | int | datetime | UUID) -> str:
    parts = [part.isoformat() if isinstance(part, datetime) else part for part in key]
    raw = json.dumps([str(part) if isinstance(part, UUID) else part for part in parts], separators=(",", ":"))
    return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")


def decode_cursor(cursor: str, *kinds: type[str] | type[int]) -> list[Any]:
    """The parts of a cursor, each of exactly its kind. Raises `Invalid` for anything this service did not make."""
    try:
        raw = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        parts = json.loads(raw)
    except (ValueError, RecursionError):
        raise unknown_cursor() from None
    # Exactly: JSON's true is a bool, which Python counts among the ints.
    if not isinstance(parts, list) or [type(part) for part in parts] != list(kinds):
        raise unknown_cursor()
    return parts


def decode_time_cursor(cursor: str) -> tuple[datetime, UUID]:
    """The parts of a cursor over (time, id)."""
    at, row_id = decode_cursor(cursor, str, str)
    try:
        time = datetime.fromisoformat(at)
        if time.tzinfo is None:
            raise unknown_cursor()
        return in_utc(time), UUID(row_id)
    except ValueError:
        raise unknown_cursor() from None


def decode_name_cursor(cursor: str) -> tuple[str, UUID]:
    """The parts of a cursor over (name, id)."""
    name, row_id = decode_cursor(cursor, str, str)
    try:
        return storable(name), UUID(row_id)
    except ValueError:
        raise unknown_cursor() from None


def decode_id_cursor(cursor: str) -> UUID:
    """The part of a cursor over ids alone."""
    (row_id,) = decode_cursor(cursor, str)
    try:
        return UUID(row_id)
    except ValueError:
        raise unknown_cursor() from None


def decode_number_cursor(cursor: str, *, maximum: int) -> int:
    """The part of a cursor over numbers from 0 to `maximum`."""
    number: int
    (number,) = decode_cursor(cursor, int)
    if not 0 <= number <= maximum:
        raise unknown_cursor()
    return number


def unknown_cursor() -> Invalid:
    return Invalid([("/query/cursor", "Use the next_cursor of an earlier page, unchanged.")])
