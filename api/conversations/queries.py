"""SQL of conversations and their viewers."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, delete, exists, func, not_, or_, select, tuple_
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from api.access.models import StaffMember, StaffSession
from api.access.rules import Permission
from api.conversations.models import Conversation, InboxRow, Viewer
from api.conversations.rules import NEW
from api.directory.models import PhoneNumber
from api.kit.bulk import insert_together, is_any, uuids
from api.kit.ids import new_id
from api.kit.phone import old_spellings
from api.lines.models import Line


class Tab(NamedTuple):
    """A staff member's tab on a conversation: what a viewing lease is held for."""

    conversation_id: UUID
    staff_member_id: UUID
    viewer_id: UUID


class ViewerRow(NamedTuple):
    conversation_id: UUID
    staff_member_id: UUID
    name: str
    since: datetime


def with_number(organization_id: UUID) -> Select[Conversation, PhoneNumber]:
    """An organization's conversations, as the columns of an `InboxRow`."""
    return (
        select(Conversation, PhoneNumber)
        .join(
            PhoneNumber,
            (PhoneNumber.organization_id == Conversation.organization_id)
            & (PhoneNumber.id == Conversation.phone_number_id),
        )
        .where(Conversation.organization_id == organization_id)
    )


async def inbox_rows(session: AsyncSession, statement: Select[Conversation, PhoneNumber]) -> list[InboxRow]:
    return [InboxRow(row[0], row[1]) for row in await session.execute(statement)]


async def conversations_by_ids(
    session: AsyncSession, organization_id: UUID, conversation_ids: Collection[UUID]
) -> dict[UUID, InboxRow]:
    """These conversations by id, not locked."""
    statement = with_number(organization_id).where(Conversation.id == is_any(conversation_ids))
    return {row.conversation.id: row for row in await inbox_rows(session, statement)}


