"""SQL of assignment, reminders, undo and saved views."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Boolean,
    ColumnElement,
    Integer,
    Uuid,
    bindparam,
    delete,
    exists,
    func,
    literal_column,
    or_,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncSession

from api.access.models import StaffMember
from api.access.viewers import may_view
from api.conversations.models import IS_DEFERRED, Conversation, ConversationUndo, InboxView, Message
from api.kit.bulk import is_any

# A literal, so that the partial index is used.
_DEFERRED = literal_column(IS_DEFERRED, Boolean)


async def assigned_to(
    session: AsyncSession, organization_id: UUID, staff_member_ids: Sequence[UUID], *, limit: int | None
) -> Sequence[UUID]:
    """Conversations that these staff members have. Not locked."""
    statement = select(Conversation.id).where(
        Conversation.organization_id == organization_id, Conversation.assignee_id == is_any(staff_member_ids)
    )
    return (await session.scalars(statement.limit(limit))).all()


async def assigned_former_viewers(session: AsyncSession, organization_id: UUID) -> Sequence[UUID]:
    """Staff members who may not view conversations, and have some."""
    statement = select(StaffMember.id).where(StaffMember.organization_id == organization_id, _has_some(), ~may_view())
    return (await session.scalars(statement)).all()


def _has_some() -> ColumnElement[bool]:
    return (
        exists()
        .where(
            Conversation.organization_id == StaffMember.organization_id,
            Conversation.assignee_id == StaffMember.id,
        )
        .correlate(StaffMember)
    )


async def organizations_with_former_viewers(session: AsyncSession) -> Sequence[UUID]:
    statement = select(StaffMember.organization_id).where(~may_view(), _has_some()).distinct()
    return (await session.scalars(statement)).all()


async def due_reminders(session: AsyncSession, organization_id: UUID, *, limit: int) -> Sequence[UUID]:
    """Conversations whose reminder is due, the longest overdue first. Not locked."""
    statement = (
        select(Conversation.id)
        .where(
            Conversation.organization_id == organization_id,
            _DEFERRED,
            Conversation.reminder_at <= func.clock_timestamp(),
        )
        .order_by(Conversation.reminder_at)
        .limit(limit)
    )
    return (await session.scalars(statement)).all()


async def organizations_with_due_reminders(session: AsyncSession) -> Sequence[UUID]:
    statement = select(Conversation.organization_id).where(
        _DEFERRED, Conversation.reminder_at <= func.clock_timestamp()
    )
    return (await session.scalars(statement.distinct())).all()


_NEWER = text(
    """
SELECT seen.id FROM unnest(:ids, :seqs) AS seen(id, seq)
WHERE EXISTS (
    SELECT FROM messages
    WHERE organization_id = :organization_id AND conversation_id = seen.id AND messages.seq > seen.seq
      AND direction = 'inbound'
)
"""
).bindparams(bindparam("ids", type_=ARRAY(Uuid())), bindparam("seqs", type_=ARRAY(Integer())))


async def with_newer_texts(session: AsyncSession, organization_id: UUID, seen: Mapping[UUID, int]) -> set[UUID]:
    """The conversations among these in which a text was received after the given `seq`."""
    given = {"organization_id": organization_id, "ids": list(seen), "seqs": list(seen.values())}
    return {row[0] for row in await session.execute(_NEWER, given)}


async def not_sent_of(
    session: AsyncSession, organization_id: UUID, conversation_ids: Collection[UUID]
) -> dict[UUID, list[UUID]]:
    """The messages of each conversation that count as not sent. Conversations without any are left out."""
    statement = select(Message.conversation_id, Message.id).where(
        Message.organization_id == organization_id,
        Message.conversation_id == is_any(conversation_ids),
        Message.not_sent.is_(True),
    )
    found: dict[UUID, list[UUID]] = {}
    for conversation_id, message_id in await session.execute(statement):
        found.setdefault(conversation_id, []).append(message_id)
    return found


async def lock_undo(session: AsyncSession, organization_id: UUID, undo_id: UUID) -> ConversationUndo | None:
    statement = select(ConversationUndo).where(
        ConversationUndo.organization_id == organization_id, ConversationUndo.id == undo_id
    )
    return (await session.scalars(statement.with_for_update())).one_or_none()


async def delete_undos(session: AsyncSession, organization_id: UUID, *, older_than: timedelta) -> None:
    await session.execute(
        delete(ConversationUndo).where(
            ConversationUndo.organization_id == organization_id,
            ConversationUndo.created_at < func.now() - older_than,
        )
    )


async def views_of(session: AsyncSession, organization_id: UUID, staff_member_id: UUID) -> Sequence[InboxView]:
    """The person's saved views in their order, then those that colleagues share."""
    is_own = InboxView.staff_member_id == staff_member_id
    statement = (
        select(InboxView)
        .where(InboxView.organization_id == organization_id, or_(is_own, InboxView.shared))
        .order_by(is_own.desc(), InboxView.position, InboxView.id)
    )
    return (await session.scalars(statement)).all()


async def lock_own_views(session: AsyncSession, organization_id: UUID, staff_member_id: UUID) -> Sequence[InboxView]:
    """The person's own saved views, in their order. Locks the person, so that they change one view at a time."""
    await session.execute(
        select(StaffMember.id)
        .where(StaffMember.organization_id == organization_id, StaffMember.id == staff_member_id)
        .with_for_update(key_share=True)
    )
    statement = select(InboxView).where(
        InboxView.organization_id == organization_id, InboxView.staff_member_id == staff_member_id
    )
    ordered = statement.order_by(InboxView.position, InboxView.id).execution_options(populate_existing=True)
    return (await session.scalars(ordered)).all()
