"""SQL of attempts at applying events: begun, finished, and found unfinished."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
from sqlalchemy import ColumnElement, and_, any_, case, delete, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from api.inbound.models import InboundAttempt, InboundEvent
from api.inbound.queries import application_lock, due
from api.kit.database import Database
from api.kit.ids import new_id
from api.kit.process import PROCESS_ID


class Turn(NamedTuple):
    """What a process learns when it asks for its turn at an organization's journal."""

    taken: bool
    """No other process is applying it. The turn lasts until the transaction ends."""
    has_unfinished: bool
    """Some attempt was begun and not finished. Only meaningful when `taken`."""


async def try_turn(session: AsyncSession, organization_id: UUID) -> Turn:
    """The lock of `try_lock_application`, and a look at the attempts, in one statement."""
    unfinished = select(InboundAttempt.id).where(InboundAttempt.organization_id == organization_id).exists()
    return Turn(*(await session.execute(select(application_lock(organization_id), unfinished))).one())


BEGIN = (
    "INSERT INTO inbound_attempts (organization_id, id, event_ids, begun_by)"
    " SELECT $1, $2, $3, $4 FROM set_config('synchronous_commit',"
    " CASE WHEN $5 THEN 'off' ELSE current_setting('synchronous_commit') END, true)"
)


async def begin(database: Database, organization_id: UUID, event_ids: Sequence[UUID]) -> UUID:
    """In a transaction of its own, which is committed when this returns: one round trip on a second connection.

    For a batch the commit does not wait for the disk: the row has to outlive this process, not the database's.
    """
    attempt_id = new_id()
    in_company = len(event_ids) > 1
    async with database.engine.connect() as connection:
        driver: asyncpg.Connection[Any] = (await connection.get_raw_connection()).driver_connection
        try:
            await driver.execute(BEGIN, organization_id, attempt_id, event_ids, PROCESS_ID, in_company)
        except BaseException:
            # The pool cannot know in what state it is.
            await connection.invalidate()
            raise
    return attempt_id


async def finish(session: AsyncSession, organization_id: UUID, attempt_id: UUID) -> None:
    await session.execute(
        delete(InboundAttempt).where(InboundAttempt.organization_id == organization_id, InboundAttempt.id == attempt_id)
    )


async def forget_own(session: AsyncSession, organization_id: UUID) -> None:
    """Attempts of this process that ended without being finished, such as by an unavailable database.

    Only for whoever holds the organization's turn: then no attempt of this process is under way, and since this process
    lives, none of them hung or killed it.
    """
    await session.execute(
        delete(InboundAttempt).where(
            InboundAttempt.organization_id == organization_id, InboundAttempt.begun_by == PROCESS_ID
        )
    )


async def forget_settled(session: AsyncSession, organization_id: UUID) -> None:
    """Attempts of which no event waits to be applied any more."""
    waiting = select(InboundEvent.id).where(
        InboundEvent.organization_id == organization_id,
        InboundEvent.id == any_(InboundAttempt.event_ids),
        InboundEvent.state == "pending",
    )
    await session.execute(
        delete(InboundAttempt).where(InboundAttempt.organization_id == organization_id, ~waiting.exists())
    )


async def forget_alone(session: AsyncSession, organization_id: UUID, event_ids: Collection[UUID]) -> None:
    """Attempts at these events alone: one of them has finished, or they were quarantined."""
    await session.execute(
        delete(InboundAttempt).where(
            InboundAttempt.organization_id == organization_id,
            InboundAttempt.event_ids.in_([[event_id] for event_id in event_ids]),
        )
    )


async def unfinished(session: AsyncSession, organization_id: UUID) -> list[list[UUID]]:
    """The event ids of each attempt that was begun and not finished."""
    return list(
        await session.scalars(select(InboundAttempt.event_ids).where(InboundAttempt.organization_id == organization_id))
    )


async def events_of(
    session: AsyncSession, organization_id: UUID, event_ids: Collection[UUID]
) -> Sequence[InboundEvent]:
    return (
        await session.scalars(
            select(InboundEvent).where(InboundEvent.organization_id == organization_id, InboundEvent.id.in_(event_ids))
        )
    ).all()


async def due_events_beside(
    session: AsyncSession, organization_id: UUID, suspected: Sequence[InboundEvent], *, with_suspected: bool, limit: int
) -> Sequence[InboundEvent]:
    """In the order of arrival, without what follows a `suspected` event of its line and number.

    The suspected events themselves come last, or, without `with_suspected`, not at all.
    """
    ids = [event.id for event in suspected]
    statement = due(organization_id)
    if suspected:
        statement = statement.where(~or_(*(_follows(event) for event in suspected)))
    if not with_suspected:
        statement = statement.where(InboundEvent.id.not_in(ids))
    last = case((InboundEvent.id.in_(ids), 1), else_=0)
    return (await session.scalars(statement.order_by(last, InboundEvent.id).limit(limit))).all()


def _follows(event: InboundEvent) -> ColumnElement[bool]:
    return and_(
        InboundEvent.id > event.id,
        InboundEvent.line_id == event.line_id,
        InboundEvent.phone_number.is_not_distinct_from(event.phone_number),
    )
