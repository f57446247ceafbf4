"""Replaying quarantined events once the cause is mended (RECV-NOTHING-LOST)."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.audit import service as audit
from api.audit.rules import SYSTEM, Action, Actor, NewEntry
from api.inbound import queries
from api.inbound.models import InboundEvent
from api.inbound.rules import EventState
from api.kit.database import Database, database_time
from api.kit.errors import Conflict, NotFound

MAX_AT_ONCE = 500
"""Events that one transaction replays: each gets an audit entry."""


async def require_event(session: AsyncSession, organization_id: UUID, event_id: UUID) -> InboundEvent:
    """Raises `NotFound` if the id is not in this organization (PERM-TENANT)."""
    event = await queries.event(session, organization_id, event_id)
    if event is None:
        raise NotFound("There is no such event.")
    return event


async def replay_event(session: AsyncSession, organization_id: UUID, event_id: UUID, *, actor: Actor) -> InboundEvent:
    """Release the event from quarantine: it is due at once, with all its attempts before it. A pending event stays.

    Raises `Conflict` if the event has been applied, and `NotFound`.
    """
    locked = await queries.lock_quarantined(session, organization_id, event_id=event_id, limit=1)
    await _release(session, organization_id, locked, actor=actor)
    event = await require_event(session, organization_id, event_id)
    if event.state == EventState.APPLIED:
        raise Conflict("It has been applied already, so there is nothing to replay.")
    return event


async def replay_all(
    session: AsyncSession, organization_id: UUID, *, actor: Actor, after: UUID | None = None
) -> Sequence[InboundEvent]:
    """Replay the oldest `MAX_AT_ONCE` quarantined events with ids above `after`, in the order of arrival."""
    locked = await queries.lock_quarantined(session, organization_id, after=after, limit=MAX_AT_ONCE)
    await _release(session, organization_id, locked, actor=actor)
    return locked


async def _release(
    session: AsyncSession, organization_id: UUID, events: Sequence[InboundEvent], *, actor: Actor
) -> None:
    at = await database_time(session)
    entries = [
        NewEntry(
            Action.INBOUND_EVENT_REPLAYED,
            actor,
            phone_number=event.phone_number,
            details={"event_id": str(event.id), "kind": event.kind, "attempts": event.attempts, "error": event.error},
        )
        for event in events
    ]
    await queries.release(session, organization_id, [event.id for event in events], due_at=at)
    await audit.record(session, organization_id, *entries, at=at)


async def replay_from_shell(database: Database, organization_ids: Sequence[UUID], *, event_id: UUID | None) -> int:
    """Replay the event in whichever organization it is, or all quarantined events if it is None. Returns how many.

    Raises `Conflict` if the event has been applied, and `NotFound`.
    """
    count = 0
    for organization_id in organization_ids:
        if event_id is not None:
            async with database.transaction() as session:
                if await queries.event(session, organization_id, event_id) is not None:
                    await replay_event(session, organization_id, event_id, actor=SYSTEM)
                    return 1
            continue
        last: UUID | None = None
        while True:
            # In the order of ids, so that an event that fails again is not replayed twice.
            async with database.transaction() as session:
                batch = await replay_all(session, organization_id, actor=SYSTEM, after=last)
            if not batch:
                break
            count, last = count + len(batch), batch[-1].id
    if event_id is not None:
        raise NotFound("There is no such event.")
    return count
