"""Scheduled texts in a thread: after everything else, in order of their time."""

from sqlalchemy.ext.asyncio import AsyncSession

from api.conversations.models import InboxRow
from api.threads.rules import Placed, Position


async def scheduled_texts(
    _session: AsyncSession, _row: InboxRow, _position: Position | None, *, forwards: bool
) -> list[Placed]:
    """The conversation's scheduled texts before or after a position, each at `Position(SCHEDULED_SEQ, 0, time, id)`.

    No slice schedules texts yet. The one that does is read here, and `threads.service._read` gets its content.
    """
    del forwards
    return []
