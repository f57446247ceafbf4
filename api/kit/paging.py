"""Keyset paging: opaque cursors over the sort key, stable while rows arrive."""

import base64
import json
from datetime import datetime
from typing import Annotated, Generic, TypeVar
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


def decode_cursor(cursor: str, *, size: int) -> list[str | int]:
    """The parts of a cursor. Raises `Invalid` for anything this service did not make."""
    try:
        raw = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        parts = json.loads(raw)
        well_formed = isinstance(parts, list) and len(parts) == size and all(isinstance(p, str | int) for p in parts)
    except (ValueError, RecursionError):
        well_formed = False
    if not well_formed:
        raise unknown_cursor()
    return parts  # type: ignore[no-any-return]  # Checked above.


def decode_time_cursor(cursor: str) -> tuple[datetime, UUID]:
    """The parts of a cursor over (time, id)."""
    at, row_id = decode_cursor(cursor, size=2)
    try:
        time = datetime.fromisoformat(str(at))
        if time.tzinfo is None:
            raise unknown_cursor()
        return in_utc(time), UUID(str(row_id))
    except ValueError:
        raise unknown_cursor() from None


def decode_name_cursor(cursor: str) -> tuple[str, UUID]:
    """The parts of a cursor over (name, id)."""
    name, row_id = decode_cursor(cursor, size=2)
    try:
        return storable(str(name)), UUID(str(row_id))
    except ValueError:
        raise unknown_cursor() from None


def decode_id_cursor(cursor: str) -> UUID:
    """The part of a cursor over ids alone."""
    (row_id,) = decode_cursor(cursor, size=1)
    try:
        return UUID(str(row_id))
    except ValueError:
        raise unknown_cursor() from None


def unknown_cursor() -> Invalid:
    return Invalid([("/query/cursor", "Use the next_cursor of an earlier page, unchanged.")])
