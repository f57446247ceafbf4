"""SQL of the corrections of what earlier versions have changed."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Uuid,
    bindparam,
    exists,
    func,
    literal_column,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from api.conversations.models import Conversation, Message
from api.kit.bulk import is_any


async def uncounted_conversations(session: AsyncSession, organization_id: UUID, *, limit: int) -> Sequence[UUID]:
    statement = (
        select(Conversation.id)
        .where(
            Conversation.organization_id == organization_id,
            Conversation.counted_seq != Conversation.last_seq,
            Conversation.status != literal_column("'closed'"),
        )
        .limit(limit)
    )
    return (await session.scalars(statement)).all()


class Facts(NamedTuple):
    """What the messages of a conversation say."""

    waiting_since: datetime | None
    last_inbound_at: datetime | None
    not_sent: int


_FACTS = text(
    """
SELECT conversation.id, waiting.since, received.at, unsent.messages
FROM unnest(:ids) AS conversation(id)
CROSS JOIN LATERAL (
    SELECT coalesce(max(seq), 0) AS seq FROM (
        SELECT seq FROM messages
        WHERE organization_id = :organization_id AND conversation_id = conversation.id
          AND direction = 'outbound' AND sent_by_staff_member_id IS NOT NULL
        ORDER BY seq DESC LIMIT 1
    ) AS newest
) AS answered
CROSS JOIN LATERAL (
    SELECT min(created_at) AS since FROM messages
    WHERE organization_id = :organization_id AND conversation_id = conversation.id
      AND direction = 'inbound' AND seq > answered.seq
) AS waiting
LEFT JOIN LATERAL (
    SELECT created_at AS at FROM messages
    WHERE organization_id = :organization_id AND conversation_id = conversation.id AND direction = 'inbound'
    ORDER BY seq DESC LIMIT 1
) AS received ON true
CROSS JOIN LATERAL (
    SELECT count(*) AS messages FROM messages
    WHERE organization_id = :organization_id AND conversation_id = conversation.id AND not_sent
) AS unsent
"""
).bindparams(bindparam("ids", type_=ARRAY(Uuid())))


async def facts_of(session: AsyncSession, organization_id: UUID, conversation_ids: Sequence[UUID]) -> dict[UUID, Facts]:
    rows = await session.execute(_FACTS, {"organization_id": organization_id, "ids": list(conversation_ids)})
    return {row[0]: Facts(*row[1:]) for row in rows}


def _later_reply(message: type[Message]) -> ColumnElement[bool]:
    """A staff member has answered after the message, or has sent it again."""
    later = aliased(Message)
    return exists().where(
        later.organization_id == message.organization_id,
        later.conversation_id == message.conversation_id,
        later.seq > message.seq,
        or_(
            later.sent_by_staff_member_id.is_not(None) & later.retry_of_message_id.is_(None),
            later.retry_of_message_id == message.id,
        ),
    )


async def settle_answered(session: AsyncSession, organization_id: UUID, conversation_ids: Sequence[UUID]) -> None:
    """Texts that were not sent and that an earlier version has answered since."""
    statement = update(Message).where(
        Message.organization_id == organization_id,
        Message.conversation_id == is_any(conversation_ids),
        Message.not_sent.is_(True),
        _later_reply(Message),
    )
    await session.execute(statement.values(not_sent=False).execution_options(synchronize_session=False))


class Uncounted(NamedTuple):
    id: UUID
    conversation_id: UUID


async def uncounted_messages(
    session: AsyncSession, organization_id: UUID, *, newer_than: timedelta, limit: int
) -> list[Uncounted]:
    has_failed = Message.status.in_(("failed", "undelivered")) & Message.not_sent.is_(None)
    has_left = Message.status.in_(("sent", "delivered")) & Message.not_sent.is_(True)
    statement = (
        select(Message.id, Message.conversation_id)
        .where(
            Message.organization_id == organization_id,
            Message.created_at > func.now() - newer_than,
            Message.direction == literal_column("'outbound'"),
            Message.answers.is_(None),
            Message.broadcast_id.is_(None),
            or_(has_failed, has_left),
        )
        .limit(limit)
    )
    return [Uncounted(*row) for row in await session.execute(statement)]


async def messages_in_order(
    session: AsyncSession, organization_id: UUID, message_ids: Sequence[UUID]
) -> Sequence[Message]:
    statement = (
        select(Message)
        .where(Message.organization_id == organization_id, Message.id == is_any(message_ids))
        .order_by(Message.conversation_id, Message.seq)
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(statement)).all()


async def answered_among(session: AsyncSession, organization_id: UUID, message_ids: Sequence[UUID]) -> set[UUID]:
    """Those of these messages that a staff member has answered after, or has sent again."""
    statement = select(Message.id).where(
        Message.organization_id == organization_id, Message.id == is_any(message_ids), _later_reply(Message)
    )
    return set(await session.scalars(statement))


async def organizations_with_uncounted(session: AsyncSession) -> list[UUID]:
    statement = select(Conversation.organization_id).where(
        Conversation.counted_seq != Conversation.last_seq, Conversation.status != literal_column("'closed'")
    )
    return list(await session.scalars(statement.distinct()))
