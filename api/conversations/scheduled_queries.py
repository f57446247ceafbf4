"""SQL of scheduled texts."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Boolean, Select, delete, func, literal_column, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from api.access.models import ApiKey, StaffMember
from api.conversations.message_rules import Direction
from api.conversations.models import Message
from api.conversations.scheduled_file_queries import HeldFile, delete_files, files_of
from api.conversations.scheduled_models import ScheduledText
from api.kit.bulk import is_any


class ScheduledRow(NamedTuple):
    """A scheduled text, its author, whether a text was received that the author has not seen, and its files."""

    text: ScheduledText
    author_id: UUID
    author_name: str
    has_new: bool
    files: Sequence[HeldFile] = ()


def _of(organization_id: UUID) -> Select[ScheduledText, UUID, str, bool]:
    is_new = (
        select(Message.id)
        .where(
            Message.organization_id == ScheduledText.organization_id,
            Message.conversation_id == ScheduledText.conversation_id,
            Message.seq > ScheduledText.seen_seq,
            Message.direction == Direction.INBOUND.value,
        )
        .exists()
    )
    return (
        select(
            ScheduledText,
            func.coalesce(ScheduledText.scheduled_by_staff_member_id, ScheduledText.scheduled_by_api_key_id),
            func.coalesce(StaffMember.name, ApiKey.name),
            is_new,
        )
        .outerjoin(
            StaffMember,
            (StaffMember.organization_id == ScheduledText.organization_id)
            & (StaffMember.id == ScheduledText.scheduled_by_staff_member_id),
        )
        .outerjoin(
            ApiKey,
            (ApiKey.organization_id == ScheduledText.organization_id)
            & (ApiKey.id == ScheduledText.scheduled_by_api_key_id),
        )
        .where(ScheduledText.organization_id == organization_id)
        .execution_options(populate_existing=True)
    )


async def _rows(
    session: AsyncSession, organization_id: UUID, statement: Select[ScheduledText, UUID, str, bool]
) -> list[ScheduledRow]:
    rows = [ScheduledRow(*row) for row in await session.execute(statement)]
    files = await files_of(session, organization_id, [row.text.id for row in rows])
    return [row._replace(files=files.get(row.text.id, ())) for row in rows]


async def of_conversation(session: AsyncSession, organization_id: UUID, conversation_id: UUID) -> list[ScheduledRow]:
    """The conversation's scheduled and held texts, the earliest first. There are at most `MAX_WAITING`."""
    statement = _of(organization_id).where(ScheduledText.conversation_id == conversation_id)
    return await _rows(session, organization_id, statement.order_by(ScheduledText.send_at, ScheduledText.id))


async def one(session: AsyncSession, organization_id: UUID, text_id: UUID) -> ScheduledRow | None:
    rows = await _rows(session, organization_id, _of(organization_id).where(ScheduledText.id == text_id))
    return rows[0] if rows else None


async def by_ids(session: AsyncSession, organization_id: UUID, ids: Sequence[UUID]) -> list[ScheduledRow]:
    return await _rows(session, organization_id, _of(organization_id).where(ScheduledText.id == is_any(ids)))


async def conversation_of(session: AsyncSession, organization_id: UUID, text_id: UUID) -> UUID | None:
    return await session.scalar(
        select(ScheduledText.conversation_id).where(
            ScheduledText.organization_id == organization_id, ScheduledText.id == text_id
        )
    )


async def count(session: AsyncSession, organization_id: UUID, conversation_id: UUID) -> int:
    statement = select(func.count()).where(
        ScheduledText.organization_id == organization_id, ScheduledText.conversation_id == conversation_id
    )
    return (await session.execute(statement)).scalar_one()


async def next_times(
    session: AsyncSession, organization_id: UUID, conversation_ids: Collection[UUID]
) -> dict[UUID, datetime]:
    """When the next scheduled text of each conversation leaves. Conversations without are left out."""
    rows = await session.execute(
        select(ScheduledText.conversation_id, func.min(ScheduledText.send_at))
        .where(
            ScheduledText.organization_id == organization_id,
            ScheduledText.conversation_id == is_any(conversation_ids),
            ScheduledText.state == "scheduled",
        )
        .group_by(ScheduledText.conversation_id)
    )
    return {row[0]: row[1] for row in rows}


