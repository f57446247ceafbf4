"""SQL of erasing notes: the rows stay as marks, as those of texts do."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from api.kit.bulk import is_any
from api.notes.models import Note, NoteVersion

QUIET = {"synchronize_session": False}


async def notes_of(
    session: AsyncSession, organization_id: UUID, conversation_ids: Sequence[UUID], *, limit: int
) -> list[tuple[UUID, UUID]]:
    """(id, conversation) of notes that are not erased yet."""
    rows = await session.execute(
        select(Note.id, Note.conversation_id)
        .where(
            Note.organization_id == organization_id,
            Note.conversation_id == is_any(conversation_ids),
            Note.erased_at.is_(None),
        )
        .order_by(Note.id)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in rows]


async def old_notes(
    session: AsyncSession, organization_id: UUID, *, before: datetime, limit: int
) -> list[tuple[UUID, UUID]]:
    """(id, conversation) of notes of before then that are not erased yet, the oldest first."""
    rows = await session.execute(
        select(Note.id, Note.conversation_id)
        .where(Note.organization_id == organization_id, Note.created_at < before, Note.erased_at.is_(None))
        .order_by(Note.created_at, Note.id)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in rows]


async def erase_notes(session: AsyncSession, organization_id: UUID, ids: Sequence[UUID], *, at: datetime) -> int:
    """Empty the notes and delete their earlier wordings. The caller has locked their conversations."""
    await session.execute(
        delete(NoteVersion)
        .where(NoteVersion.organization_id == organization_id, NoteVersion.note_id == is_any(ids))
        .execution_options(**QUIET)
    )
    erased = await session.execute(
        update(Note)
        .where(Note.organization_id == organization_id, Note.id == is_any(ids), Note.erased_at.is_(None))
        .values(body="", search="", erased_at=at)
        .returning(Note.id)
        .execution_options(**QUIET)
    )
    return len(erased.all())
