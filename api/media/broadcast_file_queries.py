"""SQL of the files of mass texts, which all messages of one show."""

from uuid import UUID

from sqlalchemy import exists, literal, or_, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from api.conversations.models import Message
from api.media.models import BroadcastFile
from api.media.queries import Kept, SentFile


async def kept(session: AsyncSession, organization_id: UUID, message_id: UUID, media_id: UUID) -> Kept | None:
    """A file of the mass text with this id, or of the one whose message this is and which still shows it."""
    shown = literal([{"id": str(media_id), "state": "kept"}], JSONB())
    of_message = exists().where(
        Message.organization_id == organization_id,
        Message.id == message_id,
        Message.broadcast_id == BroadcastFile.broadcast_id,
        Message.media.op("@>")(shown),
    )
    row = (
        await session.execute(
            select(BroadcastFile.position, BroadcastFile.content_type, BroadcastFile.sha256).where(
                BroadcastFile.organization_id == organization_id,
                BroadcastFile.id == media_id,
                or_(BroadcastFile.broadcast_id == message_id, of_message),
            )
        )
    ).one_or_none()
    return None if row is None else Kept(row[0], row[1], row[2], is_of_broadcast=True)


async def content(session: AsyncSession, organization_id: UUID, media_id: UUID) -> bytes:
    return (
        await session.scalars(
            select(BroadcastFile.content).where(
                BroadcastFile.organization_id == organization_id, BroadcastFile.id == media_id
            )
        )
    ).one()


async def sent_file(session: AsyncSession, organization_id: UUID, media_id: UUID) -> SentFile | None:
    """With its content, for the provider that fetches it."""
    row = (
        await session.execute(
            select(BroadcastFile.position, BroadcastFile.content_type, BroadcastFile.content).where(
                BroadcastFile.organization_id == organization_id, BroadcastFile.id == media_id
            )
        )
    ).one_or_none()
    return None if row is None else SentFile(row[0], row[1], row[2])
