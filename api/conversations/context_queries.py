"""SQL of the context of a conversation."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from api.conversations.models import Conversation
from api.directory.models import PhoneNumber
from api.kit.bulk import is_any


class NewestConversation(NamedTuple):
    id: UUID
    status: str
    last_message_at: datetime


async def newest_conversations(
    session: AsyncSession, organization_id: UUID, numbers: Sequence[str]
) -> dict[str, NewestConversation]:
    """The newest conversation of each of these numbers that has one."""
    rows = await session.execute(
        select(PhoneNumber.number, Conversation.id, Conversation.status, Conversation.last_message_at)
        .join(
            Conversation,
            (Conversation.organization_id == PhoneNumber.organization_id)
            & (Conversation.phone_number_id == PhoneNumber.id),
        )
        .where(PhoneNumber.organization_id == organization_id, PhoneNumber.number == is_any(numbers, "text"))
        .order_by(PhoneNumber.number, Conversation.last_message_at.desc(), Conversation.id.desc())
        .ext(distinct_on(PhoneNumber.number))
    )
    return {row.number: NewestConversation(row.id, row.status, row.last_message_at) for row in rows}
