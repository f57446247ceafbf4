"""SQL of the media slice."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Text, func, literal, literal_column, select, text, update
from sqlalchemy.dialects.postgresql import JSONB, array
from sqlalchemy.ext.asyncio import AsyncSession

from api.conversations.models import UNADOPTED_MEDIA, Message
from api.media.models import MessageMedia

WAITING = MessageMedia.state == literal_column("'waiting'")


async def organizations_with_due_media(session: AsyncSession) -> list[UUID]:
    return list(
        await session.scalars(
            select(MessageMedia.organization_id)
            .where(WAITING, MessageMedia.due_at <= func.clock_timestamp())
            .distinct()
        )
    )


async def organizations_with_unadopted_media(session: AsyncSession) -> list[UUID]:
    """Reads a partial index, which is empty except for a while after an upgrade."""
    return list(await session.scalars(select(Message.organization_id).where(text(UNADOPTED_MEDIA)).distinct()))


async def lock_unadopted(session: AsyncSession, organization_id: UUID, *, limit: int) -> Sequence[Message]:
    return (
        await session.scalars(
            select(Message)
            .where(Message.organization_id == organization_id, text(UNADOPTED_MEDIA))
            .order_by(Message.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
    ).all()


class Taken(NamedTuple):
    """A leased file."""

    id: UUID
    message_id: UUID
    position: int
    provider_url: str
    declared_type: str
    attempts: int
    """Including this one."""
    line_id: UUID


async def take_due(
    session: AsyncSession, organization_id: UUID, *, token: UUID, lease: timedelta, limit: int
) -> list[Taken]:
    """Lease due files, oldest first. A file whose lease has expired is due again."""
    due = (
        select(MessageMedia.id)
        .where(
            MessageMedia.organization_id == organization_id,
            WAITING,
            MessageMedia.due_at <= func.clock_timestamp(),
        )
        .order_by(MessageMedia.due_at, MessageMedia.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
        .prefix_with("MATERIALIZED")
    )
    rows = await session.execute(
        update(MessageMedia)
        .where(
            MessageMedia.organization_id == organization_id,
            MessageMedia.id == due.c.id,
            Message.organization_id == MessageMedia.organization_id,
            Message.id == MessageMedia.message_id,
        )
        .values(
            lease_token=token,
            attempts=MessageMedia.attempts + 1,
            due_at=func.clock_timestamp() + lease,
        )
        .returning(
            MessageMedia.id,
            MessageMedia.message_id,
            MessageMedia.position,
            MessageMedia.provider_url,
            MessageMedia.declared_type,
            MessageMedia.attempts,
            Message.line_id,
        )
        .execution_options(synchronize_session=False)
    )
    return [Taken(*row) for row in rows]


async def settle(
    session: AsyncSession, organization_id: UUID, media_id: UUID, *, token: UUID, values: Mapping[str, object]
) -> bool:
    """Write the outcome. Returns False, and writes nothing, if the lease is lost."""
    settled = await session.scalar(
        update(MessageMedia)
        .where(
            MessageMedia.organization_id == organization_id,
            MessageMedia.id == media_id,
            MessageMedia.lease_token == token,
        )
        .values(lease_token=None, **values)
        .returning(MessageMedia.id)
        .execution_options(synchronize_session=False)
    )
    return settled is not None


async def release(session: AsyncSession, organization_id: UUID, media_id: UUID, *, token: UUID) -> None:
    """Make a leased file due at once, without counting the attempt."""
    await session.execute(
        update(MessageMedia)
        .where(
            MessageMedia.organization_id == organization_id,
            MessageMedia.id == media_id,
            MessageMedia.lease_token == token,
        )
        .values(lease_token=None, due_at=func.clock_timestamp(), attempts=MessageMedia.attempts - 1)
        .execution_options(synchronize_session=False)
    )


async def show(
    session: AsyncSession, organization_id: UUID, message_id: UUID, *, position: int, shown: dict[str, Any]
) -> tuple[UUID, int]:
    """Write to the message what it shows of one file. Returns its conversation and `seq`.

    The message's other files may be written at the same time.
    """
    row = (
        await session.execute(
            update(Message)
            .where(Message.organization_id == organization_id, Message.id == message_id)
            .values(
                media=func.jsonb_set(
                    Message.media, array([str(position)], type_=Text()), literal(shown, JSONB()), False
                )
            )
            .returning(Message.conversation_id, Message.seq)
            .execution_options(synchronize_session=False)
        )
    ).one()
    return row[0], row[1]


class Kept(NamedTuple):
    position: int
    content_type: str
    sha256: bytes
    is_upload: bool = False
    """A scheduled text holds it."""
    is_of_broadcast: bool = False
    """It is a mass text's, of which all messages show it."""


async def kept(session: AsyncSession, organization_id: UUID, message_id: UUID, media_id: UUID) -> Kept | None:
    row = (
        await session.execute(
            select(MessageMedia.position, MessageMedia.content_type, MessageMedia.sha256).where(
                MessageMedia.organization_id == organization_id,
                MessageMedia.message_id == message_id,
                MessageMedia.id == media_id,
                MessageMedia.state == "kept",
            )
        )
    ).one_or_none()
    if row is None:
        return None
    assert row.content_type is not None
    assert row.sha256 is not None
    return Kept(row.position, row.content_type, row.sha256)


class SentFile(NamedTuple):
    position: int
    content_type: str
    content: bytes


async def sent_file(session: AsyncSession, organization_id: UUID, media_id: UUID) -> SentFile | None:
    """A file of an outgoing message, with its content. None for one of a received message."""
    row = (
        await session.execute(
            select(MessageMedia.position, MessageMedia.content_type, MessageMedia.content)
            .join(
                Message,
                (Message.organization_id == MessageMedia.organization_id) & (Message.id == MessageMedia.message_id),
            )
            .where(
                MessageMedia.organization_id == organization_id,
                MessageMedia.id == media_id,
                MessageMedia.state == "kept",
                Message.direction == "outbound",
            )
        )
    ).one_or_none()
    if row is None or row.content_type is None or row.content is None:
        return None
    return SentFile(row.position, row.content_type, row.content)


async def mark_fetched(session: AsyncSession, organization_id: UUID, media_id: UUID) -> tuple[UUID, int] | None:
    """Note that the provider has fetched a file. Returns its message and position, the first time; then None."""
    row = (
        await session.execute(
            update(MessageMedia)
            .where(
                MessageMedia.organization_id == organization_id,
                MessageMedia.id == media_id,
                MessageMedia.fetched_at.is_(None),
            )
            .values(fetched_at=func.now())
            .returning(MessageMedia.message_id, MessageMedia.position)
            .execution_options(synchronize_session=False)
        )
    ).one_or_none()
    return None if row is None else (row[0], row[1])


async def content(session: AsyncSession, organization_id: UUID, media_id: UUID) -> bytes:
    found: bytes | None = (
        await session.scalars(
            select(MessageMedia.content).where(
                MessageMedia.organization_id == organization_id, MessageMedia.id == media_id
            )
        )
    ).one()
    assert found is not None, "a kept file has content"
    return found
