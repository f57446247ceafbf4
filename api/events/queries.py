"""SQL of the event log."""

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import CursorResult, delete, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from api.events.models import Event, EventCounter
from api.events.rules import PUBLIC, EventType, NewEvent
from api.kit.bulk import is_any
from api.kit.ids import new_id

_APPEND = text(
    "WITH counter AS ( INSERT INTO event_counters AS kept (organization_id, last_position)"
    " VALUES (:organization_id, CAST(:count AS bigint))"
    " ON CONFLICT (organization_id) DO UPDATE SET last_position = kept.last_position + excluded.last_position"
    " RETURNING last_position)"
    " INSERT INTO events (organization_id, position, id, type, conversation_id, message_id, phone_number, data,"
    " created_at)"
    " SELECT :organization_id, counter.last_position - CAST(:count AS bigint) + new.number, new.id, new.type,"
    " new.conversation_id, new.message_id, new.phone_number, CAST(new.data AS jsonb), clock_timestamp()"
    " FROM counter, unnest(CAST(:ids AS uuid[]), CAST(:types AS text[]), CAST(:conversation_ids AS uuid[]),"
    " CAST(:message_ids AS uuid[]), CAST(:phone_numbers AS text[]), CAST(:data AS text[])) WITH ORDINALITY"
    " AS new(id, type, conversation_id, message_id, phone_number, data, number)"
)


async def append(session: AsyncSession, organization_id: UUID, events: Sequence[NewEvent]) -> Sequence[UUID]:
    """Write the events at the end of the organization's log, and lock its counter. Returns their ids."""
    ids = [new_id() for _ in events]
    parameters: dict[str, Any] = {
        "organization_id": organization_id,
        "count": len(events),
        "ids": ids,
        "types": [each.type.value for each in events],
        "conversation_ids": [each.conversation_id for each in events],
        "message_ids": [each.message_id for each in events],
        "phone_numbers": [each.phone_number for each in events],
        "data": [json.dumps(each.data) for each in events],
    }
    await session.execute(_APPEND, parameters)
    return ids


async def after(
    session: AsyncSession, organization_id: UUID, position: int, *, types: Collection[EventType], limit: int
) -> Sequence[Event]:
    """Events of these types after this position, in their order."""
    later = select(Event).where(Event.organization_id == organization_id, Event.position > position)
    if set(PUBLIC) <= set(types):
        others = [each.value for each in EventType if each not in types]
        found = await session.scalars(later.where(Event.type.not_in(others)).order_by(Event.position).limit(limit))
        return found.all()
    # Each part reads no more of the index than one page, however rare the type is.
    rows: list[Event] = []
    for each in sorted(types):
        statement = later.where(Event.type == each.value).order_by(Event.position).limit(limit)
        rows += (await session.scalars(statement)).all()
    return sorted(rows, key=lambda row: row.position)[:limit]


async def newest(session: AsyncSession, organization_id: UUID, *, types: Collection[EventType]) -> Event | None:
    """The last event of these types."""
    found = [
        await session.scalar(
            select(Event)
            .where(Event.organization_id == organization_id, Event.type == each.value)
            .order_by(Event.position.desc())
            .limit(1)
        )
        for each in types
    ]
    return max((row for row in found if row is not None), key=lambda row: row.position, default=None)


async def erase_numbers(session: AsyncSession, organization_id: UUID, numbers: Sequence[str]) -> None:
    """Empty these numbers wherever an event names one (ERASE)."""
    await session.execute(
        update(Event)
        .where(Event.organization_id == organization_id, Event.phone_number == is_any(numbers, "text"))
        .values(phone_number=None)
        .execution_options(synchronize_session=False)
    )


async def delete_before(
    session: AsyncSession, organization_id: UUID, moment: datetime, *, only: EventType | None, limit: int
) -> int:
    """Delete the organization's first events if they are older than `moment`. Returns how many were deleted."""
    first = select(Event.position, Event.created_at).where(Event.organization_id == organization_id)
    if only is not None:
        first = first.where(Event.type == only.value)
    oldest = first.order_by(Event.position).limit(limit).subquery()
    positions = select(oldest.c.position).where(oldest.c.created_at < moment)
    deleted = await session.execute(
        delete(Event)
        .where(Event.organization_id == organization_id, Event.position.in_(positions))
        .execution_options(synchronize_session=False)
    )
    return cast("CursorResult[Any]", deleted).rowcount


async def organizations_after(session: AsyncSession, organization_id: UUID | None, *, limit: int) -> Sequence[UUID]:
    """Organizations with a log, in the order of their ids, after this one."""
    statement = select(EventCounter.organization_id).order_by(EventCounter.organization_id).limit(limit)
    if organization_id is not None:
        statement = statement.where(EventCounter.organization_id > organization_id)
    return (await session.scalars(statement)).all()


async def last_position(session: AsyncSession, organization_id: UUID) -> int:
    statement = select(EventCounter.last_position).where(EventCounter.organization_id == organization_id)
    return (await session.execute(statement)).scalar_one_or_none() or 0


async def last_event_id(session: AsyncSession, organization_id: UUID) -> UUID | None:
    """The id of the organization's last event of any type; None if the log is empty."""
    newest = select(Event.id).where(Event.organization_id == organization_id).order_by(Event.position.desc()).limit(1)
    return await session.scalar(newest)


async def event(session: AsyncSession, organization_id: UUID, event_id: UUID) -> Event | None:
    """The event of the organization; None if it is not in the log."""
    return await session.scalar(select(Event).where(Event.organization_id == organization_id, Event.id == event_id))


async def position_of(session: AsyncSession, organization_id: UUID, event_id: UUID) -> int | None:
    """The position of an event of the organization; None if it is not in the log."""
    statement = select(Event.position).where(Event.organization_id == organization_id, Event.id == event_id)
    return (await session.execute(statement)).scalar_one_or_none()
