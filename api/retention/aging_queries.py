"""SQL of retention."""

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Integer, and_, cast, func, literal, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession

from api.conversations.models import Conversation, Message, OutboxEntry
from api.kit.bulk import is_any, update_together
from api.media.models import MessageMedia
from api.media.rules import WORDS, Reason
from api.retention.models import RetentionRun

QUIET = {"synchronize_session": False}


async def run(session: AsyncSession, organization_id: UUID, *, lock: bool = False) -> RetentionRun:
    """The organization's row, made if it is missing."""
    new = insert(RetentionRun).values(organization_id=organization_id, id=organization_id, day=date.min, counts={})
    statement = select(RetentionRun).where(RetentionRun.organization_id == organization_id)
    if lock:
        statement = statement.with_for_update()
    found = await session.scalar(statement.execution_options(populate_existing=True))
    if found is None:
        await session.execute(new.on_conflict_do_nothing())
        found = (await session.execute(statement)).scalar_one()
    return found


async def count(session: AsyncSession, organization_id: UUID, name: str, number: int) -> None:
    if number:
        counted = func.coalesce(cast(RetentionRun.counts[name].astext, Integer), 0) + number
        await session.execute(
            update(RetentionRun)
            .where(RetentionRun.organization_id == organization_id)
            .values(counts=RetentionRun.counts.op("||")(func.jsonb_build_object(literal(name), counted)))
            .execution_options(**QUIET)
        )


async def set_until(session: AsyncSession, organization_id: UUID, name: str, until: datetime) -> None:
    await session.execute(
        update(RetentionRun)
        .where(RetentionRun.organization_id == organization_id)
        .values({f"{name}_until": until})
        .execution_options(**QUIET)
    )


class Aged(NamedTuple):
    id: UUID
    conversation_id: UUID
    created_at: datetime
    is_erased: bool
    has_files: bool


async def aged(
    session: AsyncSession,
    organization_id: UUID,
    *,
    before: datetime,
    since: datetime | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Aged]:
    """Texts of before then, oldest first, after this place; else since this time."""
    statement = select(
        Message.id,
        Message.conversation_id,
        Message.created_at,
        Message.erased_at.is_not(None),
        and_(
            func.jsonb_array_length(Message.media) > 0,
            ~Message.media.contains(cast(literal(json.dumps([{"reason": WORDS[Reason.ERASED]}])), JSONB)),
        ),
    ).where(Message.organization_id == organization_id, Message.created_at < before)
    if after is not None:
        statement = statement.where(tuple_(Message.created_at, Message.id) > tuple_(*after))
    elif since is not None:
        statement = statement.where(Message.created_at >= since)
    rows = await session.execute(statement.order_by(Message.created_at, Message.id).limit(limit))
    return [Aged(*row) for row in rows]


async def must_stay(session: AsyncSession, organization_id: UUID, ids: Sequence[UUID]) -> set[UUID]:
    """Those of these texts that wait to be sent, or that nobody has seen in a conversation that is not closed.

    The caller has locked their conversations.
    """
    waits = select(OutboxEntry.id).where(
        OutboxEntry.organization_id == Message.organization_id, OutboxEntry.id == Message.id
    )
    unseen = and_(Message.direction == "inbound", Message.seq > Conversation.seen_seq, Conversation.status != "closed")
    rows = await session.scalars(
        select(Message.id)
        .join(
            Conversation,
            (Conversation.organization_id == Message.organization_id) & (Conversation.id == Message.conversation_id),
        )
        .where(Message.organization_id == organization_id, Message.id == is_any(ids), or_(unseen, waits.exists()))
    )
    return set(rows)


async def empty_last_previews(session: AsyncSession, organization_id: UUID, ids: Sequence[UUID]) -> list[UUID]:
    """Empty the previews of the conversations whose last message is one of these. Returns them."""
    last = (
        select(Message.id)
        .where(
            Message.organization_id == Conversation.organization_id,
            Message.conversation_id == Conversation.id,
            Message.seq == Conversation.last_seq,
            Message.id == is_any(ids),
        )
        .exists()
    )
    of_them = select(Message.conversation_id).where(
        Message.organization_id == organization_id, Message.id == is_any(ids)
    )
    emptied = await session.scalars(
        update(Conversation)
        .where(Conversation.organization_id == organization_id, Conversation.id.in_(of_them), last)
        .values(last_message_preview=None)
        .returning(Conversation.id)
        .execution_options(**QUIET)
    )
    return list(emptied)


async def erase_files(session: AsyncSession, organization_id: UUID, ids: Sequence[UUID]) -> int:
    """Delete the content of the messages' files. What a thread shows of them says that they were erased."""
    await session.execute(
        update(MessageMedia)
        .where(MessageMedia.organization_id == organization_id, MessageMedia.message_id == is_any(ids))
        .values(
            state="refused",
            reason=Reason.ERASED.value,
            content=None,
            content_type=None,
            size=None,
            sha256=None,
            provider_url="",
            lease_token=None,
        )
        .execution_options(**QUIET)
    )
    rows = await session.execute(
        select(Message.id, Message.media).where(Message.organization_id == organization_id, Message.id == is_any(ids))
    )
    erased = [
        {
            "organization_id": organization_id,
            "id": row.id,
            "media": [
                {**each, **({"url": ""} if "url" in each else {}), "state": "refused", "reason": WORDS[Reason.ERASED]}
                for each in row.media
            ],
        }
        for row in rows
    ]
    await update_together(session, Message, erased)
    return sum(len(row["media"]) for row in erased if isinstance(row["media"], list))
