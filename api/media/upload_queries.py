"""SQL of files that are uploaded and not sent yet."""

from uuid import UUID

from sqlalchemy import delete as sql_delete
from sqlalchemy import func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from api.media.models import Upload
from api.media.queries import Kept

FREE = Upload.scheduled_text_id.is_(None)
"""No scheduled text holds it."""

LIVE = FREE & (Upload.expires_at > func.clock_timestamp())


async def count_unsent(session: AsyncSession, organization_id: UUID, *, owner_id: UUID) -> tuple[int, int]:
    """The owner's files that wait to be sent, and those of the organization: without those of scheduled texts."""
    row = (
        await session.execute(
            select(func.count().filter(Upload.owner_id == owner_id), func.count()).where(
                Upload.organization_id == organization_id, FREE
            )
        )
    ).one()
    return row[0], row[1]


async def upload(session: AsyncSession, organization_id: UUID, upload_id: UUID, *, owner_id: UUID) -> Upload | None:
    return (
        await session.scalars(
            select(Upload).where(
                Upload.organization_id == organization_id, Upload.id == upload_id, Upload.owner_id == owner_id, LIVE
            )
        )
    ).one_or_none()


async def content(session: AsyncSession, organization_id: UUID, upload_id: UUID) -> bytes:
    return (
        await session.scalars(
            select(Upload.content).where(Upload.organization_id == organization_id, Upload.id == upload_id)
        )
    ).one()


async def held(session: AsyncSession, organization_id: UUID, text_id: UUID, upload_id: UUID) -> Kept | None:
    """A file that the scheduled text holds."""
    row = (
        await session.execute(
            select(Upload.scheduled_position, Upload.content_type, Upload.sha256).where(
                Upload.organization_id == organization_id,
                Upload.scheduled_text_id == text_id,
                Upload.id == upload_id,
            )
        )
    ).one_or_none()
    return None if row is None else Kept(row[0] or 0, row[1], row[2], is_upload=True)


async def delete(session: AsyncSession, organization_id: UUID, upload_id: UUID, *, owner_id: UUID) -> bool:
    """Whether there was one."""
    deleted = await session.scalar(
        sql_delete(Upload)
        .where(Upload.organization_id == organization_id, Upload.id == upload_id, Upload.owner_id == owner_id, LIVE)
        .returning(Upload.id)
        .execution_options(synchronize_session=False)
    )
    return deleted is not None


async def delete_expired(session: AsyncSession, *, limit: int) -> int:
    """Skips those that a message is taking at the moment."""
    expired = (
        select(Upload.organization_id, Upload.id)
        .where(FREE, Upload.expires_at <= func.clock_timestamp())
        .order_by(Upload.expires_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    deleted = await session.execute(
        sql_delete(Upload)
        .where(tuple_(Upload.organization_id, Upload.id).in_(expired))
        .returning(Upload.id)
        .execution_options(synchronize_session=False)
    )
    return len(deleted.all())
