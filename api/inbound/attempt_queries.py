"""SQL of attempts to apply inbound events: begun, finished, and found unfinished."""

from collections.abc import Collection, Sequence
from contextlib import nullcontext
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import ColumnElement, and_, any_, case, delete, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from api.inbound.models import InboundAttempt, InboundEvent
from api.inbound.queries import DueEvent, due, due_columns
from api.kit.bulk import is_any
from api.kit.database import Database
from api.kit.ids import new_id
from api.kit.process import PROCESS_ID


async def has_unfinished(session: AsyncSession, organization_id: UUID) -> bool:
    """Whether an attempt was begun and not finished."""
    unfinished = select(InboundAttempt.id).where(InboundAttempt.organization_id == organization_id).exists()
    return bool(await session.scalar(select(unfinished)))


BEGIN = (
    "INSERT INTO inbound_attempts (organization_id, id, event_ids, begun_by)"
    " SELECT $1, $2, $3, $4 FROM set_config('synchronous_commit',"
    " CASE WHEN $5 THEN 'off' ELSE current_setting('synchronous_commit') END, true)"
)


async def begin(database: Database, organization_id: UUID, event_ids: Sequence[UUID]) -> UUID:
    """Store an attempt in a transaction of its own, which is committed when this returns. One round trip,
    except behind a pooler, which may give the parse and the execution of a lone statement different connections.

    The commit of an attempt at several events does not wait for the disk: the row has to survive this process, not
    the database server.
    """
    attempt_id = new_id()
    several = len(event_ids) > 1
    async with database.engine.connect() as connection:
        driver: asyncpg.Connection[Any] = (await connection.get_raw_connection()).driver_connection
        try:
            async with driver.transaction() if database.is_pooled else nullcontext():
                await driver.execute(BEGIN, organization_id, attempt_id, event_ids, PROCESS_ID, several)
        except BaseException:
            # The pool cannot know the connection's state.
            await connection.invalidate()
            raise
    return attempt_id


async def finish(session: AsyncSession, organization_id: UUID, attempt_id: UUID) -> None:
    await session.execute(
        delete(InboundAttempt).where(InboundAttempt.organization_id == organization_id, InboundAttempt.id == attempt_id)
    )


async def forget_own(session: AsyncSession, organization_id: UUID) -> None:
    """Delete this process's attempts that ended without being finished, for instance by an unavailable database.

    The caller holds the organization's lock. So no attempt of this process is under way, and since this process
    lives, none of them hung or killed it.
    """
    await session.execute(
        delete(InboundAttempt).where(
            InboundAttempt.organization_id == organization_id, InboundAttempt.begun_by == PROCESS_ID
        )
    )


async def forget_settled(session: AsyncSession, organization_id: UUID | None) -> None:
    """Delete attempts none of whose events is pending any more. None: of every organization."""
    waiting = select(InboundEvent.id).where(
        InboundEvent.organization_id == InboundAttempt.organization_id,
        InboundEvent.id == any_(InboundAttempt.event_ids),
        InboundEvent.state == "pending",
    )
    settled = delete(InboundAttempt).where(~waiting.correlate(InboundAttempt).exists())
    if organization_id is not None:
        settled = settled.where(InboundAttempt.organization_id == organization_id)
    await session.execute(settled)


async def forget_alone(session: AsyncSession, organization_id: UUID, event_ids: Collection[UUID]) -> None:
    """Delete attempts at exactly one of these events."""
    await session.execute(
        delete(InboundAttempt).where(
            InboundAttempt.organization_id == organization_id,
            InboundAttempt.event_ids.in_([[event_id] for event_id in event_ids]),
        )
    )


async def unfinished(session: AsyncSession, organization_id: UUID) -> list[list[UUID]]:
    """The event ids of each unfinished attempt."""
    return list(
        await session.scalars(select(InboundAttempt.event_ids).where(InboundAttempt.organization_id == organization_id))
    )


async def events_by_ids(session: AsyncSession, organization_id: UUID, event_ids: Collection[UUID]) -> list[DueEvent]:
    rows = await session.execute(
        due_columns().where(InboundEvent.organization_id == organization_id, InboundEvent.id == is_any(event_ids))
    )
    return [DueEvent(*row) for row in rows]


async def due_events_beside(
    session: AsyncSession, organization_id: UUID, suspected: Sequence[DueEvent], *, with_suspected: bool, limit: int
) -> list[DueEvent]:
    """Due events in the order of arrival, without those that follow a `suspected` event of their line and number.

    With `with_suspected` the suspected events come last, without it not at all.
    """
    ids = [event.id for event in suspected]
    statement = due(organization_id)
    if suspected:
        statement = statement.where(~or_(*(_follows(event) for event in suspected)))
    if not with_suspected:
        statement = statement.where(InboundEvent.id.not_in(ids))
    last = case((InboundEvent.id.in_(ids), 1), else_=0)
    return [DueEvent(*row) for row in await session.execute(statement.order_by(last, InboundEvent.id).limit(limit))]


def _follows(event: DueEvent) -> ColumnElement[bool]:
    return and_(
        InboundEvent.id > event.id,
        InboundEvent.line_id == event.line_id,
        InboundEvent.phone_number.is_not_distinct_from(event.phone_number),
    )
