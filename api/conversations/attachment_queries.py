"""SQL of the files of messages that are sent."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Select, Uuid, column, delete, func, insert, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from api.conversations.file_models import BroadcastFile, MessageMedia, Upload
from api.conversations.message_rules import MediaState, SentFile
from api.conversations.models import Message
from api.kit.bulk import is_any, uuids


async def lock_uploads(
    session: AsyncSession, organization_id: UUID, ids: Sequence[UUID], *, owner_id: UUID
) -> dict[UUID, Upload]:
    """The owner's uploads among these that have not expired and that no scheduled text holds, locked in the order of
    ids."""
    if not ids:
        return {}
    rows = await session.scalars(
        select(Upload)
        .where(
            Upload.organization_id == organization_id,
            Upload.id == is_any(ids),
            Upload.owner_id == owner_id,
            Upload.scheduled_text_id.is_(None),
            Upload.expires_at > func.clock_timestamp(),
        )
        .order_by(Upload.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {row.id: row for row in rows}


class StoredFile(NamedTuple):
    id: UUID
    state: str
    content_type: str | None
    size: int | None


async def files_of(session: AsyncSession, organization_id: UUID, message_id: UUID) -> list[StoredFile]:
    """The message's files, in their order."""
    rows = await session.execute(
        select(MessageMedia.id, MessageMedia.state, MessageMedia.content_type, MessageMedia.size)
        .where(MessageMedia.organization_id == organization_id, MessageMedia.message_id == message_id)
        .order_by(MessageMedia.position)
    )
    return [StoredFile(*row) for row in rows]


async def files_of_mass_text(session: AsyncSession, organization_id: UUID, message_id: UUID) -> list[StoredFile]:
    """The files of the mass text that the message belongs to, if the message still shows them."""
    rows = await session.execute(
        select(BroadcastFile.id, BroadcastFile.content_type, BroadcastFile.size)
        .join(
            Message,
            (Message.organization_id == BroadcastFile.organization_id)
            & (Message.broadcast_id == BroadcastFile.broadcast_id),
        )
        .where(Message.organization_id == organization_id, Message.id == message_id, Message.erased_at.is_(None))
        .order_by(BroadcastFile.position, BroadcastFile.id)
    )
    return [StoredFile(row[0], MediaState.KEPT, row[1], row[2]) for row in rows]


async def move_uploads(session: AsyncSession, message: Message, files: Sequence[SentFile], *, first: int) -> None:
    """Make the uploads files of the message. `first`: the position of the first one."""
    await _store(session, message, files, Upload, first=first)
    await session.execute(
        delete(Upload)
        .where(Upload.organization_id == message.organization_id, Upload.id == is_any([each.source for each in files]))
        .execution_options(synchronize_session=False)
    )


async def copy_files(session: AsyncSession, message: Message, files: Sequence[SentFile], *, first: int) -> None:
    """Give the message copies of another message's files. `first`: the position of the first one."""
    await _store(session, message, files, MessageMedia, first=first)
    await _store(session, message, files, BroadcastFile, first=first)


async def _store(
    session: AsyncSession,
    message: Message,
    files: Sequence[SentFile],
    source: type[Upload] | type[MessageMedia] | type[BroadcastFile],
    *,
    first: int,
) -> None:
    """The content never leaves the database."""
    given = (
        func.unnest(uuids(each.id for each in files), uuids(each.source for each in files))
        .table_valued(column("new_id", Uuid), column("source_id", Uuid), with_ordinality="nth", name="given")
        .render_derived()
    )
    position: ColumnElement[int] = given.c.nth.cast(Integer) + (first - 1)
    rows: Select[tuple[object, ...]] = select(
        literal(message.organization_id, Uuid),
        given.c.new_id,
        literal(message.id, Uuid),
        position,
        literal(""),
        source.content_type,
        literal("kept"),
        source.content_type,
        source.size,
        source.content,
        source.sha256,
    ).where(source.organization_id == message.organization_id, source.id == given.c.source_id)
    names = "organization_id id message_id position provider_url declared_type state content_type size content sha256"
    await session.execute(insert(MessageMedia).from_select(names.split(), rows, include_defaults=False))
