"""SQL of the delivery room."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Select, delete, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from api.conversations.models import Conversation
from api.messages.models import Message, OutboxEntry


class Candidate(NamedTuple):
    message_id: UUID
    conversation_id: UUID
    phone_number_id: UUID
    line_id: UUID


def _outbox(organization_id: UUID) -> Select[UUID, UUID, UUID, UUID]:
    """An organization's outbox, as the columns of a `Candidate`."""
    return (
        select(OutboxEntry.id, OutboxEntry.conversation_id, Conversation.phone_number_id, OutboxEntry.line_id)
        .join(
            Conversation,
            (Conversation.organization_id == OutboxEntry.organization_id)
            & (Conversation.id == OutboxEntry.conversation_id),
        )
        .where(OutboxEntry.organization_id == organization_id)
    )


async def organizations_with_due_outbox(session: AsyncSession) -> list[UUID]:
    return list(
        await session.scalars(
            select(OutboxEntry.organization_id).where(OutboxEntry.due_at <= func.clock_timestamp()).distinct()
        )
    )


async def candidates(session: AsyncSession, organization_id: UUID, *, limit: int) -> list[Candidate]:
    """Each conversation's oldest waiting message, if it is due (SEND-ORDER). Not locked yet."""
    earlier = aliased(OutboxEntry)
    rows = await session.execute(
        _outbox(organization_id)
        .where(
            OutboxEntry.state == "queued",
            OutboxEntry.due_at <= func.clock_timestamp(),
            ~exists().where(
                earlier.organization_id == organization_id,
                earlier.conversation_id == OutboxEntry.conversation_id,
                earlier.seq < OutboxEntry.seq,
                earlier.state.in_(["queued", "sending"]),
            ),
        )
        .order_by(OutboxEntry.due_at, OutboxEntry.id)
        .limit(limit)
    )
    return [Candidate(*row) for row in rows]


async def lock_queued(
    session: AsyncSession, organization_id: UUID, message_ids: Sequence[UUID]
) -> Sequence[OutboxEntry]:
    """Those that are still queued and due, and that no other worker is claiming."""
    return (
        await session.scalars(
            select(OutboxEntry)
            .where(
                OutboxEntry.organization_id == organization_id,
                OutboxEntry.id.in_(message_ids),
                OutboxEntry.state == "queued",
                OutboxEntry.due_at <= func.clock_timestamp(),
            )
            .order_by(OutboxEntry.due_at, OutboxEntry.id)
            .with_for_update(skip_locked=True)
            .execution_options(populate_existing=True)
        )
    ).all()


async def messages(session: AsyncSession, organization_id: UUID, message_ids: Sequence[UUID]) -> dict[UUID, Message]:
    rows = await session.scalars(
        select(Message)
        .where(Message.organization_id == organization_id, Message.id.in_(message_ids))
        .execution_options(populate_existing=True)
    )
    return {row.id: row for row in rows}


async def lock_entry(session: AsyncSession, organization_id: UUID, message_id: UUID) -> OutboxEntry | None:
    return (
        await session.scalars(
            select(OutboxEntry)
            .where(OutboxEntry.organization_id == organization_id, OutboxEntry.id == message_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    ).one_or_none()


async def expired_leases(session: AsyncSession, organization_id: UUID, *, limit: int) -> list[UUID]:
    """Messages whose worker vanished between claim and settle."""
    return list(
        await session.scalars(
            select(OutboxEntry.id)
            .where(
                OutboxEntry.organization_id == organization_id,
                OutboxEntry.state == "sending",
                OutboxEntry.due_at <= func.clock_timestamp(),
            )
            .order_by(OutboxEntry.due_at)
            .limit(limit)
        )
    )


async def due_questions(session: AsyncSession, organization_id: UUID, *, limit: int) -> list[Candidate]:
    """Unknown outcomes to ask the provider about. Not locked yet."""
    rows = await session.execute(
        _outbox(organization_id)
        .where(
            OutboxEntry.state == "unknown",
            OutboxEntry.due_at <= func.clock_timestamp(),
        )
        .order_by(OutboxEntry.due_at)
        .limit(limit)
    )
    return [Candidate(*row) for row in rows]


async def lock_unknown(
    session: AsyncSession, organization_id: UUID, message_ids: Sequence[UUID]
) -> Sequence[OutboxEntry]:
    """Those that are still unknown and due, and that no other worker is asking about."""
    return (
        await session.scalars(
            select(OutboxEntry)
            .where(
                OutboxEntry.organization_id == organization_id,
                OutboxEntry.id.in_(message_ids),
                OutboxEntry.state == "unknown",
                OutboxEntry.due_at <= func.clock_timestamp(),
            )
            .order_by(OutboxEntry.due_at)
            .with_for_update(skip_locked=True)
            .execution_options(populate_existing=True)
        )
    ).all()


async def last_outgoing_seqs(
    session: AsyncSession, organization_id: UUID, conversation_ids: Sequence[UUID]
) -> dict[UUID, int]:
    """The number of each conversation's last message of ours, sent or not."""
    rows = await session.execute(
        select(Message.conversation_id, func.max(Message.seq))
        .where(
            Message.organization_id == organization_id,
            Message.conversation_id.in_(conversation_ids),
            Message.direction == "outbound",
        )
        .group_by(Message.conversation_id)
    )
    return {row[0]: row[1] for row in rows}


async def remove_entry(session: AsyncSession, organization_id: UUID, message_id: UUID) -> None:
    await session.execute(
        delete(OutboxEntry)
        .where(OutboxEntry.organization_id == organization_id, OutboxEntry.id == message_id)
        .execution_options(synchronize_session=False)
    )


async def provider_ids_since(
    session: AsyncSession, organization_id: UUID, conversation_id: UUID, *, since: datetime
) -> set[str]:
    """Provider ids of messages of this conversation, sent lately: not to be mistaken for an unknown one."""
    rows = await session.scalars(
        select(Message.provider_message_id).where(
            Message.organization_id == organization_id,
            Message.conversation_id == conversation_id,
            Message.provider_message_id.is_not(None),
            or_(Message.sent_at.is_(None), Message.sent_at >= since),
        )
    )
    return {row for row in rows if row is not None}