def with_held(organization_id: UUID) -> Select[UUID]:
    """The conversations with a text that is held back (NOT-SENT), each once for each such text."""
    # A literal: with a parameter the partial index is not used.
    is_held = literal_column("state = 'held'", Boolean)
    return select(ScheduledText.conversation_id).where(ScheduledText.organization_id == organization_id, is_held)


async def held_counts(
    session: AsyncSession, organization_id: UUID, conversation_ids: Collection[UUID]
) -> dict[UUID, int]:
    """How many texts of each conversation are held back (NOT-SENT). Conversations without are left out."""
    rows = await session.execute(
        select(ScheduledText.conversation_id, func.count())
        .where(
            ScheduledText.organization_id == organization_id,
            ScheduledText.conversation_id == is_any(conversation_ids),
            ScheduledText.state == "held",
        )
        .group_by(ScheduledText.conversation_id)
    )
    return {row[0]: row[1] for row in rows}


class DueText(NamedTuple):
    organization_id: UUID
    id: UUID


async def due(session: AsyncSession, *, limit: int) -> list[DueText]:
    """Scheduled texts that are due, of every organization: some of each, the longest due first."""
    place = func.row_number().over(
        partition_by=ScheduledText.organization_id, order_by=(ScheduledText.due_at, ScheduledText.id)
    )
    waiting = (
        select(ScheduledText.organization_id, ScheduledText.id, place.label("place"))
        .where(ScheduledText.state == "scheduled", ScheduledText.due_at <= func.clock_timestamp())
        .subquery()
    )
    rows = await session.execute(
        select(waiting.c.organization_id, waiting.c.id).order_by(waiting.c.place, waiting.c.id).limit(limit)
    )
    return [DueText(*row) for row in rows]


async def is_due(session: AsyncSession, organization_id: UUID, text_id: UUID) -> bool:
    """Whether it is scheduled, and due. The caller has locked its conversation."""
    found = await session.scalar(
        select(ScheduledText.id).where(
            ScheduledText.organization_id == organization_id,
            ScheduledText.id == text_id,
            ScheduledText.state == "scheduled",
            ScheduledText.due_at <= func.clock_timestamp(),
        )
    )
    return found is not None


async def remove(session: AsyncSession, organization_id: UUID, text_id: UUID) -> None:
    await session.execute(
        delete(ScheduledText)
        .where(ScheduledText.organization_id == organization_id, ScheduledText.id == text_id)
        .execution_options(synchronize_session=False)
    )


async def set_columns(session: AsyncSession, organization_id: UUID, text_id: UUID, columns: dict[str, object]) -> None:
    await session.execute(
        update(ScheduledText)
        .where(ScheduledText.organization_id == organization_id, ScheduledText.id == text_id)
        .values(**columns)
        .execution_options(synchronize_session=False)
    )


async def remove_of(session: AsyncSession, organization_id: UUID, conversation_ids: Collection[UUID]) -> int:
    """Delete every text of these conversations, whose number is erased, with its files. Returns how many there were.

    The caller has locked the conversations.
    """
    ids = (
        await session.scalars(
            select(ScheduledText.id).where(
                ScheduledText.organization_id == organization_id,
                ScheduledText.conversation_id == is_any(conversation_ids),
            )
        )
    ).all()
    return len(await _delete(session, organization_id, ids))


async def remove_held(
    session: AsyncSession, organization_id: UUID, *, before: datetime, limit: int
) -> Sequence[tuple[UUID, UUID]]:
    """Delete texts that were held back before then, with their files. Returns (id, conversation) of each."""
    old = await session.scalars(
        select(ScheduledText.id)
        .where(
            ScheduledText.organization_id == organization_id,
            ScheduledText.state == "held",
            ScheduledText.held_at < before,
        )
        .order_by(ScheduledText.held_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return await _delete(session, organization_id, old.all())


async def _delete(session: AsyncSession, organization_id: UUID, ids: Sequence[UUID]) -> Sequence[tuple[UUID, UUID]]:
    await delete_files(session, organization_id, ids)
    rows = await session.execute(
        delete(ScheduledText)
        .where(ScheduledText.organization_id == organization_id, ScheduledText.id == is_any(ids))
        .returning(ScheduledText.id, ScheduledText.conversation_id)
        .execution_options(synchronize_session=False)
    )
    return [(row[0], row[1]) for row in rows]
