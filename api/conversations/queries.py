"""SQL of the conversations room."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, any_, delete, exists, func, not_, or_, select, true, tuple_
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from api.access.models import StaffMember, StaffSession
from api.access.rules import Permission
from api.conversations.models import Conversation, Viewer
from api.conversations.rules import NEW, Status
from api.directory.models import PhoneNumber
from api.directory.service import phone_number_ids_of
from api.kit.ids import new_id
from api.kit.phone import old_spellings


class InboxRow(NamedTuple):
    conversation: Conversation
    number: PhoneNumber


class ViewerRow(NamedTuple):
    conversation_id: UUID
    staff_member_id: UUID
    name: str
    since: datetime


async def inbox(
    session: AsyncSession,
    organization_id: UUID,
    *,
    status: Status | None = None,
    phone_number: str | None = None,
    family_id: UUID | None = None,
    staff_member_id: UUID | None = None,
    line_id: UUID | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int,
) -> list[InboxRow]:
    """Newest first, by (last_message_at, id)."""
    statement = (
        select(Conversation, PhoneNumber)
        .join(
            PhoneNumber,
            (PhoneNumber.organization_id == Conversation.organization_id)
            & (PhoneNumber.id == Conversation.phone_number_id),
        )
        .where(Conversation.organization_id == organization_id)
    )
    if status is not None:
        statement = statement.where(Conversation.status == status.value)
    if phone_number is not None:
        statement = statement.where(PhoneNumber.number.in_((phone_number, *old_spellings(phone_number))))
    if family_id is not None or staff_member_id is not None:
        statement = statement.where(
            Conversation.phone_number_id.in_(
                phone_number_ids_of(organization_id, family_id=family_id, staff_member_id=staff_member_id)
            )
        )
    if line_id is not None:
        statement = statement.where(Conversation.line_id == line_id)
    if before is not None:
        statement = statement.where(tuple_(Conversation.last_message_at, Conversation.id) < tuple_(*before))
    statement = statement.order_by(Conversation.last_message_at.desc(), Conversation.id.desc()).limit(limit)
    return [InboxRow(row[0], row[1]) for row in await session.execute(statement)]


async def conversation(session: AsyncSession, organization_id: UUID, conversation_id: UUID) -> InboxRow | None:
    row = (
        await session.execute(
            select(Conversation, PhoneNumber)
            .join(
                PhoneNumber,
                (PhoneNumber.organization_id == Conversation.organization_id)
                & (PhoneNumber.id == Conversation.phone_number_id),
            )
            .where(Conversation.organization_id == organization_id, Conversation.id == conversation_id)
        )
    ).one_or_none()
    return None if row is None else InboxRow(row[0], row[1])


async def lock_conversations(
    session: AsyncSession, organization_id: UUID, conversation_ids: Sequence[UUID]
) -> dict[UUID, Conversation]:
    """Locked in the order of ids, after the locks of their phone numbers."""
    rows = await session.scalars(
        select(Conversation)
        .where(Conversation.organization_id == organization_id, Conversation.id.in_(conversation_ids))
        .order_by(Conversation.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return {row.id: row for row in rows}


async def ensure_conversations(
    session: AsyncSession, organization_id: UUID, pairs: Sequence[tuple[UUID, UUID]]
) -> dict[tuple[UUID, UUID], Conversation]:
    """The conversation of each (line, phone number), made where missing, locked (STATUS-ONE)."""
    wanted = list(dict.fromkeys(pairs))
    if not wanted:
        return {}
    locked = (
        select(Conversation)
        .where(
            Conversation.organization_id == organization_id,
            tuple_(Conversation.line_id, Conversation.phone_number_id).in_(wanted),
        )
        .order_by(Conversation.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    found = {(row.line_id, row.phone_number_id): row for row in await session.scalars(locked)}
    missing = [pair for pair in wanted if pair not in found]
    if missing:
        await session.execute(
            upsert(Conversation).on_conflict_do_nothing(),
            [
                {
                    "organization_id": organization_id,
                    "id": new_id(),
                    "line_id": line_id,
                    "phone_number_id": phone_number_id,
                    "status": NEW.status.value,
                }
                for line_id, phone_number_id in missing
            ],
        )
        found = {(row.line_id, row.phone_number_id): row for row in await session.scalars(locked)}
    return found


async def find_conversation(
    session: AsyncSession, organization_id: UUID, *, line_id: UUID, phone_number_id: UUID
) -> Conversation | None:
    return (
        await session.scalars(
            select(Conversation).where(
                Conversation.organization_id == organization_id,
                Conversation.line_id == line_id,
                Conversation.phone_number_id == phone_number_id,
            )
        )
    ).one_or_none()


class Indicator(NamedTuple):
    unread_messages: int
    unread_conversations: int
    open_conversations: int


async def indicator(session: AsyncSession, organization_id: UUID) -> Indicator:
    """IND-RED and IND-GRAY, each from its partial index."""
    unread = (
        select(
            func.coalesce(func.sum(Conversation.unread_messages), 0).label("messages"),
            func.count().label("conversations"),
        )
        .where(Conversation.organization_id == organization_id, Conversation.status == "unread")
        .subquery()
    )
    opened = (
        select(func.count().label("conversations"))
        .where(Conversation.organization_id == organization_id, Conversation.status == "open")
        .subquery()
    )
    both = select(unread.c.messages, unread.c.conversations, opened.c.conversations).join_from(unread, opened, true())
    row = (await session.execute(both)).one()
    return Indicator(int(row[0]), row[1], row[2])


def _counts() -> ColumnElement[bool]:
    """Whether a lease counts: it has not expired, and its person could still look (STATUS-VIEWING).

    Read with every use, so a lease ends with its session and with the permission in the very transaction that ends
    those, whichever way it does, and one that is taken at that moment is none (decision 0023).
    """
    may_look = (
        exists()
        .correlate(Viewer)
        .where(
            StaffMember.organization_id == Viewer.organization_id,
            StaffMember.id == Viewer.staff_member_id,
            StaffMember.archived_at.is_(None),
            or_(StaffMember.is_admin, any_(StaffMember.first_permissions) == Permission.SMS_LOGS.value),
        )
    )
    is_signed_in = (
        exists()
        .correlate(Viewer)
        .where(
            StaffSession.organization_id == Viewer.organization_id,
            StaffSession.id == Viewer.session_id,
            StaffSession.expires_at > func.now(),
        )
    )
    return (Viewer.expires_at > func.clock_timestamp()) & may_look & or_(Viewer.session_id.is_(None), is_signed_in)


async def active_viewers(
    session: AsyncSession, organization_id: UUID, conversation_ids: Sequence[UUID]
) -> list[ViewerRow]:
    """Who is viewing these conversations now, one row a person, earliest first. The database's clock decides."""
    if not conversation_ids:
        return []
    rows = await session.execute(
        select(Viewer.conversation_id, Viewer.staff_member_id, StaffMember.name, func.min(Viewer.since))
        .join(
            StaffMember,
            (StaffMember.organization_id == Viewer.organization_id) & (StaffMember.id == Viewer.staff_member_id),
        )
        .where(
            Viewer.organization_id == organization_id,
            Viewer.conversation_id.in_(conversation_ids),
            _counts(),
        )
        .group_by(Viewer.conversation_id, Viewer.staff_member_id, StaffMember.name)
        .order_by(func.min(Viewer.since), Viewer.staff_member_id)
    )
    return [ViewerRow(*row) for row in rows]


