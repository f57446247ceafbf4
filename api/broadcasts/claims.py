"""What a claim asks of a mass text: whether its recipients are still those who were confirmed."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.broadcasts import queries
from api.broadcasts.rules import REFUSED, LeftOut

MOVED_CODE = f"{REFUSED}{LeftOut.MOVED.value}"
MOVED_TITLE = "This number has left the record through which it was to get the mass text."


async def moved_away(session: AsyncSession, organization_id: UUID, message_ids: Collection[UUID]) -> set[UUID]:
    """Of these messages of mass texts, those whose number has left its record. The numbers are locked."""
    if not message_ids:
        return set()
    return await queries.moved(session, organization_id, message_ids)
