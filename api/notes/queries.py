"""SQL of notes and mentions."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import delete, func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from api.access.models import StaffMember
from api.kit.bulk import insert_together, is_any
from api.notes.models import Note, NoteMention, NoteVersion

QUIET = {"synchronize_session": False}


async def note(session: AsyncSession, organization_id: UUID, note_id: UUID, *, again: bool = False) -> Note | None:
    """`again`: read it even if the session has read it before."""
    statement = select(Note).where(Note.organization_id == organization_id, Note.id == note_id)
    return await session.scalar(statement.execution_options(populate_existing=again))


async def notes(session: AsyncSession, organization_id: UUID, note_ids: Sequence[UUID]) -> dict[UUID, Note]:
    if not note_ids:
        return {}
    rows = await session.scalars(
        select(Note).where(Note.organization_id == organization_id, Note.id == is_any(note_ids))
    )
    return {row.id: row for row in rows}


async def count_since(session: AsyncSession, organization_id: UUID, author_id: UUID, *, since: datetime) -> int:
    statement = select(func.count()).where(
        Note.organization_id == organization_id,
        Note.author_id == author_id,
        Note.created_at > since,
        Note.erased_at.is_(None),
    )
    return (await session.execute(statement)).scalar_one()


async def versions(session: AsyncSession, organization_id: UUID, note_id: UUID) -> Sequence[NoteVersion]:
    """The earlier wordings, the first one first."""
    return (
        await session.scalars(
            select(NoteVersion)
            .where(NoteVersion.organization_id == organization_id, NoteVersion.note_id == note_id)
            .order_by(NoteVersion.number)
        )
    ).all()


async def delete_versions(session: AsyncSession, organization_id: UUID, note_id: UUID) -> None:
    await session.execute(
        delete(NoteVersion)
        .where(NoteVersion.organization_id == organization_id, NoteVersion.note_id == note_id)
        .execution_options(**QUIET)
    )


async def staff(session: AsyncSession, organization_id: UUID, staff_member_ids: Sequence[UUID]) -> list[StaffMember]:
    """Those of these who are not archived."""
    if not staff_member_ids:
        return []
    rows = await session.scalars(
        select(StaffMember).where(
            StaffMember.organization_id == organization_id,
            StaffMember.id == is_any(staff_member_ids),
            StaffMember.archived_at.is_(None),
        )
    )
    return list(rows)


async def read_times(session: AsyncSession, organization_id: UUID, note_id: UUID) -> dict[UUID, datetime | None]:
    """When each staff member who is mentioned in the note read it; None for who has not."""
    rows = await session.execute(
        select(NoteMention.staff_member_id, NoteMention.read_at)
        .where(NoteMention.organization_id == organization_id, NoteMention.note_id == note_id)
        .order_by(NoteMention.id)
    )
    return {row[0]: row[1] for row in rows}


class Mentioned(NamedTuple):
    note_id: UUID
    staff_member_id: UUID
    name: str


async def mentions_of(session: AsyncSession, organization_id: UUID, note_ids: Sequence[UUID]) -> list[Mentioned]:
    """Who is mentioned in each note, in order of name."""
    if not note_ids:
        return []
    rows = await session.execute(
        select(NoteMention.note_id, NoteMention.staff_member_id, StaffMember.name)
        .join(
            StaffMember,
            (StaffMember.organization_id == NoteMention.organization_id)
            & (StaffMember.id == NoteMention.staff_member_id),
        )
        .where(NoteMention.organization_id == organization_id, NoteMention.note_id == is_any(note_ids))
        .order_by(StaffMember.name, NoteMention.id)
    )
    return [Mentioned(*row) for row in rows]


async def add_mentions(session: AsyncSession, rows: Sequence[dict[str, object]]) -> None:
    await insert_together(session, NoteMention, rows)


async def delete_mentions(
    session: AsyncSession, organization_id: UUID, note_id: UUID, staff_member_ids: Sequence[UUID]
) -> None:
    await session.execute(
        delete(NoteMention)
        .where(
            NoteMention.organization_id == organization_id,
            NoteMention.note_id == note_id,
            NoteMention.staff_member_id == is_any(staff_member_ids),
        )
        .execution_options(**QUIET)
    )


async def mentions_for(
    session: AsyncSession,
    organization_id: UUID,
    staff_member_id: UUID,
    *,
    unread: bool,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[tuple[NoteMention, Note]]:
    """The person's mentions, newest first."""
    statement = (
        select(NoteMention, Note)
        .join(Note, (Note.organization_id == NoteMention.organization_id) & (Note.id == NoteMention.note_id))
        .where(NoteMention.organization_id == organization_id, NoteMention.staff_member_id == staff_member_id)
        .order_by(NoteMention.created_at.desc(), NoteMention.id.desc())
        .limit(limit)
    )
    if unread:
        statement = statement.where(NoteMention.read_at.is_(None))
    if before is not None:
        statement = statement.where(tuple_(NoteMention.created_at, NoteMention.id) < tuple_(*before))
    return [(row[0], row[1]) for row in await session.execute(statement)]


async def count_unread(session: AsyncSession, organization_id: UUID, staff_member_id: UUID) -> int:
    statement = select(func.count()).where(
        NoteMention.organization_id == organization_id,
        NoteMention.staff_member_id == staff_member_id,
        NoteMention.read_at.is_(None),
    )
    return (await session.execute(statement)).scalar_one()


async def mark_read(
    session: AsyncSession,
    organization_id: UUID,
    staff_member_id: UUID,
    *,
    mention_ids: Sequence[UUID] = (),
    conversation_id: UUID | None = None,
) -> int:
    """Mark the person's unread mentions as read: these, or those of a conversation. Returns how many."""
    statement = update(NoteMention).where(
        NoteMention.organization_id == organization_id,
        NoteMention.staff_member_id == staff_member_id,
        NoteMention.read_at.is_(None),
    )
    if conversation_id is None:
        statement = statement.where(NoteMention.id == is_any(mention_ids))
    else:
        of_conversation = select(Note.id).where(
            Note.organization_id == organization_id, Note.conversation_id == conversation_id
        )
        statement = statement.where(NoteMention.note_id.in_(of_conversation))
    marked = await session.execute(
        statement.values(read_at=func.now()).returning(NoteMention.id).execution_options(**QUIET)
    )
    return len(marked.all())