async def viewed_conversations(
    session: AsyncSession, organization_id: UUID, conversation_ids: Sequence[UUID]
) -> set[UUID]:
    """Of these, the conversations that somebody is viewing now."""
    rows = await session.scalars(
        select(Viewer.conversation_id)
        .where(
            Viewer.organization_id == organization_id,
            Viewer.conversation_id.in_(conversation_ids),
            _counts(),
        )
        .distinct()
    )
    return set(rows)


async def hold_lease(
    session: AsyncSession,
    organization_id: UUID,
    *,
    conversation_id: UUID,
    staff_member_id: UUID,
    session_id: UUID,
    viewer_id: UUID,
    at: datetime,
    lease: timedelta,
) -> bool:
    """Start or renew a viewing lease. True when it starts a visit: there was none, it had expired, or was another
    session's."""
    existing = (
        await session.scalars(
            select(Viewer)
            .where(
                Viewer.organization_id == organization_id,
                Viewer.conversation_id == conversation_id,
                Viewer.staff_member_id == staff_member_id,
                Viewer.viewer_id == viewer_id,
            )
            .with_for_update()
        )
    ).one_or_none()
    if existing is not None and existing.expires_at > at and existing.session_id in {None, session_id}:
        existing.session_id = session_id
        existing.expires_at = at + lease
        await session.flush()
        return False
    statement = upsert(Viewer).values(
        organization_id=organization_id,
        id=new_id(),
        conversation_id=conversation_id,
        staff_member_id=staff_member_id,
        session_id=session_id,
        viewer_id=viewer_id,
        since=at,
        expires_at=at + lease,
    )
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["organization_id", "conversation_id", "staff_member_id", "viewer_id"],
            set_={"session_id": session_id, "since": at, "expires_at": at + lease},
        )
    )
    return True


async def release_lease(
    session: AsyncSession,
    organization_id: UUID,
    *,
    conversation_id: UUID,
    staff_member_id: UUID,
    viewer_id: UUID,
) -> bool:
    """True when there was one."""
    deleted = await session.execute(
        delete(Viewer)
        .where(
            Viewer.organization_id == organization_id,
            Viewer.conversation_id == conversation_id,
            Viewer.staff_member_id == staff_member_id,
            Viewer.viewer_id == viewer_id,
        )
        .returning(Viewer.id)
    )
    return deleted.first() is not None


async def delete_ended_leases(session: AsyncSession, organization_id: UUID) -> list[UUID]:
    """The conversations whose viewers changed by it."""
    rows = await session.execute(
        delete(Viewer)
        .where(Viewer.organization_id == organization_id, not_(_counts()))
        .returning(Viewer.conversation_id)
    )
    return list(dict.fromkeys(row[0] for row in rows))


async def due_seen_deadlines(session: AsyncSession, organization_id: UUID, *, limit: int) -> list[UUID]:
    """Conversations whose unseen messages were not confirmed in time."""
    rows = await session.scalars(
        select(Conversation.id)
        .where(
            Conversation.organization_id == organization_id,
            Conversation.seen_deadline <= func.clock_timestamp(),
        )
        .order_by(Conversation.seen_deadline)
        .limit(limit)
    )
    return list(rows)


async def organizations_to_sweep(session: AsyncSession) -> list[UUID]:
    """Organizations with an ended lease or a passed deadline."""
    ended = select(Viewer.organization_id).where(not_(_counts()))
    overdue = select(Conversation.organization_id).where(Conversation.seen_deadline <= func.clock_timestamp())
    return list(await session.scalars(ended.union(overdue)))
