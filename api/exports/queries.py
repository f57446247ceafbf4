"""SQL of exports and their chunks."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, delete, func, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from api.conversations.models import Conversation
from api.directory.models import PhoneNumber
from api.exports.models import Export, ExportChunk
from api.exports.rules import ExportKind, ExportState
from api.kit.bulk import is_any

UNFINISHED = Export.state.in_((ExportState.QUEUED.value, ExportState.RUNNING.value))
QUIET = {"synchronize_session": False}


class ExportRow(NamedTuple):
    """A job, and the number that it or its conversation is about, if it is about one."""

    job: Export
    phone_number: str | None


def _rows(organization_id: UUID) -> Select[Export, str]:
    return (
        select(Export, PhoneNumber.number)
        .outerjoin(
            Conversation,
            (Conversation.organization_id == Export.organization_id) & (Conversation.id == Export.conversation_id),
        )
        .outerjoin(
            PhoneNumber,
            (PhoneNumber.organization_id == Export.organization_id)
            & (PhoneNumber.id == func.coalesce(Export.phone_number_id, Conversation.phone_number_id)),
        )
        .where(Export.organization_id == organization_id)
    )


async def export_row(session: AsyncSession, organization_id: UUID, export_id: UUID) -> ExportRow | None:
    row = (await session.execute(_rows(organization_id).where(Export.id == export_id))).one_or_none()
    return None if row is None else ExportRow(row[0], row[1])


async def export_rows(
    session: AsyncSession,
    organization_id: UUID,
    *,
    created_by: UUID | None,
    kinds: Sequence[ExportKind],
    conversation_id: UUID | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[ExportRow]:
    """Newest first."""
    statement = _rows(organization_id).where(Export.kind.in_([each.value for each in kinds]))
    if created_by is not None:
        statement = statement.where(Export.created_by_id == created_by)
    if conversation_id is not None:
        statement = statement.where(Export.conversation_id == conversation_id)
    if before is not None:
        statement = statement.where(tuple_(Export.created_at, Export.id) < tuple_(*before))
    found = await session.execute(statement.order_by(Export.created_at.desc(), Export.id.desc()).limit(limit))
    return [ExportRow(row[0], row[1]) for row in found]


async def count_unfinished(session: AsyncSession, organization_id: UUID) -> int:
    statement = select(func.count()).where(Export.organization_id == organization_id, UNFINISHED)
    return (await session.execute(statement)).scalar_one()


async def kept_bytes(session: AsyncSession, organization_id: UUID) -> int:
    statement = select(func.coalesce(func.sum(Export.size), 0)).where(
        Export.organization_id == organization_id, Export.state == ExportState.DONE.value
    )
    return int((await session.execute(statement)).scalar_one())


async def organizations_with_unfinished(session: AsyncSession) -> Sequence[UUID]:
    return (await session.scalars(select(Export.organization_id).where(UNFINISHED).distinct())).all()


async def lock_oldest_unfinished(session: AsyncSession, organization_id: UUID) -> Export | None:
    """An organization's exports are written one after another. None if there is none, or another worker has it."""
    oldest = (
        select(Export.id)
        .where(Export.organization_id == organization_id, UNFINISHED)
        .order_by(Export.created_at, Export.id)
        .limit(1)
        .scalar_subquery()
    )
    return (
        await session.scalars(
            select(Export)
            .where(Export.organization_id == organization_id, Export.id == oldest, UNFINISHED)
            .with_for_update(skip_locked=True)
        )
    ).one_or_none()


async def lock_export(session: AsyncSession, organization_id: UUID, export_id: UUID) -> Export | None:
    return (
        await session.scalars(
            select(Export)
            .where(Export.organization_id == organization_id, Export.id == export_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    ).one_or_none()


class Chunk(NamedTuple):
    position: int
    start: int
    content: bytes


async def chunk(session: AsyncSession, organization_id: UUID, export_id: UUID, position: int) -> Chunk | None:
    return await _chunk(session, organization_id, export_id, ExportChunk.position == position)


async def chunk_with_byte(session: AsyncSession, organization_id: UUID, export_id: UUID, byte: int) -> Chunk | None:
    return await _chunk(
        session,
        organization_id,
        export_id,
        (ExportChunk.start <= byte) & (byte < ExportChunk.start + ExportChunk.size),
    )


async def _chunk(
    session: AsyncSession, organization_id: UUID, export_id: UUID, condition: ColumnElement[bool]
) -> Chunk | None:
    row = (
        await session.execute(
            select(ExportChunk.position, ExportChunk.start, ExportChunk.content).where(
                ExportChunk.organization_id == organization_id, ExportChunk.export_id == export_id, condition
            )
        )
    ).one_or_none()
    return None if row is None else Chunk(*row)


async def expire_due(session: AsyncSession) -> int:
    """Mark the files whose time is over as expired. Returns how many."""
    expired = await session.execute(
        update(Export)
        .where(Export.state == ExportState.DONE.value, Export.expires_at <= func.now())
        .values(state=ExportState.EXPIRED.value)
        .returning(Export.id)
        .execution_options(**QUIET)
    )
    return len(expired.all())


async def expire_holding(
    session: AsyncSession,
    organization_id: UUID,
    *,
    conversation_ids: Sequence[UUID],
    phone_number_ids: Sequence[UUID],
    error: str,
) -> int:
    """Expire the exports of these conversations and numbers, and all of a range. Returns how many."""
    expired = await session.execute(
        update(Export)
        .where(
            Export.organization_id == organization_id,
            Export.state.in_([each.value for each in (ExportState.QUEUED, ExportState.RUNNING, ExportState.DONE)]),
            or_(
                Export.kind == ExportKind.RANGE.value,
                Export.conversation_id == is_any(conversation_ids),
                Export.phone_number_id == is_any(phone_number_ids),
            ),
        )
        .values(state=ExportState.EXPIRED.value, error=error, finished_at=func.coalesce(Export.finished_at, func.now()))
        .returning(Export.id)
        .execution_options(**QUIET)
    )
    return len(expired.all())


async def lock_ended_with_chunks(session: AsyncSession) -> Export | None:
    """A failed or expired export whose chunks are not deleted yet."""
    return (
        await session.scalars(
            select(Export)
            .where(~Export.is_emptied, Export.state.in_((ExportState.FAILED.value, ExportState.EXPIRED.value)))
            .order_by(Export.finished_at)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
    ).one_or_none()


async def delete_chunks(session: AsyncSession, job: Export, *, limit: int) -> int:
    """Delete so many chunks of the job. Returns how many there were."""
    key = (ExportChunk.organization_id == job.organization_id, ExportChunk.export_id == job.id)
    some = select(ExportChunk.position).where(*key).limit(limit)
    deleted = await session.execute(
        delete(ExportChunk)
        .where(*key, ExportChunk.position.in_(some))
        .returning(ExportChunk.position)
        .execution_options(**QUIET)
    )
    return len(deleted.all())


async def delete_old(session: AsyncSession, age: timedelta, *, limit: int) -> int:
    """Delete jobs without chunks that ended so long ago. Returns how many."""
    key = (Export.organization_id, Export.id)
    old = select(*key).where(Export.is_emptied, Export.finished_at < func.now() - age).limit(limit)
    deleted = await session.execute(
        delete(Export).where(tuple_(*key).in_(old)).returning(Export.id).execution_options(**QUIET)
    )
    return len(deleted.all())
