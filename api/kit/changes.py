"""Lists by time of change, for programs that keep a copy (decision 0050).

A pass reads what changed from `updated_since` up to a moment before which every change has been committed. The cursor
carries that moment, so a row that changes during the pass waits for the next one: none is missed, none comes twice.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any, TypeVar, TypeVarTuple
from uuid import UUID

from fastapi import Depends, Query
from sqlalchemy import ColumnElement, Select, func, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from api.kit.paging import PageQuery, Paging, decode_cursor, encode_cursor, unknown_cursor
from api.kit.times import Moment, in_utc

UpdatedSince = Annotated[
    Moment | None,
    Query(
        description="Records that changed at this time or later, in the order of their change, archived ones "
        "included. For the next pass give the `updated_at` of the last one. A change of the last moments comes with "
        "the next pass."
    ),
]

Row = TypeVar("Row")
Columns = TypeVarTuple("Columns")

_SETTLED = text(
    # A transaction that has written nothing for a minute is a reader: a backup, an export.
    "SELECT least(clock_timestamp(), min(xact_start)) - interval '100 milliseconds' FROM pg_stat_activity"
    " WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
    " AND (backend_xid IS NOT NULL OR xact_start > clock_timestamp() - interval '1 minute')"
)


WAITS_SECONDS = (0.11, 0.1, 0.2)
"""Pauses until what was committed before the request is settled, if no transaction runs for longer."""


async def settled_until(session: AsyncSession) -> datetime:
    """The moment before which every change has been committed. Later statements of the session see all of them.

    Times of change are the database's clock within the transaction of the change, so a transaction that is running
    writes times after its start. It waits a little, without a transaction, until the moment is after its call, so that
    a program finds its own change of just now.
    """
    asked_at: datetime = (await session.execute(select(func.clock_timestamp()))).scalar_one()
    for seconds in WAITS_SECONDS:
        await session.rollback()  # No connection is held while it waits.
        await asyncio.sleep(seconds)
        until: datetime = (await session.execute(_SETTLED)).scalar_one()
        if until >= asked_at:
            break
    return until


@dataclass(frozen=True)
class ChangesQuery:
    """A page of a pass: rows of `since` ≤ `updated_at` < `until`, after the key `after`."""

    limit: int
    since: datetime
    until: datetime | None = None
    """None on the first page, until `begun`."""
    after: tuple[datetime, UUID] | None = None

    @classmethod
    def of(cls, paging: PageQuery, since: datetime) -> "ChangesQuery":
        """Raises `Invalid` for a cursor of another list."""
        if not paging.cursor:
            return cls(paging.limit, since)
        at, row_id, until = decode_cursor(paging.cursor, str, str, str)
        try:
            return cls(paging.limit, since, _time(until), (_time(at), UUID(row_id)))
        except ValueError:
            raise unknown_cursor() from None

    async def begun(self, session: AsyncSession) -> "ChangesQuery":
        """With its `until`. To be called before the rows are read."""
        return self if self.until is not None else replace(self, until=await settled_until(session))

    def narrow(self, statement: Select[*Columns], updated_at: Any, row_id: Any) -> Select[*Columns]:
        """The rows of the page and one more, in the order of their change."""
        conditions: list[ColumnElement[bool]] = [updated_at >= self.since, updated_at < self.until]
        if self.after is not None:
            conditions.append(tuple_(updated_at, row_id) > tuple_(*self.after))
        return statement.where(*conditions).order_by(updated_at, row_id).limit(self.limit + 1)

    def cut(self, rows: Sequence[Row], key: Callable[[Row], tuple[datetime, UUID]]) -> tuple[Sequence[Row], str | None]:
        """As `PageQuery.cut`."""
        shown = rows[: self.limit]
        if len(rows) <= self.limit:
            return shown, None
        assert self.until is not None
        return shown, encode_cursor(*key(shown[-1]), self.until)


def _time(value: str) -> datetime:
    time = datetime.fromisoformat(value)
    if time.tzinfo is None:
        raise ValueError("a time without an offset")
    return in_utc(time)


def changes_query(paging: Paging, updated_since: UpdatedSince = None) -> ChangesQuery | None:
    """None without `updated_since`."""
    return None if updated_since is None else ChangesQuery.of(paging, updated_since)


Changes = Annotated[ChangesQuery | None, Depends(changes_query)]
