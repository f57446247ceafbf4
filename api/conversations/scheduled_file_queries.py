"""SQL of the files of scheduled texts."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Uuid, column, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from api.conversations.file_models import Upload
from api.kit.bulk import is_any, uuids

QUIET = {"synchronize_session": False}


class HeldFile(NamedTuple):
    """A file that goes with a scheduled text."""

    id: UUID
    content_type: str
    size: int


async def files_of(
    session: AsyncSession, organization_id: UUID, text_ids: Collection[UUID]
) -> dict[UUID, list[HeldFile]]:
    """The files of these scheduled texts, in their order. Texts without are left out."""
    files: dict[UUID, list[HeldFile]] = {}
    if text_ids:
        rows = await session.execute(
            select(Upload.scheduled_text_id, Upload.id, Upload.content_type, Upload.size)
            .where(Upload.organization_id == organization_id, Upload.scheduled_text_id == is_any(text_ids))
            .order_by(Upload.scheduled_position)
        )
        for text_id, file_id, content_type, size in rows:
            assert text_id is not None
            files.setdefault(text_id, []).append(HeldFile(file_id, content_type, size))
    return files


async def count_held(session: AsyncSession, organization_id: UUID) -> int:
    statement = select(func.count()).where(
        Upload.organization_id == organization_id, Upload.scheduled_text_id.is_not(None)
    )
    return (await session.execute(statement)).scalar_one()


async def hold(
    session: AsyncSession, organization_id: UUID, text_id: UUID, ids: Sequence[UUID], *, expires_at: datetime
) -> None:
    """The scheduled text takes these uploads, in this order."""
    given = (
        func.unnest(uuids(ids)).table_valued(column("id", Uuid), with_ordinality="nth", name="given").render_derived()
    )
    await session.execute(
        update(Upload)
        .where(Upload.organization_id == organization_id, Upload.id == given.c.id)
        .values(scheduled_text_id=text_id, scheduled_position=given.c.nth - 1, expires_at=expires_at)
        .execution_options(**QUIET)
    )


async def free(
    session: AsyncSession, organization_id: UUID, text_id: UUID, *, owner_id: UUID, keep: timedelta
) -> list[UUID]:
    """The scheduled text's files become unsent uploads of the owner, until `keep` is over. Returns them in order."""
    held = [each.id for each in (await files_of(session, organization_id, [text_id])).get(text_id, [])]
    if held:
        await session.execute(
            update(Upload)
            .where(Upload.organization_id == organization_id, Upload.id == is_any(held))
            .values(
                scheduled_text_id=None,
                scheduled_position=None,
                owner_id=owner_id,
                expires_at=func.clock_timestamp() + keep,
            )
            .execution_options(**QUIET)
        )
    return held


async def delete_files(session: AsyncSession, organization_id: UUID, text_ids: Collection[UUID]) -> None:
    """Delete the files of these scheduled texts."""
    await session.execute(
        delete(Upload)
        .where(Upload.organization_id == organization_id, Upload.scheduled_text_id == is_any(text_ids))
        .execution_options(**QUIET)
    )
