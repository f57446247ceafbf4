"""Scheduled texts in a thread: after everything else, in order of their time."""

from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncSession

from api.conversations.models import InboxRow
from api.conversations.scheduled import ScheduledRow, texts_in_thread
from api.threads.rules import SCHEDULED_SEQ, Kind, Placed, Position, microseconds


async def scheduled_texts(
    session: AsyncSession, row: InboxRow, position: Position | None, *, forwards: bool
) -> Mapping[Placed, ScheduledRow]:
    """The conversation's scheduled and held texts before or after a position. There are a few at most."""
    placed = {place_of(each): each for each in await texts_in_thread(session, row)}
    if position is None:
        return placed
    if forwards:
        return {place: each for place, each in placed.items() if place.position > position}
    return {place: each for place, each in placed.items() if place.position < position}


def place_of(scheduled: ScheduledRow) -> Placed:
    text = scheduled.text
    position = Position(SCHEDULED_SEQ, 0, microseconds(text.send_at), text.id.hex)
    return Placed(position, Kind.SCHEDULED_TEXT, text.id)
