"""SQL of the away message."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from api.away.models import AwayMessage
from api.conversations.models import Conversation, Message
from api.kit.bulk import is_any


async def away_message(session: AsyncSession, organization_id: UUID) -> AwayMessage | None:
    statement = select(AwayMessage).where(AwayMessage.organization_id == organization_id)
    return await session.scalar(statement.execution_options(populate_existing=True))


async def lock(session: AsyncSession, organization_id: UUID) -> AwayMessage:
    """The organization's row, created if missing, and locked."""
    new = {"organization_id": organization_id, "id": organization_id, "enabled": False, "body": "", "hours": {}}
    await session.execute(upsert(AwayMessage).values(**new).on_conflict_do_nothing())
    statement = select(AwayMessage).where(AwayMessage.organization_id == organization_id).with_for_update()
    return (await session.scalars(statement.execution_options(populate_existing=True))).one()


class EnabledAway(NamedTuple):
    body: str
    hours: dict[str, object]


async def time_and_enabled(session: AsyncSession, organization_id: UUID) -> tuple[datetime, EnabledAway | None]:
    """The database's clock, and the away message if it is on: one statement, which the batch needs for the time."""
    clock = select(func.clock_timestamp().label("at")).subquery()
    row = (
        await session.execute(
            select(clock.c.at, AwayMessage.body, AwayMessage.hours).outerjoin_from(
                clock, AwayMessage, (AwayMessage.organization_id == organization_id) & AwayMessage.enabled
            )
        )
    ).one()
    return row[0], None if row[1] is None else EnabledAway(row[1], row[2])


class Sent(NamedTuple):
    phone_number_id: UUID
    at: datetime
    is_away: bool
    is_automatic: bool


async def sent_since(
    session: AsyncSession, organization_id: UUID, phone_number_ids: Sequence[UUID], *, since: datetime, away: datetime
) -> list[Sent]:
    """Texts to these numbers since then, on any line, and away messages since `away`."""
    rows = await session.execute(
        select(
            Conversation.phone_number_id,
            Message.created_at,
            Message.is_away,
            or_(Message.is_away, Message.is_signup, Message.answers.is_not(None)),
        )
        .join(
            Message,
            (Message.organization_id == Conversation.organization_id) & (Message.conversation_id == Conversation.id),
        )
        .where(
            Conversation.organization_id == organization_id,
            Conversation.phone_number_id == is_any(phone_number_ids),
            Conversation.last_message_at > min(since, away),
            Message.direction == "outbound",
            or_(Message.created_at > since, Message.is_away & (Message.created_at > away)),
        )
    )
    return [Sent(*row) for row in rows]
