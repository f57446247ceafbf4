"""SQL of the event log."""

import json
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from api.events.models import Event, EventCounter
from api.events.rules import EventType, NewEvent
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
    statement = (
        select(Event)
        .where(
            Event.organization_id == organization_id,
            Event.position > position,
            Event.type == is_any([each.value for each in types], "text"),
        )
        .order_by(Event.position)
        .limit(limit)
    )
    return (await session.scalars(statement)).all()


async def last_position(session: AsyncSession, organization_id: UUID) -> int:
    statement = select(EventCounter.last_position).where(EventCounter.organization_id == organization_id)
    return (await session.execute(statement)).scalar_one_or_none() or 0


async def position_of(session: AsyncSession, organization_id: UUID, event_id: UUID) -> int | None:
    """The position of an event of the organization; None if it is not in the log."""
    statement = select(Event.position).where(Event.organization_id == organization_id, Event.id == event_id)
    return (await session.execute(statement)).scalar_one_or_none()
