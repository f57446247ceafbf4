"""SQL of the search over messages."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import cast, func, literal, select, tuple_
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.asyncio import AsyncSession

from api.conversations.models import Conversation
from api.conversations.queries import InboxRow
from api.directory.models import PhoneNumber
from api.messages.models import Message
from api.messages.queries import MessageRow, messages_of
from api.messages.rules import Direction
from api.messages.search_rules import SearchQuery, search_condition


class FoundRow(NamedTuple):
    row: MessageRow
    conversation: InboxRow


async def limit_statements(session: AsyncSession, *, milliseconds: int) -> None:
    """What takes longer is cancelled by the database, until the end of the transaction."""
    await session.execute(select(func.set_config("statement_timeout", str(milliseconds), True)))


async def found(
    session: AsyncSession,
    organization_id: UUID,
    query: SearchQuery,
    *,
    conversation_id: UUID | None = None,
    direction: Direction | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int,
) -> list[FoundRow]:
    """The messages that match, newest first by (created_at, id). `since` is inclusive, `until` is not."""
    condition = cast(literal(search_condition(query, organization_id=organization_id)), TSQUERY)
    statement = (
        messages_of(organization_id)
        .add_columns(Conversation, PhoneNumber)
        .join(
            Conversation,
            (Conversation.organization_id == Message.organization_id) & (Conversation.id == Message.conversation_id),
        )
        .join(
            PhoneNumber,
            (PhoneNumber.organization_id == Conversation.organization_id)
            & (PhoneNumber.id == Conversation.phone_number_id),
        )
        .where(Message.search.bool_op("@@")(condition))
    )
    if conversation_id is not None:
        statement = statement.where(Message.conversation_id == conversation_id)
    if direction is not None:
        statement = statement.where(Message.direction == direction.value)
    if since is not None:
        statement = statement.where(Message.created_at >= since)
    if until is not None:
        statement = statement.where(Message.created_at < until)
    if before is not None:
        statement = statement.where(tuple_(Message.created_at, Message.id) < tuple_(*before))
    statement = statement.order_by(Message.created_at.desc(), Message.id.desc()).limit(limit)
    return [
        FoundRow(MessageRow(row[0], row[1], row[2]), InboxRow(row[3], row[4]))
        for row in await session.execute(statement)
    ]
