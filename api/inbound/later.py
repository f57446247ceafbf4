"""Events of a built-in carrier: journaled with the outcome of their text, and applied when they are due."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.inbound import queries
from api.kit.database import database_time
from api.providers.port import LaterEvent


async def add_later(
    session: AsyncSession, organization_id: UUID, *, line_id: UUID, provider: str, later: Sequence[LaterEvent]
) -> None:
    """Add the events to the journal, in the caller's transaction. One that is there already stays (RECV-ONCE)."""
    at = await database_time(session)
    for each in sorted(later, key=_delay):
        await queries.add_due_later(
            session, organization_id, line_id=line_id, provider=provider, event=each.event, due_at=at + each.after
        )


def _delay(later: LaterEvent) -> timedelta:
    return later.after