async def lock_conversations(
    session: AsyncSession, organization_id: UUID, conversation_ids: Collection[UUID]
) -> dict[UUID, Conversation]:
    """Conversations by id, locked in the order of ids. Lock their phone numbers before (decision 0006)."""
    rows = await session.scalars(
        select(Conversation)
        .where(Conversation.organization_id == organization_id, Conversation.id == is_any(conversation_ids))
        .order_by(Conversation.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return {row.id: row for row in rows}


async def locked_rows(
    session: AsyncSession, organization_id: UUID, conversation_ids: Collection[UUID]
) -> dict[UUID, InboxRow]:
    """Conversations by id, locked in the order of ids, with their phone numbers, which are not."""
    locked = await lock_conversations(session, organization_id, conversation_ids)
    rows = await conversations_by_ids(session, organization_id, locked)
    return {each: InboxRow(conversation, rows[each].number) for each, conversation in locked.items()}


async def ensure_conversations(
    session: AsyncSession, organization_id: UUID, pairs: Sequence[tuple[UUID, UUID]]
) -> dict[tuple[UUID, UUID], Conversation]:
    """The conversation of each (line, phone number): created if missing, and locked (STATUS-ONE)."""
    wanted = list(dict.fromkeys(pairs))
    if not wanted:
        return {}
    given = func.unnest(uuids([line_id for line_id, _ in wanted]), uuids([number_id for _, number_id in wanted]))
    keys = given.table_valued("line_id", "phone_number_id").render_derived()
    locked = (
        select(Conversation)
        .where(
            Conversation.organization_id == organization_id,
            tuple_(Conversation.line_id, Conversation.phone_number_id).in_(select(keys)),
        )
        .order_by(Conversation.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    found = {(row.line_id, row.phone_number_id): row for row in await session.scalars(locked)}
    missing = [pair for pair in wanted if pair not in found]
    if missing:
        rows = [
            {
                "organization_id": organization_id,
                "id": new_id(),
                "line_id": line_id,
                "phone_number_id": phone_number_id,
                "status": NEW.status.value,
            }
            for line_id, phone_number_id in missing
        ]
        await insert_together(session, Conversation, rows, skip_existing=True)
        found = {(row.line_id, row.phone_number_id): row for row in await session.scalars(locked)}
    return found


async def conversations_of_numbers(
    session: AsyncSession, organization_id: UUID, numbers: Collection[str], *, limit: int
) -> list[UUID]:
    """The conversations with these numbers, as they are stored."""
    rows = await session.scalars(
        select(Conversation.id)
        .join(
            PhoneNumber,
            (PhoneNumber.organization_id == Conversation.organization_id)
            & (PhoneNumber.id == Conversation.phone_number_id),
        )
        .where(Conversation.organization_id == organization_id, PhoneNumber.number.in_(numbers))
        .limit(limit)
    )
    return list(rows)


async def find_conversation(session: AsyncSession, line: Line, number: PhoneNumber) -> InboxRow | None:
    statement = with_number(line.organization_id).where(
        Conversation.line_id == line.id, Conversation.phone_number_id == number.id
    )
    rows = await inbox_rows(session, statement)
    return rows[0] if rows else None


async def newest_by_number(
    session: AsyncSession, organization_id: UUID, numbers: Collection[str]
) -> dict[str, Conversation]:
    """The newest conversation of each number, on any line and under any of its spellings. Numbers without are left
    out."""
    spelled = {spelling: number for number in numbers for spelling in (number, *old_spellings(number))}
    rows = await inbox_rows(session, with_number(organization_id).where(PhoneNumber.number == is_any(spelled, "text")))
    rows.sort(key=lambda row: (row.conversation.last_message_at, row.conversation.id))
    return {spelled[row.number.number]: row.conversation for row in rows}


def _is_active() -> ColumnElement[bool]:
    """Whether a lease is active: it has not expired, and its staff member may still view (STATUS-VIEWING).

    Every use checks it, so a lease ends in the same transaction as its session or the permission (decision 0023).
    """
    may_view = (
        exists()
        .correlate(Viewer)
        .where(
            StaffMember.organization_id == Viewer.organization_id,
            StaffMember.id == Viewer.staff_member_id,
            StaffMember.archived_at.is_(None),
            or_(StaffMember.is_admin, StaffMember.holds(Permission.SMS_LOGS)),
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
    return (Viewer.expires_at > func.clock_timestamp()) & may_view & or_(Viewer.session_id.is_(None), is_signed_in)


async def active_viewers(
    session: AsyncSession, organization_id: UUID, conversation_ids: Sequence[UUID]
) -> list[ViewerRow]:
    """The viewers of these conversations now, one row for each staff member, the earliest first."""
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
            Viewer.conversation_id == is_any(conversation_ids),
            _is_active(),
        )
        .group_by(Viewer.conversation_id, Viewer.staff_member_id, StaffMember.name)
        .order_by(func.min(Viewer.since), Viewer.staff_member_id)
    )
    return [ViewerRow(*row) for row in rows]


async def viewed_conversations(
    session: AsyncSession, organization_id: UUID, conversation_ids: Sequence[UUID]
) -> set[UUID]:
    """The conversations among these that a staff member is viewing now."""
    rows = await session.scalars(
        select(Viewer.conversation_id)
        .where(
            Viewer.organization_id == organization_id,
            Viewer.conversation_id == is_any(conversation_ids),
            _is_active(),
        )
        .distinct()
    )
    return set(rows)


def _lease_of(organization_id: UUID, tab: Tab) -> ColumnElement[bool]:
    return and_(
        Viewer.organization_id == organization_id,
        Viewer.conversation_id == tab.conversation_id,
        Viewer.staff_member_id == tab.staff_member_id,
        Viewer.viewer_id == tab.viewer_id,
    )


async def hold_lease(
    session: AsyncSession, organization_id: UUID, tab: Tab, *, session_id: UUID, at: datetime, expires_at: datetime
) -> bool:
    """Start or renew a viewing lease. True if a visit starts: the tab had no lease, an expired one, or another
    session's."""
    statement = select(Viewer).where(_lease_of(organization_id, tab)).with_for_update()
    existing = (await session.scalars(statement)).one_or_none()
    if existing is not None and existing.expires_at > at and existing.session_id in {None, session_id}:
        existing.session_id = session_id
        existing.expires_at = expires_at
        await session.flush()
        return False
    held = {"session_id": session_id, "since": at, "expires_at": expires_at}
    started = upsert(Viewer).values(organization_id=organization_id, id=new_id(), **tab._asdict(), **held)
    await session.execute(
        started.on_conflict_do_update(
            index_elements=["organization_id", "conversation_id", "staff_member_id", "viewer_id"], set_=held
        )
    )
    return True


async def release_lease(session: AsyncSession, organization_id: UUID, tab: Tab) -> bool:
    """True if the tab had a lease."""
    deleted = await session.execute(delete(Viewer).where(_lease_of(organization_id, tab)).returning(Viewer.id))
    return deleted.first() is not None


async def conversations_with_ended_leases(session: AsyncSession, organization_id: UUID, *, limit: int) -> list[UUID]:
    rows = await session.scalars(
        select(Viewer.conversation_id)
        .where(Viewer.organization_id == organization_id, not_(_is_active()))
        .distinct()
        .limit(limit)
    )
    return list(rows)


async def delete_ended_leases(
    session: AsyncSession, organization_id: UUID, conversation_ids: Collection[UUID]
) -> list[UUID]:
    """The ended leases of these locked conversations. Returns those whose viewers changed by it."""
    rows = await session.execute(
        delete(Viewer)
        .where(
            Viewer.organization_id == organization_id,
            Viewer.conversation_id == is_any(conversation_ids),
            not_(_is_active()),
        )
        .returning(Viewer.conversation_id)
    )
    return list(dict.fromkeys(row[0] for row in rows))


async def due_seen_deadlines(session: AsyncSession, organization_id: UUID, *, limit: int) -> list[UUID]:
    """Conversations whose unread messages no viewer confirmed in time, the longest overdue first."""
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
    """Organizations with an ended lease, or with a conversation whose deadline has passed."""
    ended = select(Viewer.organization_id).where(not_(_is_active()))
    overdue = select(Conversation.organization_id).where(Conversation.seen_deadline <= func.clock_timestamp())
    return list(await session.scalars(ended.union(overdue)))
