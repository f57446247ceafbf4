"""Keyset paging: opaque cursors over the sort key, stable while rows arrive."""

import base64
import json
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from fastapi import Depends, Query
from pydantic import BaseModel

from api.kit.errors import Invalid
from api.kit.text import storable
from api.kit.times import in_utc

Item = TypeVar("Item")
Key = tuple[str | int | datetime | UUID, ...]

MAX_LIMIT = 200
DEFAULT_LIMIT = 50


class Page(BaseModel, Generic[Item]):
    """One page of a list. `next_cursor` is null on the last one."""

    items: list[Item]
    """At most `limit` of them, in the list's order."""
    next_cursor: str | None
    """The `cursor` of the next page; null on the last one."""


@dataclass(frozen=True)
class PageQuery:
    """The page of a request: at most `limit` items after `cursor`."""

    limit: int
    cursor: str | None

    @property
    def rows_to_read(self) -> int:
        """One more than the page holds: an extra row means that there is a next page."""
        return self.limit + 1

    def cut(self, rows: Sequence[Item], key: Callable[[Item], Key]) -> tuple[Sequence[Item], str | None]:
        """The page's rows out of `rows_to_read`, and the cursor of the next page, if there is one.

        `key` returns the sort key of a row.
        """
        shown = rows[: self.limit]
        return shown, encode_cursor(*key(shown[-1])) if len(rows) > self.limit else None

    def time_key(self) -> tuple[datetime, UUID] | None:
        """The (time, id) of the last row before this page; None on the first page. Raises `Invalid`."""
        if not self.cursor:
            return None
        at, row_id = decode_cursor(self.cursor, str, str)
        try:
            time = datetime.fromisoformat(at)
            if time.tzinfo is None:
                raise unknown_cursor()
            return in_utc(time), UUID(row_id)
        except ValueError:
            raise unknown_cursor() from None

    def name_key(self) -> tuple[str, UUID] | None:
        """The (name, id) of the last row before this page; None on the first page. Raises `Invalid`."""
        if not self.cursor:
            return None
        name, row_id = decode_cursor(self.cursor, str, str)
        try:
            return storable(name), UUID(row_id)
        except ValueError:
            raise unknown_cursor() from None

    def id_key(self) -> UUID | None:
        """The id of the last row before this page; None on the first page. Raises `Invalid`."""
        if not self.cursor:
            return None
        (row_id,) = decode_cursor(self.cursor, str)
        try:
            return UUID(row_id)
        except ValueError:
            raise unknown_cursor() from None


def how_many_fit(sizes: Sequence[int], capacity: int) -> int:
    """How many of the first items fit on a page of this capacity. At least one."""
    return max(1, bisect_right(list(accumulate(sizes)), capacity))


LimitQuery = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="The most items of the page.")]
CursorQuery = Annotated[
    str | None, Query(max_length=500, description="`next_cursor` of the page before. It is opaque.")
]


def page_query(limit: LimitQuery = DEFAULT_LIMIT, cursor: CursorQuery = None) -> PageQuery:
    return PageQuery(limit=limit, cursor=cursor)


Paging = Annotated[PageQuery, Depends(page_query)]


def encode_cursor(*key: str | int | datetime | UUID) -> str:
    """The cursor of a sort key: base64url of a JSON array."""
    parts = [part.isoformat() if isinstance(part, datetime) else part for part in key]
    raw = json.dumps([str(part) if isinstance(part, UUID) else part for part in parts], separators=(",", ":"))
    return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")


def decode_cursor(cursor: str, *kinds: type[str] | type[int]) -> list[Any]:
    """The parts of a cursor. Raises `Invalid` unless they are exactly of these types."""
    try:
        raw = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        parts = json.loads(raw)
    except (ValueError, RecursionError):
        raise unknown_cursor() from None
    # Exactly: JSON's true is a bool, and bool is a subclass of int.
    if not isinstance(parts, list) or [type(part) for part in parts] != list(kinds):
        raise unknown_cursor()
    return parts


def decode_number_cursor(cursor: str, *, maximum: int) -> int:
    """The number, from 0 to `maximum`, of a cursor over numbers. Raises `Invalid`."""
    number: int
    (number,) = decode_cursor(cursor, int)
    if not 0 <= number <= maximum:
        raise unknown_cursor()
    return number


def unknown_cursor() -> Invalid:
    return Invalid([("/query/cursor", "Use the next_cursor of an earlier page, unchanged.")])
